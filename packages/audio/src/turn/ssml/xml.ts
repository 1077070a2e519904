/**
 * A strict reader of small XML documents, as far as SSML needs it: elements, attributes, text, CDATA, comments and processing
 * instructions (both passed over), and the entities that XML itself defines. There is no document type, so nothing is
 * ever fetched or expanded (XML 1.0, 2.8 and 4.1).
 */

/** Longest document, in UTF-16 code units. */
export const MAX_XML_CHARS = 100_000;
/** Deepest nesting of elements. */
export const MAX_XML_DEPTH = 32;
const MAX_ATTRIBUTES = 32;

/** What is wrong with a document, for the person or program that wrote it. */
export interface XmlFault {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  readonly problem: string;
  readonly nextStep: string;
}

/** What a document is made of, in order; each opening is closed. */
export type XmlEvent =
  | { readonly type: "open"; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly type: "close"; readonly name: string }
  | { readonly type: "text"; readonly text: string };

/** The document, or why it is none. */
export type XmlResult =
  { readonly ok: true; readonly events: readonly XmlEvent[] } | { readonly ok: false; readonly fault: XmlFault };

/** Found while reading; where it is is told as an offset. */
class Fault extends Error {
  readonly at: number;
  readonly nextStep: string;

  constructor(at: number, problem: string, nextStep: string) {
    super(problem);
    this.at = at;
    this.nextStep = nextStep;
  }
}

/** Reads a whole document with one root element. */
export function readXml(text: string): XmlResult {
  try {
    if (text.length > MAX_XML_CHARS) {
      throw new Fault(
        MAX_XML_CHARS,
        `the document is longer than ${MAX_XML_CHARS} characters`,
        "Split it into several documents.",
      );
    }
    return { ok: true, events: new Reader(text).read() };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ok: false, fault: located(text, error) };
  }
}

function located(text: string, { at, message, nextStep }: Fault): XmlFault {
  const before = text.slice(0, at);
  const lineStart = Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1;
  const line = before.split(/\r\n|\r|\n/u).length;
  return { line, column: at - lineStart + 1, problem: message, nextStep };
}

const NAME = /[\p{L}_:][\p{L}\p{N}\p{M}_:.-]*/uy;
const SPACE = /[ \t\r\n]*/uy;
/** Characters that XML 1.0 does not allow at all. */
const FORBIDDEN = /[\0-\u{8}\v\f\u{e}-\u{1f}\u{fffe}\u{ffff}]/u;

class Reader {
  readonly #text: string;
  readonly #events: XmlEvent[] = [];
  readonly #open: { readonly name: string; readonly at: number }[] = [];
  #at = 0;
  #hasRoot = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): readonly XmlEvent[] {
    const forbidden = FORBIDDEN.exec(this.#text);
    if (forbidden !== null) {
      throw new Fault(forbidden.index, "a control character stands in the text", "Remove it.");
    }
    if (this.#text.startsWith("\u{feff}")) this.#at = 1;
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === "<") this.#markup();
      else this.#characters();
    }
    const open = this.#open.at(-1);
    if (open !== undefined) {
      throw new Fault(open.at, `<${open.name}> is not closed`, `Add </${open.name}> where it ends.`);
    }
    if (!this.#hasRoot)
      throw new Fault(this.#text.length, "there is no element", "Put the text into <speak>…</speak>.");
    return this.#events;
  }

  #markup(): void {
    if (this.#skips("<!--", "-->", "a comment") || this.#skips("<?", "?>", "a processing instruction")) return;
    if (this.#text.startsWith("<![CDATA[", this.#at)) {
      const start = this.#at + "<![CDATA[".length;
      const end = this.#endOf("]]>", start, "a CDATA section");
      this.#emitText(this.#text.slice(start, end), this.#at);
      this.#at = end + 3;
    } else if (this.#text.startsWith("<!", this.#at)) {
      throw new Fault(this.#at, "document types and declarations are not taken", "Remove the <!…> part.");
    } else if (this.#text.startsWith("</", this.#at)) {
      this.#closing();
    } else {
      this.#opening();
    }
  }

  #skips(from: string, to: string, what: string): boolean {
    if (!this.#text.startsWith(from, this.#at)) return false;
    this.#at = this.#endOf(to, this.#at + from.length, what) + to.length;
    return true;
  }

  #endOf(mark: string, from: number, what: string): number {
    const end = this.#text.indexOf(mark, from);
    if (end === -1) throw new Fault(this.#at, `${what} does not end`, `End it with ${mark}.`);
    return end;
  }

  #closing(): void {
    const start = this.#at;
    this.#at += 2;
    const name = this.#name();
    this.#space();
    this.#expect(">", "a closing tag ends with >");
    const open = this.#open.pop();
    if (open?.name !== name) {
      const wanted = open === undefined ? "nothing is open" : `<${open.name}> is open`;
      const nextStep = open === undefined ? `Remove </${name}>.` : `Close it first with </${open.name}>.`;
      throw new Fault(start, `</${name}> closes what is not open here: ${wanted}`, nextStep);
    }
    this.#events.push({ type: "close", name });
  }

  #opening(): void {
    const start = this.#at;
    this.#at += 1;
    const name = this.#name();
    if (this.#open.length === 0 && this.#hasRoot) {
      throw new Fault(start, `<${name}> stands behind the end of the document`, "Put everything into one <speak>.");
    }
    if (this.#open.length >= MAX_XML_DEPTH) {
      throw new Fault(start, `elements are nested deeper than ${MAX_XML_DEPTH}`, "Nest less deeply.");
    }
    this.#hasRoot = true;
    const attributes = this.#attributes();
    this.#events.push({ type: "open", name, attributes });
    if (this.#text[this.#at] === "/") {
      this.#at += 1;
      this.#events.push({ type: "close", name });
    } else {
      this.#open.push({ name, at: start });
    }
    this.#expect(">", `the tag <${name}> ends with >`);
  }

  #attributes(): ReadonlyMap<string, string> {
    const attributes = new Map<string, string>();
    for (;;) {
      const before = this.#at;
      this.#space();
      const next = this.#text[this.#at];
      if (next === ">" || next === "/" || next === undefined) return attributes;
      if (this.#at === before) throw new Fault(this.#at, "white space is missing before an attribute", "Add a space.");
      const start = this.#at;
      const name = this.#name();
      if (attributes.has(name)) throw new Fault(start, `the attribute ${name} is there twice`, "Remove one of them.");
      if (attributes.size >= MAX_ATTRIBUTES) throw new Fault(start, "too many attributes", "Use fewer.");
      this.#space();
      this.#expect("=", `the attribute ${name} has a value: ${name}="…"`);
      this.#space();
      attributes.set(name, this.#value(name));
    }
  }

  #value(name: string): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") {
      throw new Fault(this.#at, `the value of ${name} is not in quotes`, `Write ${name}="…".`);
    }
    const start = this.#at + 1;
    const end = this.#text.indexOf(quote, start);
    const less = this.#text.indexOf("<", start);
    if (end === -1 || (less !== -1 && less < end)) {
      throw new Fault(this.#at, `the value of ${name} does not end`, `Close the quotes; a < is written &lt;.`);
    }
    const value = this.#entities(this.#text.slice(start, end).replaceAll(/[\t\r\n]/gu, " "), start);
    this.#at = end + 1;
    return value;
  }

  #characters(): void {
    const start = this.#at;
    const end = this.#text.indexOf("<", start);
    this.#at = end === -1 ? this.#text.length : end;
    this.#emitText(this.#entities(this.#text.slice(start, this.#at), start), start);
  }

  #emitText(text: string, at: number): void {
    if (this.#open.length > 0) {
      this.#events.push({ type: "text", text });
      return;
    }
    const found = /[^ \t\r\n]/u.exec(text);
    if (found === null) return;
    throw new Fault(at + found.index, "text stands outside of the document", "Put it into <speak>…</speak>.");
  }

  #entities(text: string, start: number): string {
    return text.replaceAll(/&([^;&\s<]{0,12};)?/gu, (_, inside: string | undefined, at: number) => {
      const name = inside?.slice(0, -1);
      const char = name === undefined ? undefined : entity(name);
      if (char !== undefined) return char;
      const what = name === undefined ? "an & stands alone" : `there is no &${name};`;
      throw new Fault(start + at, what, "Write &amp; for &, or one of &lt; &gt; &quot; &apos; &#…;.");
    });
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined) throw new Fault(this.#at, "a name is missing", "A < that is text is written &lt;.");
    this.#at += name.length;
    return name;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #expect(char: string, rule: string): void {
    if (this.#text[this.#at] !== char) throw new Fault(this.#at, rule, `Put ${char} here.`);
    this.#at += 1;
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** One character; undefined for entities that XML does not define, and for characters that it does not allow. */
function entity(name: string): string | undefined {
  if (Object.hasOwn(NAMED, name)) return NAMED[name];
  const digits = /^#(?:x([\da-f]{1,6})|(\d{1,7}))$/iu.exec(name);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  if (code === 0 || code > 0x10_ff_ff || (code >= 0xd8_00 && code <= 0xdf_ff)) return undefined;
  const char = String.fromCodePoint(code);
  return FORBIDDEN.test(char) ? undefined : char;
}

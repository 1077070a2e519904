/**
 * Finds tool calls in what a model writes, as it writes it: `<tool>{"name": "time", "arguments": {}}</tool>`, or with `tool_call`, as
 * some models were taught. Pure. However its text is cut into pieces, what is not a call comes out in order and nothing of a call
 * does, nor of the beginning of one.
 */

/** What was found. */
export type Found =
  | { readonly type: "text"; readonly text: string }
  /** What stood between the tags. */
  | { readonly type: "call"; readonly written: string }
  /** A call that did not come to its end, or was too long. */
  | { readonly type: "broken"; readonly why: string };

/** Characters of the longest call. */
export const MAX_CALL_CHARS = 8_192;

const NAMES = ["tool", "tool_call"] as const;
const TAGS = NAMES.flatMap((name) => [`<${name}>`, `</${name}>`]);
const LONGEST_TAG = Math.max(...TAGS.map(({ length }) => length));

/** Where it is within a call: JSON's strings may hold whatever looks like a tag. */
interface OpenCall {
  readonly end: string;
  written: string;
  isInString: boolean;
  isEscaped: boolean;
}

export class CallParser {
  /** What may be the beginning of a tag. */
  #held = "";
  #call: OpenCall | undefined;

  /** What `delta` completes. */
  push(delta: string): readonly Found[] {
    const found: Found[] = [];
    let text = "";
    const flush = (): void => {
      if (text !== "") found.push({ type: "text", text });
      text = "";
    };
    for (const character of delta) {
      if (this.#call !== undefined) {
        const done = this.#within(this.#call, character);
        if (done === undefined) continue;
        flush();
        found.push(done);
        continue;
      }
      text += this.#outside(character);
    }
    flush();
    return found;
  }

  /** The model has ended. What may have become a call is not said. */
  end(): readonly Found[] {
    const isOpen = this.#call !== undefined;
    this.#call = undefined;
    this.#held = "";
    return isOpen ? [{ type: "broken", why: "the call did not come to its end" }] : [];
  }

  /** What can be said now. */
  #outside(character: string): string {
    this.#held += character;
    const tag = TAGS.find((each) => each === this.#held.toLowerCase());
    if (tag !== undefined) {
      this.#held = "";
      // An end without a beginning is nothing anybody wants to hear; what stands round it must not become a tag.
      if (tag.startsWith("</")) return " ";
      this.#call = { end: tag.replace("<", "</"), written: "", isInString: false, isEscaped: false };
      return "";
    }
    return this.#release();
  }

  /** As much of what is held as can be no beginning of a tag any more. */
  #release(): string {
    let said = "";
    while (this.#held !== "" && !beginsTag(this.#held)) {
      said += this.#held.charAt(0);
      this.#held = this.#held.slice(1);
    }
    return said;
  }

  #within(call: OpenCall, character: string): Found | undefined {
    call.written += character;
    if (call.isEscaped) call.isEscaped = false;
    else if (call.isInString && character === "\\") call.isEscaped = true;
    else if (character === '"') call.isInString = !call.isInString;
    // JSON has no string over two lines: this one was never closed.
    else if (character === "\n") call.isInString = false;
    const isOver = !call.isInString && character === ">" && call.written.toLowerCase().endsWith(call.end);
    if (isOver) {
      this.#call = undefined;
      return { type: "call", written: call.written.slice(0, -call.end.length).trim() };
    }
    if (call.written.length < MAX_CALL_CHARS) return undefined;
    this.#call = undefined;
    return { type: "broken", why: `a call has at most ${MAX_CALL_CHARS} characters` };
  }
}

function beginsTag(text: string): boolean {
  if (text.length >= LONGEST_TAG) return false;
  const small = text.toLowerCase();
  return TAGS.some((tag) => tag.startsWith(small));
}

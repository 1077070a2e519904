/**
 * SSML (W3C Speech Synthesis Markup Language 1.1, a subset) as a list of stretches to say: speak, p, s, break, emphasis, say-as,
 * prosody (rate, pitch, volume), sub, mark, voice (name, languages), and xml:lang on any element. Of other elements the content
 * is read, but for metadata and desc. A document is taken whole: half a document of a token stream has no meaning yet.
 */
import { readAloud } from "../saying/reading.ts";
import { sayAs } from "../saying/say-as.ts";
import { spokenOf } from "../saying/spoken.ts";
import type { Spoken } from "../saying/spoken.ts";
import { joinTraced, standingFor, tidySpaces, traced } from "../saying/traced.ts";
import type { Traced } from "../saying/traced.ts";
import { breakMs, emphasised, MAX_BREAK_MS, MAX_BREAKS_MS, prosody } from "./prosody.ts";
import type { Manner } from "./prosody.ts";
import { readXml } from "./xml.ts";
import type { XmlEvent, XmlFault } from "./xml.ts";

/** A stretch of text that is said in one manner. */
export interface SpeakingSegment extends Manner {
  /** Display text and what is said for it; what is said is never empty. */
  readonly spoken: Spoken;
  readonly pauseBeforeMs: number;
  readonly marks: readonly SsmlMark[];
}

/** A named place. */
export interface SsmlMark {
  readonly name: string;
  /** In UTF-16 units of the segment's written text. */
  readonly writtenAt: number;
}

/** A document that was understood. */
export interface SsmlDocument {
  /** The text without markup, for the eye: the segments' written texts joined. */
  readonly text: string;
  readonly segments: readonly SpeakingSegment[];
  readonly pauseAfterMs: number;
}

/** The document, or what is wrong with it and where. */
export type SsmlResult =
  { readonly ok: true; readonly document: SsmlDocument } | { readonly ok: false; readonly fault: XmlFault };

/** Options of {@link parseSsml}. */
export interface SsmlOptions {
  /** BCP 47 tag of the voice, where the document says none. */
  readonly language?: string | undefined;
}

/** What a paragraph and a sentence are set apart by. */
const PARAGRAPH_MS = 600;
const SENTENCE_MS = 250;

/** True for text that means to be SSML: its first element is `<speak>`. */
export function isSsml(text: string): boolean {
  return /^\s{0,1000}(?:<\?xml[^>]{0,1000}\?>\s{0,1000})?<speak[\s>/]/u.test(text);
}

/** Reads one whole document, of at most `MAX_XML_CHARS` characters and `MAX_XML_DEPTH` nested elements. */
export function parseSsml(text: string, { language }: SsmlOptions = {}): SsmlResult {
  const read = readXml(text);
  if (!read.ok) return read;
  const root = read.events[0];
  if (root?.type === "open" && root.name !== "speak") {
    const nextStep = "Put the text into <speak>…</speak>.";
    return { ok: false, fault: { line: 1, column: 1, problem: `the root is <${root.name}>, not <speak>`, nextStep } };
  }
  const builder = new Builder({ rate: 1, pitchSemitones: 0, volumeDb: 0, emphasis: "none", language, voices: [] });
  for (const event of read.events) builder.take(event);
  return { ok: true, document: builder.finish() };
}

const SILENT_ELEMENTS: ReadonlySet<string> = new Set(["metadata", "desc"]);

interface Open {
  readonly name: string;
  readonly before: Manner;
  /** What replaces the content in speech. */
  readonly says: ((content: string) => string) | undefined;
}

/** The words of a list with white space between them. */
function listed(value: string | undefined): readonly string[] {
  return (value ?? "").split(/\s+/u).filter((word) => word !== "");
}

/** Collects what is said until something changes the manner or makes a pause. */
class Builder {
  readonly #segments: SpeakingSegment[] = [];
  readonly #open: Open[] = [];
  #manner: Manner;
  #written = "";
  #said: Traced[] = [];
  #marks: SsmlMark[] = [];
  #pauseMs = 0;
  /** Of all breaks so far. */
  #breaksMs = 0;
  /** White space that sets apart what follows, for the eye. */
  #gap = "";
  #silent = 0;

  constructor(manner: Manner) {
    this.#manner = manner;
  }

  take(event: XmlEvent): void {
    if (event.type === "open") this.#opened(event.name, event.attributes);
    else if (event.type === "close") this.#closed(event.name);
    else if (this.#silent === 0) this.#text(event.text);
  }

  finish(): SsmlDocument {
    this.#flush();
    const last = this.#segments.at(-1);
    if (last !== undefined && this.#written !== "") {
      const spoken = { ...last.spoken, written: last.spoken.written + this.#written };
      this.#segments[this.#segments.length - 1] = {
        ...last,
        spoken,
        marks: [...last.marks, ...this.#shiftedMarks(last)],
      };
    }
    const text = last === undefined ? this.#written : this.#segments.map(({ spoken }) => spoken.written).join("");
    return { text, segments: this.#segments, pauseAfterMs: this.#pauseMs };
  }

  #shiftedMarks({ spoken }: SpeakingSegment): readonly SsmlMark[] {
    return this.#marks.map(({ name, writtenAt }) => ({ name, writtenAt: writtenAt + spoken.written.length }));
  }

  #opened(name: string, attributes: ReadonlyMap<string, string>): void {
    const before = this.#manner;
    this.#open.push({ name, before, says: this.#sayingOf(name, attributes) });
    if (SILENT_ELEMENTS.has(name)) this.#silent += 1;
    if (this.#silent > 0) return;
    if (name === "p" || name === "s") this.#setApart(name);
    if (name === "break") this.#pause(breakMs(attributes));
    if (name === "mark") this.#marks.push({ name: attributes.get("name") ?? "", writtenAt: this.#written.length });
    let manner = before;
    if (name === "prosody") manner = prosody(manner, attributes);
    if (name === "emphasis") manner = emphasised(manner, attributes.get("level"));
    const language =
      attributes.get("xml:lang") ?? (name === "voice" ? listed(attributes.get("languages"))[0] : undefined);
    if (language !== undefined && language !== "") manner = { ...manner, language };
    const voices = name === "voice" ? listed(attributes.get("name")) : [];
    if (voices.length > 0) manner = { ...manner, voices };
    if (manner !== before) this.#flush();
    this.#manner = manner;
  }

  #sayingOf(name: string, attributes: ReadonlyMap<string, string>): ((content: string) => string) | undefined {
    const alias = attributes.get("alias");
    if (name === "sub" && alias !== undefined) {
      // Once, even when a mark divides the content.
      let isSaid = false;
      return () => {
        const said = isSaid ? "" : alias;
        isSaid = true;
        return said;
      };
    }
    if (name !== "say-as") return undefined;
    const how = { interpretAs: attributes.get("interpret-as") ?? "", format: attributes.get("format") };
    return (content) => sayAs(content, how, this.#manner.language);
  }

  #closed(name: string): void {
    const open = this.#open.pop();
    if (SILENT_ELEMENTS.has(name)) this.#silent -= 1;
    if (open === undefined || this.#silent > 0) return;
    if (open.before !== this.#manner) this.#flush();
    this.#manner = open.before;
    if (name === "p" || name === "s") this.#setApart(name);
  }

  #text(text: string): void {
    const flat = text.replaceAll(/\s+/gu, " ");
    const isBegun = this.#segments.length > 0 || this.#written !== "";
    const isFresh = this.#gap !== "" || !isBegun || this.#endsWithSpace();
    const trimmed = isFresh ? flat.trimStart() : flat;
    if (trimmed === "") return;
    const written = (isBegun ? this.#gap : "") + trimmed;
    this.#gap = "";
    const start = this.#written.length;
    this.#written += written;
    const says = this.#open.findLast((open) => open.says !== undefined)?.says;
    this.#said.push(
      says === undefined
        ? readAloud(traced(written, start), this.#manner.language)
        : standingFor(written.replace(/\S(?:[^]*\S)?/u, says), start, this.#written.length),
    );
  }

  #endsWithSpace(): boolean {
    const before = this.#written === "" ? (this.#segments.at(-1)?.spoken.written ?? "") : this.#written;
    return /\s$/u.test(before);
  }

  #setApart(name: "p" | "s"): void {
    this.#flush();
    if (this.#segments.length === 0 && this.#written === "") return;
    if (this.#gap !== "\n") this.#gap = name === "p" ? "\n" : this.#endsWithSpace() ? "" : " ";
    this.#pauseMs = Math.max(this.#pauseMs, name === "p" ? PARAGRAPH_MS : SENTENCE_MS);
  }

  #pause(ms: number): void {
    this.#flush();
    const added = Math.min(ms, MAX_BREAK_MS - this.#pauseMs, MAX_BREAKS_MS - this.#breaksMs);
    if (added <= 0) return;
    this.#pauseMs += added;
    this.#breaksMs += added;
  }

  /** Makes a segment of what was collected; what is not said waits for the next one. */
  #flush(): void {
    const said = tidySpaces(joinTraced(this.#said));
    if (!/[\p{L}\p{N}]/u.test(said.text)) return;
    this.#segments.push({
      ...this.#manner,
      spoken: spokenOf(said, this.#written),
      pauseBeforeMs: this.#pauseMs,
      marks: this.#marks,
    });
    this.#written = "";
    this.#said = [];
    this.#marks = [];
    this.#pauseMs = 0;
  }
}

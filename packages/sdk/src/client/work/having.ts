/** What this client has of one answer, so that another peer can go on with it. */
import type { CutAnswer, SoFar } from "../../protocol/resume.ts";
import { MAX_SO_FAR_CHARS } from "../../protocol/resume.ts";

/** What comes of an answer, as far as it matters here. */
export type Came =
  | { readonly type: "text"; readonly delta: string; readonly length?: number | undefined }
  | {
      readonly type: "sentence";
      readonly index: number;
      readonly from?: number | undefined;
      readonly to?: number | undefined;
      readonly length?: number | undefined;
    }
  | { readonly type: "timing"; readonly index: number };

interface Sentence {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

export class Having {
  #text = "";
  #spoken = 0;
  #index = 0;
  #heardMs = 0;
  /** The sentence whose sound comes. */
  #open: Sentence | undefined;
  /** Of the whole answer, where the peer has said so. */
  #length: number | undefined;
  #isKnown = true;
  #soundMs = 0;
  /** Sentences and timings that came, from whatever peer. */
  #sentences = 0;
  #timings = 0;

  /** What another client had of it: all of its text, and its sound up to a sentence. */
  static of({ text, spoken, index }: Pick<CutAnswer, "text" | "spoken" | "index">): Having {
    const having = new Having();
    [having.#text, having.#spoken, having.#index] = [text, spoken, index];
    return having;
  }

  /** Length of all sound that came. */
  get soundMs(): number {
    return this.#soundMs;
  }

  /** Nothing came yet. */
  get isEmpty(): boolean {
    return this.#text === "" && this.#soundMs === 0;
  }

  /** A peer that does not say where its sentences stand cannot be followed by another; nor can an answer that is too long. */
  get canGoOn(): boolean {
    return this.#isKnown && this.#text.length <= MAX_SO_FAR_CHARS;
  }

  /** @returns whether it is new: a sentence that was cut is told again by the next peer */
  take(event: Came): boolean {
    if (event.type === "text") {
      this.#text += event.delta;
      // Another peer has gone on behind it.
      if (this.#text.length > (this.#length ?? Infinity)) this.#length = undefined;
      this.#length = event.length ?? this.#length;
      // That there is no more is nothing to read.
      return event.delta !== "";
    }
    if (event.type === "sentence") {
      this.#begins(event);
      this.#length = event.length ?? this.#length;
      const isNew = event.index >= this.#sentences;
      this.#sentences = Math.max(this.#sentences, event.index + 1);
      return isNew;
    }
    this.#ends(event.index);
    const isNew = event.index >= this.#timings;
    this.#timings = Math.max(this.#timings, event.index + 1);
    return isNew;
  }

  /** `ms` of sound came. */
  sound(ms: number): void {
    this.#soundMs += ms;
    if (this.#open !== undefined) this.#heardMs += ms;
  }

  /** The peer is gone: what comes next is another's. */
  cut(): void {
    this.#open = undefined;
  }

  /** There is no telling how much sound came. */
  lostCount(): void {
    this.#isKnown = false;
  }

  /** For the next peer. */
  soFar(question: string | undefined): SoFar {
    const [text, spoken, index, heardMs] = [this.#text, this.#spoken, this.#index, this.#heardMs];
    const length = this.#length === undefined ? {} : { length: this.#length };
    return { ...(question === undefined ? {} : { question }), text, spoken, index, heardMs, ...length };
  }

  #begins({ index, from, to }: Extract<Came, { type: "sentence" }>): void {
    if (from === undefined || to === undefined) {
      this.#isKnown = false;
      return;
    }
    // One that was cut comes again, without the sound that is here.
    if (index !== this.#index) this.#heardMs = 0;
    this.#open = { index, from, to };
    [this.#spoken, this.#index] = [from, index];
  }

  #ends(index: number): void {
    const open = this.#open;
    if (open?.index !== index) return;
    [this.#spoken, this.#index, this.#heardMs] = [open.to, index + 1, 0];
    this.#open = undefined;
  }
}

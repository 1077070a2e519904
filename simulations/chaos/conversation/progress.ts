/** How far a turn has got, as its client sees it: for faults that are to come in the midst of something. */
import type { Moment } from "./schedule.ts";

export type Point = "waiting" | "utterance" | "thinking" | "sentence" | "between" | "over";

/** What is told of a turn, whatever kind it is. */
export type Told =
  | { readonly type: "utterance"; readonly share: number }
  | { readonly type: "asked" }
  | { readonly type: "text"; readonly delta: string }
  | { readonly type: "sentence" }
  | { readonly type: "sound"; readonly ms: number }
  | { readonly type: "sentence-end" }
  | { readonly type: "over" };

/** Between a question and the end of thinking, with these engines. */
const THINKING_MS = 450;

export class Progress {
  #point: Point = "waiting";
  #heardMs = 0;
  #sentences = 0;
  readonly #waiting = new Set<() => void>();

  get point(): Point {
    return this.#point;
  }

  tell(told: Told): void {
    this.#point = this.#next(told);
    for (const look of this.#waiting) look();
  }

  /**
   * Fulfilled in the midst of `moment`; false when the turn ended before.
   * @param hasTool whether a tool runs for it now
   */
  async until(moment: Moment, share: number, hasTool: () => boolean): Promise<boolean> {
    if (moment === "mid-tool") return this.#look(() => hasTool(), 5);
    if (moment === "mid-utterance") return this.#look(() => this.#point === "utterance" && this.#share >= share);
    if (moment === "mid-sentence") {
      // In the first sentence, or a later one.
      const [sentence, ms] = share < 0.5 ? [1, 2_000 * share] : [2, 1_200 * (share - 0.5)];
      return this.#look(() => this.#point === "sentence" && this.#sentences >= sentence && this.#heardMs >= ms);
    }
    const asked = await this.#look(() => this.#point === "thinking");
    if (asked) await new Promise((resolve) => setTimeout(resolve, THINKING_MS * share));
    return asked;
  }

  #share = 0;

  #next(told: Told): Point {
    switch (told.type) {
      case "utterance":
        this.#share = told.share;
        return told.share < 1 && (this.#point === "waiting" || this.#point === "utterance") ? "utterance" : this.#point;
      case "asked":
        return this.#point === "sentence" ? this.#point : "thinking";
      case "text":
        return this.#point;
      case "sentence":
        this.#sentences += 1;
        this.#heardMs = 0;
        return "sentence";
      case "sound":
        this.#heardMs += told.ms;
        return this.#point;
      case "sentence-end":
        return "between";
      case "over":
        return "over";
    }
  }

  /** @param everyMs how often it is looked also when nothing is told */
  async #look(holds: () => boolean, everyMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        const isOver = this.#point === "over";
        if (!isOver && !holds()) return;
        clearInterval(timer);
        this.#waiting.delete(look);
        resolve(!isOver);
      };
      const timer = everyMs === undefined ? undefined : setInterval(look, everyMs);
      this.#waiting.add(look);
      look();
    });
  }
}

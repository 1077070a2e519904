/** What of a recorded conversation was not answered: a script is to learn of it by the exit code. */
import { ParleyError, type ConversationEvent, type TalkEvent } from "@parley/sdk";

type Failure = Extract<TalkEvent, { type: "problem" }>["error"];

const UNKNOWN: Failure = {
  code: "internal",
  message: "it gave no reason",
  nextStep: "Look at the peer's log; this is a defect worth reporting.",
};

/** Counts the turns that failed. */
export class Unanswered {
  readonly #problems = new Map<number, Failure>();
  #first: Failure | undefined;
  #failed = 0;
  #asked = 0;

  see(event: ConversationEvent): void {
    if (event.type === "problem") this.#problems.set(event.turn, event.error);
    if (event.type !== "turn") return;
    const problem = this.#problems.get(event.turn);
    this.#problems.delete(event.turn);
    if (event.outcome === "unheard" || event.outcome === "yielded") return;
    this.#asked += 1;
    if (event.outcome !== "failed") return;
    this.#failed += 1;
    this.#first ??= problem ?? UNKNOWN;
  }

  /** @throws ParleyError `work-failed` with the peer's code of the first turn that failed. */
  check(): void {
    if (this.#first === undefined) return;
    const { code, message, nextStep } = this.#first;
    const how = this.#asked === 1 ? "the question was not answered" : `${this.#failed} of ${this.#asked} turns failed`;
    throw new ParleyError("work-failed", `${how}: ${message}`, { nextStep, remoteCode: code });
  }
}

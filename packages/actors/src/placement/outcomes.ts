/** What became of messages that may come again. Pure. */
import type { ActorError } from "../errors.ts";

/**
 * What became of a message. `moved`: it was not handled, and its owner has changed or is about to; `again`: it was not handled,
 * as one before it did not arrive.
 */
export type Outcome =
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly error: ActorError }
  | { readonly type: "moved" }
  | { readonly type: "again" };

const DONE: Outcome = { type: "done" };

export class Outcomes<Again> {
  readonly #capacity: number;
  /** The latest, and those before: as a whole generation is forgotten at once, forgetting costs nothing. */
  #young = new Map<string, Outcome>();
  #old = new Map<string, Outcome>();
  /** Those who have sent again what is not settled. */
  readonly #underWay = new Map<string, Again[]>();

  /** @param capacity so many, the latest, are remembered at least, and twice as many at most */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A message has come: gives its outcome when it was here before; undefined when it is new and now under way. */
  take(id: string, again: Again): Outcome | "under-way" | undefined {
    const settled = this.#young.get(id) ?? this.#old.get(id);
    if (settled !== undefined) return settled;
    const waiting = this.#underWay.get(id);
    if (waiting === undefined) {
      this.#underWay.set(id, []);
      return undefined;
    }
    // Only the latest sender still listens, so this stays short.
    waiting.splice(0, waiting.length, again);
    return "under-way";
  }

  /**
   * Gives those who wait for it too. What moves or is to come again is not remembered. What failed is: its sender was told so,
   * or hears it now, and a copy that comes late would be out of order.
   */
  settle(id: string, outcome: Outcome): readonly Again[] {
    const waiting = this.#underWay.get(id) ?? [];
    this.#underWay.delete(id);
    if (outcome.type === "moved" || outcome.type === "again") return waiting;
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(ownText(id), outcome.type === "done" ? DONE : outcome);
    return waiting;
  }
}

/** A text that was read from a message is cut from a longer one, and keeps all of that in memory: this one does not. */
function ownText(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}

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

export class Outcomes<Again> {
  readonly #capacity: number;
  /** Oldest first. */
  readonly #settled = new Map<string, Outcome>();
  /** Those who have sent again what is not settled. */
  readonly #underWay = new Map<string, Again[]>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A message has come: gives its outcome when it was here before; undefined when it is new and now under way. */
  take(id: string, again: Again): Outcome | "under-way" | undefined {
    const settled = this.#settled.get(id);
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

  /** Gives those who wait for it too. What was not handled is not remembered: it is to come again. */
  settle(id: string, outcome: Outcome): readonly Again[] {
    const waiting = this.#underWay.get(id) ?? [];
    this.#underWay.delete(id);
    if (outcome.type !== "done") return waiting;
    this.#settled.set(id, outcome);
    for (const oldest of this.#settled.keys()) {
      if (this.#settled.size <= this.#capacity) break;
      this.#settled.delete(oldest);
    }
    return waiting;
  }
}

/** Which heartbeats of a leader were answered; `lease.ts` says what follows from that. */
import type { NodeId } from "./types.ts";

/** What the answers to one leader's heartbeats entitle it to, for as long as it leads. */
export class Lease {
  readonly #answered = new Map<NodeId, number>();
  #isOver = false;

  /** `id` has promised for a heartbeat that was sent at `stamp`. Answers may come in any order. */
  answered(id: NodeId, stamp: number): void {
    this.#answered.set(id, Math.max(stamp, this.newest(id)));
  }

  /** The newest stamp that `id` has answered; 0 when there is none. */
  newest(id: NodeId): number {
    return this.#answered.get(id) ?? 0;
  }

  /** For good. */
  end(): void {
    this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }
}

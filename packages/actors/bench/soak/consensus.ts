/** The ports of placement, over the channel to the parent. */
import {
  ActorError,
  emptyPlacement,
  type Leadership,
  type LeadershipNow,
  type Members,
  type PlacementTable,
  type PlacementTableState,
} from "../../src/index.ts";
import type { Order, Said } from "./protocol.ts";

export class ConsensusOfParent {
  readonly table: PlacementTable;
  readonly leadership: Leadership;
  readonly members: Members;
  readonly #say: (said: Said) => void;
  readonly #proposals = new Map<number, (refusal: ActorError | undefined) => void>();
  readonly #onLeadership = new Set<() => void>();
  readonly #onTable = new Set<() => void>();
  #leader: LeadershipNow = { leader: undefined, term: 0 };
  #state: PlacementTableState;
  #lastId = 0;

  constructor(peers: readonly string[], shards: number, say: (said: Said) => void) {
    this.#say = say;
    this.#state = emptyPlacement(shards);
    this.members = { current: () => peers, watch: () => () => undefined };
    this.leadership = { current: () => this.#leader, watch: (changed) => subscribe(this.#onLeadership, changed) };
    this.table = {
      read: () => this.#state,
      propose: (change, { signal }) => this.#propose(change, signal),
      watch: (changed) => subscribe(this.#onTable, changed),
    };
  }

  take(order: Order): void {
    if (order.type === "leadership") {
      this.#leader = { leader: order.leader, term: order.term };
      for (const changed of this.#onLeadership) changed();
    }
    if (order.type === "table" || order.type === "proposed") {
      this.#state = order.table;
      for (const changed of this.#onTable) changed();
    }
    if (order.type === "proposed") {
      const { id, refusal } = order;
      this.#proposals.get(id)?.(refusal === undefined ? undefined : new ActorError("stale-epoch", refusal));
    }
  }

  #propose(change: Parameters<PlacementTable["propose"]>[0], signal: AbortSignal): Promise<ActorError | undefined> {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const cancelled = (): void => {
        this.#proposals.delete(id);
        reject(new ActorError("cancelled", "nobody waits for the change any more"));
      };
      if (signal.aborted) return cancelled();
      signal.addEventListener("abort", cancelled, { once: true });
      this.#proposals.set(id, (refusal) => {
        this.#proposals.delete(id);
        signal.removeEventListener("abort", cancelled);
        resolve(refusal);
      });
      this.#say({ type: "propose", id, change });
    });
  }
}

function subscribe(all: Set<() => void>, changed: () => void): () => void {
  const own = (): void => changed();
  all.add(own);
  return () => all.delete(own);
}

/** The ports of placement in a child: what it was told last, and calls that the test's process answers. */
import {
  ActorError,
  type EntityMemory,
  isActorError,
  type Leadership,
  type LeadershipNow,
  type PlacementTable,
  type PlacementTableState,
} from "../../../src/index.ts";
import { type Beginning, type Call, type Effect, type Outcome, type ToChild, type ToParent, valueOf } from "./talk.ts";

export class FarPorts {
  readonly #tell: (what: ToParent) => void;
  readonly #calls = new Map<number, (outcome: Outcome) => void>();
  readonly #onLeadership = new Set<() => void>();
  readonly #onTable = new Set<() => void>();
  #leadership: LeadershipNow;
  #table: PlacementTableState;
  #ids = 0;

  constructor({ leadership, table }: Beginning, tell: (what: ToParent) => void) {
    this.#leadership = leadership;
    this.#table = table;
    this.#tell = tell;
  }

  readonly leadership: Leadership = {
    current: () => this.#leadership,
    watch: (changed) => subscribe(this.#onLeadership, changed),
  };

  readonly table: PlacementTable = {
    read: () => this.#table,
    watch: (changed) => subscribe(this.#onTable, changed),
    propose: async (change, { signal }) => {
      try {
        await this.#call({ type: "propose", change }, signal);
        return undefined;
      } catch (error) {
        if (isActorError(error, "stale-term", "stale-epoch", "bad-message")) return error;
        throw error;
      }
    },
  };

  readonly memory: EntityMemory = {
    load: async (stamp, { signal }) => (await this.#call({ type: "load", stamp }, signal)) as readonly string[],
    add: async (stamp, entity, { signal }) => void (await this.#call({ type: "add", stamp, entity }, signal)),
    remove: async (stamp, entity, { signal }) => void (await this.#call({ type: "remove", stamp, entity }, signal)),
  };

  /** Rejects with ActorError `stale-epoch` or `stale-term` when the sink does not take it. */
  async write(effect: Effect, signal: AbortSignal): Promise<void> {
    await this.#call({ type: "write", effect }, signal);
  }

  async note(n: number, by: string, signal: AbortSignal): Promise<void> {
    await this.#call({ type: "note", n, by }, signal);
  }

  heard(news: ToChild): void {
    if (news.type === "leadership") {
      this.#leadership = news.leadership;
      for (const changed of this.#onLeadership) changed();
    } else if (news.type === "table") {
      this.#table = news.table;
      for (const changed of this.#onTable) changed();
    } else if (news.type === "called") {
      this.#calls.get(news.id)?.(news.outcome);
    }
  }

  async #call(call: Call, signal: AbortSignal): Promise<unknown> {
    this.#ids += 1;
    const id = this.#ids;
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const cancelled = (): void => reject(new ActorError("cancelled", "nobody waits for it any more"));
    if (signal.aborted) cancelled();
    signal.addEventListener("abort", cancelled, { once: true });
    this.#calls.set(id, resolve);
    this.#tell({ type: "call", id, call });
    try {
      return valueOf(await promise);
    } finally {
      this.#calls.delete(id);
      signal.removeEventListener("abort", cancelled);
    }
  }
}

function subscribe(all: Set<() => void>, changed: () => void): () => void {
  all.add(changed);
  return () => all.delete(changed);
}

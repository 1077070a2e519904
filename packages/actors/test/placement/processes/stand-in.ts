/**
 * A stand-in for consensus: the test's process keeps the one truth, and tells the children over their pipes. So there is no
 * agreement here, only what agreement looks like from outside: late news, and none for who is cut off.
 */
import { ActorError, type LeadershipNow, type PlacementTableState, systemClock } from "../../../src/index.ts";
import { MemoryEntities, MemoryPlacement } from "../../../src/testing/index.ts";
import { Sink } from "./sink.ts";
import type { Call, ToChild } from "./talk.ts";

const SHARDS = 9;

/** What it gives to one life of a child. */
export interface Served {
  readonly now: () => { readonly leadership: LeadershipNow; readonly table: PlacementTableState };
  /** As the port it is for. */
  readonly call: (call: Call) => Promise<unknown>;
  readonly end: () => void;
}

export class ConsensusStandIn {
  readonly placement: MemoryPlacement;
  readonly sink = new Sink();
  /** By the scribes, in order. */
  readonly notes: { readonly n: number; readonly by: string }[] = [];
  readonly #memory = new MemoryEntities();
  readonly #known = new Set<string>();

  constructor(peers: readonly string[]) {
    this.placement = new MemoryPlacement({ clock: systemClock(), members: peers, shards: SHARDS });
  }

  /** Hosts by shard. */
  owners(): readonly (string | undefined)[] {
    return this.placement.table.rows.map(({ owner }) => owner?.replace(/^parley:\/\/(\w+)\/.*/, "$1"));
  }

  serve(peer: string, tell: (news: ToChild) => void): Served {
    if (this.#known.has(peer)) this.placement.restart(peer);
    this.#known.add(peer);
    const leadership = this.placement.leadershipOf(peer);
    const table = this.placement.tableOf(peer);
    const ends = [
      leadership.watch(() => tell({ type: "leadership", leadership: leadership.current() })),
      table.watch(() => tell({ type: "table", table: table.read() })),
    ];
    const over = new AbortController();
    return {
      now: () => ({ leadership: leadership.current(), table: table.read() }),
      call: async (call) => {
        if (call.type !== "propose") return this.#keep(call);
        const refusal = await table.propose(call.change, { signal: over.signal });
        if (refusal !== undefined) throw refusal;
        return undefined;
      },
      end: () => {
        for (const end of ends) end();
        over.abort();
      },
    };
  }

  async #keep(call: Exclude<Call, { readonly type: "propose" }>): Promise<unknown> {
    switch (call.type) {
      case "load":
        return this.#memory.load(call.stamp);
      case "add":
        return this.#memory.add(call.stamp, call.entity);
      case "remove":
        return this.#memory.remove(call.stamp, call.entity);
      case "note":
        return this.notes.push({ n: call.n, by: call.by });
      case "write": {
        const refusal = this.sink.write(call.effect);
        if (refusal instanceof ActorError) throw refusal;
        return undefined;
      }
    }
  }
}

/** The ports of placement for tests: what consensus would say, in memory and in virtual time. */
import type { Clock } from "../../core/ports.ts";
import { ActorError } from "../../errors.ts";
import type { Stamp } from "../../placement/fence.ts";
import { Fence } from "../../placement/fence.ts";
import type { EntityMemory, Leadership, LeadershipNow, Members, PlacementTable } from "../../placement/ports.ts";
import {
  applyPlacement,
  emptyPlacement,
  type PlacementChange,
  type PlacementTableState,
} from "../../placement/table.ts";

export interface MemoryPlacementOptions {
  readonly clock: Clock;
  readonly members: readonly string[];
  readonly shards: number;
  /** How long it takes until a host hears of a change, or a change is made; drawn anew each time. Default: 1. */
  readonly delayMs?: () => number;
}

/** What one host knows. */
interface View {
  readonly peer: string;
  /** What it led up to this term, it led in a former life. */
  readonly bornInTerm: number;
  isCutOff: boolean;
  leadership: LeadershipNow;
  table: PlacementTableState;
  readonly onLeadership: Set<() => void>;
  readonly onTable: Set<() => void>;
}

/** One leadership and one table, which hosts know sooner or later; a host that is cut off hears nothing and changes nothing. */
export class MemoryPlacement {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #views: Map<string, View>;
  #leadership: LeadershipNow = { leader: undefined, term: 0 };
  #table: PlacementTableState;

  constructor({ clock, members, shards, delayMs = () => 1 }: MemoryPlacementOptions) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#table = emptyPlacement(shards);
    this.#views = new Map(members.map((peer) => [peer, this.#newView(peer)]));
  }

  /** As it is for who knows everything. */
  get table(): PlacementTableState {
    return this.#table;
  }

  get term(): number {
    return this.#leadership.term;
  }

  /** Somebody else leads from now on, in the next term. */
  elect(leader: string | undefined): void {
    this.#leadership = { leader, term: this.#leadership.term + 1 };
    for (const view of this.#views.values()) this.#spread(view);
  }

  cutOff(peer: string): void {
    this.#view(peer).isCutOff = true;
  }

  /** It hears what it has missed. */
  reconnect(peer: string): void {
    const view = this.#view(peer);
    view.isCutOff = false;
    this.#spread(view);
  }

  /** It lives anew: it leads in no term that was won before, and the ports of its former life hear nothing any more. */
  restart(peer: string): void {
    this.cutOff(peer);
    this.#views.set(peer, this.#newView(peer));
  }

  /** For the life that `peer` is in. */
  leadershipOf(peer: string): Leadership {
    const view = this.#view(peer);
    const { bornInTerm } = view;
    return {
      current: () => {
        const { leader, term } = view.leadership;
        return { leader: leader === peer && term <= bornInTerm ? undefined : leader, term };
      },
      watch: (changed) => subscribe(view.onLeadership, changed),
    };
  }

  tableOf(peer: string): PlacementTable {
    const view = this.#view(peer);
    return {
      read: () => view.table,
      propose: (change, { signal }) => this.#propose(view, change, signal),
      watch: (changed) => subscribe(view.onTable, changed),
    };
  }

  members(): Members {
    const all = [...this.#views.keys()];
    return { current: () => all, watch: () => () => undefined };
  }

  #propose(view: View, change: PlacementChange, signal: AbortSignal): Promise<ActorError | undefined> {
    return new Promise((resolve, reject) => {
      const cancelled = (): void => reject(new ActorError("cancelled", "nobody waits for the change any more"));
      if (signal.aborted) return cancelled();
      signal.addEventListener("abort", cancelled, { once: true });
      this.#clock.after(this.#delayMs(), () => {
        // Without a majority a proposal is neither taken nor refused.
        if (view.isCutOff) return;
        const changed = applyPlacement(this.#table, change);
        if (!(changed instanceof ActorError)) {
          this.#table = changed;
          for (const each of this.#views.values()) this.#spread(each);
        }
        this.#clock.after(this.#delayMs(), () => {
          signal.removeEventListener("abort", cancelled);
          if (view.isCutOff) return;
          this.#hear(view, this.#leadership, this.#table);
          resolve(changed instanceof ActorError ? changed : undefined);
        });
      });
    });
  }

  #spread(view: View): void {
    const [leadership, table] = [this.#leadership, this.#table];
    this.#clock.after(this.#delayMs(), () => this.#hear(view, leadership, table));
  }

  /** What is older than what it knows is no news. */
  #hear(view: View, leadership: LeadershipNow, table: PlacementTableState): void {
    if (view.isCutOff) return;
    if (leadership.term > view.leadership.term) {
      view.leadership = leadership;
      for (const changed of view.onLeadership) changed();
    }
    if (sumOfEpochs(table) > sumOfEpochs(view.table)) {
      view.table = table;
      for (const changed of view.onTable) changed();
    }
  }

  #newView(peer: string): View {
    const [leadership, table] = [this.#leadership, this.#table];
    const bornInTerm = leadership.term;
    return { peer, bornInTerm, isCutOff: false, leadership, table, onLeadership: new Set(), onTable: new Set() };
  }

  #view(peer: string): View {
    const view = this.#views.get(peer);
    if (view === undefined) throw new ActorError("bad-option", `${peer} is no member`);
    return view;
  }
}

/** Remembers entities behind a fence. */
export class MemoryEntities implements EntityMemory {
  readonly #fence = new Fence();
  readonly #shards = new Map<string, Set<string>>();

  load(stamp: Stamp): Promise<readonly string[]> {
    return this.#admitted(stamp, (entities) => [...entities]);
  }

  add(stamp: Stamp, entity: string): Promise<void> {
    return this.#admitted(stamp, (entities) => void entities.add(entity));
  }

  remove(stamp: Stamp, entity: string): Promise<void> {
    return this.#admitted(stamp, (entities) => void entities.delete(entity));
  }

  #admitted<Result>(stamp: Stamp, then: (entities: Set<string>) => Result): Promise<Result> {
    const refusal = this.#fence.admit(stamp);
    if (refusal !== undefined) return Promise.reject(refusal);
    const entities = this.#shards.get(stamp.scope) ?? new Set();
    this.#shards.set(stamp.scope, entities);
    return Promise.resolve(then(entities));
  }
}

function subscribe(all: Set<() => void>, changed: () => void): () => void {
  const own = (): void => changed();
  all.add(own);
  return () => all.delete(own);
}

/** Every change makes one greater by one. */
function sumOfEpochs({ rows }: PlacementTableState): number {
  return rows.reduce((sum, { epoch }) => sum + epoch, 0);
}

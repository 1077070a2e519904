/** What a cluster would agree on, in simulated time: one order for all, seen by each peer a little later, and only with a quorum. */
import type { Clock } from "@parley/actors";
import type { PairCondition, Pairs, PairWrite, WrittenPair } from "../../../src/cluster/pairs/port.ts";
import { PeerError } from "../../../src/errors.ts";

interface Change {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** One order of changes. */
export class Agreement {
  readonly clock: Clock;
  readonly random: () => number;
  readonly #log: Change[] = [];
  readonly #now = new Map<string, WrittenPair>();
  readonly #views: View[] = [];

  constructor(clock: Clock, random: () => number) {
    this.clock = clock;
    this.random = random;
  }

  /** As a peer sees it, from the beginning on. */
  view(): View {
    const view = new View(this);
    this.#views.push(view);
    for (const change of this.#log) view.apply(change);
    return view;
  }

  /** All that is agreed on. */
  get keys(): readonly string[] {
    return [...this.#now.keys()];
  }

  /** … and is a message that waits. */
  get mail(): readonly string[] {
    return this.keys.filter((key) => key.startsWith("parley/mail/"));
  }

  /** As many as there are changes. */
  get revision(): number {
    return this.#log.length;
  }

  commit(change: Change, condition: PairCondition, own: View): PairWrite {
    const before = this.#now.get(change.key)?.revision ?? 0;
    if (condition.revision !== undefined && condition.revision !== before) {
      return { outcome: "conflict", detail: `it has revision ${before}` };
    }
    this.#log.push(change);
    const revision = this.revision;
    if (change.value === undefined) this.#now.delete(change.key);
    else this.#now.set(change.key, { value: change.value, revision });
    for (const view of this.#views) {
      if (view === own) view.catchUp(this.#log);
      else this.clock.after(this.random() * 200, () => view.catchUp(this.#log));
    }
    return { outcome: "written", revision: change.value === undefined ? 0 : revision };
  }

  /** Lets a view see everything. */
  settle(view: View): void {
    view.catchUp(this.#log);
  }
}

export class View implements Pairs {
  readonly #agreement: Agreement;
  readonly #pairs = new Map<string, WrittenPair>();
  readonly #watchers = new Set<() => void>();
  #applied = 0;
  /** Whether the peer belongs to a majority. */
  hasQuorum = true;
  /** How long it takes until it is clear that it does not. */
  hopesMs = 0;

  constructor(agreement: Agreement) {
    this.#agreement = agreement;
  }

  get(key: string): WrittenPair | undefined {
    return this.#pairs.get(key);
  }

  range(prefix: string): Iterable<readonly [string, WrittenPair]> {
    return [...this.#pairs].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  put(key: string, value: Uint8Array, condition: PairCondition = {}): Promise<PairWrite> {
    return this.#commit({ key, value }, condition);
  }

  delete(key: string, condition: PairCondition = {}): Promise<PairWrite> {
    return this.#commit({ key, value: undefined }, condition);
  }

  watch(_prefix: string, changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  apply({ key, value }: Change): void {
    this.#applied += 1;
    if (value === undefined) this.#pairs.delete(key);
    else this.#pairs.set(key, { value, revision: this.#applied });
    for (const changed of this.#watchers) this.#agreement.clock.soon(changed);
  }

  catchUp(log: readonly Change[]): void {
    if (!this.hasQuorum) return;
    for (const change of log.slice(this.#applied)) this.apply(change);
  }

  async #commit(change: Change, condition: PairCondition): Promise<PairWrite> {
    const { clock, random } = this.#agreement;
    await new Promise<void>((resolve) => clock.after(1 + random() * 10, resolve));
    if (!this.hasQuorum) await new Promise<void>((resolve) => clock.after(this.hopesMs, resolve));
    if (!this.hasQuorum) throw new PeerError("no-quorum", "nobody is prime", { nextStep: "Wait." });
    const written = this.#agreement.commit(change, condition, this);
    // Also who was refused has seen what refused it.
    this.#agreement.settle(this);
    return written;
  }
}

/** Who leads and who owns what, as consensus would say: every host hears of it late, and one that is cut off does not. */
import type { Clock, Leadership, PlacementTable, PlacementTableState } from "@parley/actors";
import type { MemoryPlacement } from "@parley/actors/testing";
import type { Random } from "../kit/random.ts";
import type { Happening } from "./chronicle.ts";
import type { RunHere } from "./clock.ts";
import type { Library } from "./library.ts";
import { Membership } from "./placement/membership.ts";

export const SHARDS = 6;
const LATE_MS = 3_000;

export class Consensus {
  readonly membership: Membership;
  readonly #placement: MemoryPlacement;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #isTroubled: () => boolean;
  /** Leaders by term, and regions by shard and epoch, for ever. */
  readonly #leaders = new Map<number, string>();
  readonly #regions = new Map<string, string>();
  #recorded: PlacementTableState;
  readonly #news: Happening[] = [];
  /** How many causes keep a host from hearing. */
  readonly #cutOff = new Map<string, number>();

  /** @param isTroubled whether changes of the table may take long, so that others lead when they are made */
  constructor(library: Library, clock: Clock, members: readonly string[], random: Random, isTroubled: () => boolean) {
    this.#clock = clock;
    this.#random = random.fork("late");
    this.#isTroubled = isTroubled;
    const delayMs = (): number => random.oneOf(1, 5, 50) * random.next();
    this.#placement = new library.testing.MemoryPlacement({ clock, members, shards: SHARDS, delayMs });
    this.#recorded = this.#placement.table;
    this.membership = new Membership(clock, members, delayMs, (host) => this.isCutOff(host));
  }

  elect(leader: string | undefined): void {
    this.#placement.elect(leader);
    if (leader !== undefined) this.#leaders.set(this.#placement.term, leader);
  }

  get leader(): string | undefined {
    return this.#leaders.get(this.#placement.term);
  }

  cutOff(host: string): void {
    this.#cutOff.set(host, (this.#cutOff.get(host) ?? 0) + 1);
    this.#placement.cutOff(host);
  }

  isCutOff(host: string): boolean {
    return this.#cutOff.has(host);
  }

  reconnect(host: string): void {
    const causes = (this.#cutOff.get(host) ?? 0) - 1;
    if (causes > 0) this.#cutOff.set(host, causes);
    else if (this.#cutOff.has(host)) this.#hearAgain(host);
  }

  heal(): void {
    for (const host of this.#cutOff.keys()) this.#hearAgain(host);
    this.membership.joinAll();
  }

  #hearAgain(host: string): void {
    this.#cutOff.delete(host);
    this.#placement.reconnect(host);
    this.membership.reconnected(host);
  }

  /** Writes down what the table says, after each event. */
  record(): void {
    const { table } = this.#placement;
    const before = this.#recorded;
    if (table === before) return;
    this.#recorded = table;
    this.#news.push({ type: "table", before, after: table });
    for (const [shard, { epoch, owner = "" }] of table.rows.entries()) {
      // The first counts: nobody else may ever have the same.
      const name = `${shard}/${epoch}`;
      if (!this.#regions.has(name)) this.#regions.set(name, owner);
    }
  }

  /** What the table has become since this was asked for last. */
  news(): readonly Happening[] {
    this.record();
    return this.#news.splice(0);
  }

  get rows(): PlacementTableState["rows"] {
    return this.#placement.table.rows;
  }

  leaderIn(term: number): string | undefined {
    return this.#leaders.get(term);
  }

  /** Address of the region that owns the shard in this epoch. */
  ownerIn(shard: number, epoch: number): string | undefined {
    this.record();
    return this.#regions.get(`${shard}/${epoch}`);
  }

  epochOf(shard: number): number {
    return this.#placement.table.rows[shard]?.epoch ?? 0;
  }

  get term(): number {
    return this.#placement.term;
  }

  /** For one life of `host`. What an earlier one led, it leads no more: a term is of one life, as in Raft. */
  leadershipOf(host: string, run: RunHere): Leadership {
    const inner = this.#placement.leadershipOf(host);
    const bornIn = this.term;
    return {
      current: () => {
        const now = inner.current();
        return now.leader === host && now.term <= bornIn ? { leader: undefined, term: now.term } : now;
      },
      watch: (changed) => inner.watch(() => run(changed)),
    };
  }

  tableOf(host: string, run: RunHere): PlacementTable {
    const inner = this.#placement.tableOf(host);
    return {
      read: () => inner.read(),
      watch: (changed) => inner.watch(() => run(changed)),
      propose: (change, options) =>
        new Promise((resolve, reject) => {
          const failed = (error: Error): void => run(() => reject(error));
          // Whoever hands it on may try for long, while others lead.
          const lateMs = this.#isTroubled() && this.#random.chance(0.3) ? LATE_MS * this.#random.next() : 0;
          this.#clock.after(lateMs, () => {
            inner.propose(change, options).then((refusal) => run(() => resolve(refusal)), failed);
          });
        }),
    };
  }
}

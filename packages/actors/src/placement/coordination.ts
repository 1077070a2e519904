/**
 * What the coordinator of one kind of entities decides. Pure. It knows the regions that have come forward, and the table; it
 * lets a shard's owner finish before the table gives the shard to another, as long as the owner can be reached.
 */
import type { ActorError } from "../errors.ts";
import { allocate } from "./allocation.ts";
import type { PlacementTableState } from "./table.ts";

export interface CoordinationLimits {
  /** Shards that change hands at once for balance. Default 4. */
  readonly maxMoves: number;
  /** How long a new coordinator waits for regions to come forward before it takes the silent for gone. Default 500. */
  readonly settleMs: number;
  /** How long an owner may take to end the entities of a shard. Default 10,000. */
  readonly handOffTimeoutMs: number;
  /** The pause after a change of the table that came to nothing. Default 500. */
  readonly retryMs: number;
}

export const DEFAULT_COORDINATION: CoordinationLimits = {
  maxMoves: 4,
  settleMs: 500,
  handOffTimeoutMs: 10_000,
  retryMs: 500,
};

/** What a region serves no more, though the table says that it does. */
export interface GivenUp {
  readonly shard: number;
  readonly epoch: number;
}

export type CoordinationEffect =
  /** {@link Coordination.handedOff} says when its entities have ended, or that nobody knows. */
  | { readonly type: "hand-off"; readonly region: string; readonly shard: number; readonly epoch: number }
  /** {@link Coordination.proposed} says what became of it. */
  | { readonly type: "propose"; readonly shard: number; readonly expectedEpoch: number; readonly owner: string };

interface Move {
  readonly epoch: number;
  readonly owner: string;
  /** Whose entities are to end first. */
  readonly from: string | undefined;
}

export class Coordination {
  readonly #limits: CoordinationLimits;
  readonly #settledAtMs: number;
  readonly #regions = new Map<string, readonly GivenUp[]>();
  readonly #moves = new Map<number, Move>();
  readonly #table: () => PlacementTableState;
  #pausedUntilMs = 0;

  constructor(limits: CoordinationLimits, table: () => PlacementTableState, nowMs: number) {
    this.#limits = limits;
    this.#table = table;
    this.#settledAtMs = nowMs + limits.settleMs;
  }

  get regions(): readonly string[] {
    return [...this.#regions.keys()];
  }

  /** A region has come forward, or does so again. */
  regionUp(region: string, givenUp: readonly GivenUp[], nowMs: number): readonly CoordinationEffect[] {
    this.#regions.set(region, givenUp);
    return this.plan(nowMs);
  }

  /** A region is gone: what it owns is given away, and for what it was to end nobody waits any more. */
  regionDown(region: string, nowMs: number): readonly CoordinationEffect[] {
    this.#regions.delete(region);
    const cut = [...this.#moves].filter(([, { from }]) => from === region);
    return [...cut.flatMap(([shard, { epoch }]) => this.handedOff(shard, epoch)), ...this.plan(nowMs)];
  }

  /** The owner has ended the shard's entities, or cannot say. */
  handedOff(shard: number, epoch: number): readonly CoordinationEffect[] {
    const move = this.#moves.get(shard);
    if (move === undefined || move.epoch !== epoch || move.from === undefined) return [];
    const owner = this.#regions.has(move.owner) ? move.owner : undefined;
    if (owner === undefined) {
      // Who was to have it is gone meanwhile; the owner says that it has given it up, and so it comes to somebody.
      this.#moves.delete(shard);
      return [];
    }
    this.#moves.set(shard, { ...move, from: undefined });
    return [{ type: "propose", shard, expectedEpoch: epoch, owner }];
  }

  /** The table has taken a change or refused it, or nobody knows. */
  proposed(shard: number, refusal: ActorError | undefined, nowMs: number): readonly CoordinationEffect[] {
    this.#moves.delete(shard);
    if (refusal !== undefined) this.#pausedUntilMs = nowMs + this.#limits.retryMs;
    return this.plan(nowMs);
  }

  /** What there is to do now. To be called from time to time too. */
  plan(nowMs: number): readonly CoordinationEffect[] {
    if (nowMs < this.#settledAtMs || nowMs < this.#pausedUntilMs) return [];
    const { rows } = this.#table();
    const { assign, move } = allocate({
      rows,
      regions: [...this.#regions.keys()].toSorted(),
      underWay: new Map([...this.#moves].map(([shard, { owner }]) => [shard, owner])),
      givenUp: this.#givenUp(),
      maxMoves: this.#limits.maxMoves,
    });
    const effects: CoordinationEffect[] = [];
    for (const { shard, owner } of assign) {
      const epoch = rows[shard]?.epoch ?? 0;
      this.#moves.set(shard, { epoch, owner, from: undefined });
      effects.push({ type: "propose", shard, expectedEpoch: epoch, owner });
    }
    for (const { shard, from, owner } of move) {
      const epoch = rows[shard]?.epoch ?? 0;
      this.#moves.set(shard, { epoch, owner, from });
      effects.push({ type: "hand-off", region: from, shard, epoch });
    }
    return effects;
  }

  #givenUp(): ReadonlySet<number> {
    const { rows } = this.#table();
    const given = [...this.#regions].flatMap(([region, all]) =>
      all.filter(({ shard, epoch }) => rows[shard]?.owner === region && rows[shard].epoch === epoch),
    );
    return new Set(given.map(({ shard }) => shard));
  }
}

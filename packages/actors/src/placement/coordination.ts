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
  /**
   * How long a new coordinator waits for regions to come forward before it takes the silent for gone; no longer than until it knows of
   * all that own a shard whether they are there. Default 500.
   */
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

/** What a region says of itself when it comes forward. */
export interface Registration {
  readonly givenUp: readonly GivenUp[];
  /** It wants to have no shards any more, until it says otherwise. */
  readonly isLeaving: boolean;
  /** How often it has changed its mind about that; absent: not yet. What it said before counts no more, however late it comes. */
  readonly changes?: number | undefined;
}

export type CoordinationEffect =
  /** {@link Coordination.handedOff} says when its entities have ended, or that nobody knows; or {@link Coordination.busy}. */
  | {
      readonly type: "hand-off";
      readonly region: string;
      readonly shard: number;
      readonly epoch: number;
      /** Nothing but balance asks for it: its owner may say that it would disturb. */
      readonly isForBalance: boolean;
    }
  /** {@link Coordination.proposed} says what became of it. */
  | { readonly type: "propose"; readonly shard: number; readonly expectedEpoch: number; readonly owner: string }
  /** To one who leaves: it has no shards, and gets none; or it keeps them, as there is nobody to take them. Said again and again. */
  | { readonly type: "leave"; readonly region: string; readonly isFree: boolean };

interface Move {
  readonly epoch: number;
  readonly owner: string;
  /** Whose entities are to end first. */
  readonly from: string | undefined;
}

/** So long nobody must have been there who could take shards of who leaves: a connection may break and come again. */
const ALONE_MS = 2_000;
/** Whose owner was asked in vain to give it up for balance is left alone for so long. */
const BUSY_MS = 3_000;

export class Coordination {
  readonly #limits: CoordinationLimits;
  #settledAtMs: number;
  /** Owners that were gone before they could come forward. */
  readonly #gone = new Set<string>();
  readonly #regions = new Map<string, Registration>();
  readonly #moves = new Map<number, Move>();
  readonly #table: () => PlacementTableState;
  /** Shards in the midst of something that is not to be disturbed for balance, and until when they are not asked for again. */
  readonly #busyUntilMs = new Map<number, number>();
  #pausedUntilMs = 0;
  /** Since then there is nobody but those who leave. */
  #aloneSinceMs: number | undefined;

  constructor(limits: CoordinationLimits, table: () => PlacementTableState, nowMs: number) {
    this.#limits = limits;
    this.#table = table;
    this.#settledAtMs = nowMs + limits.settleMs;
  }

  get regions(): readonly string[] {
    return [...this.#regions.keys()];
  }

  /** Whether time alone may bring something to do. Else whoever comes forward next makes it look again. */
  isWaiting(nowMs: number): boolean {
    const isPaused = nowMs < this.#settledAtMs || nowMs < this.#pausedUntilMs;
    return isPaused || this.#leaving().length > 0 || this.#busyUntilMs.size > 0;
  }

  /** A region has come forward, or does so again. */
  regionUp(region: string, registration: Registration, nowMs: number): readonly CoordinationEffect[] {
    const { givenUp, isLeaving, changes = 0 } = registration;
    this.#gone.delete(region);
    const before = this.#regions.get(region);
    const changesBefore = before?.changes ?? 0;
    // What it said before it changed its mind may come late, by way of another host.
    const isLate = before !== undefined && changes < changesBefore;
    const stillLeaving = changes === changesBefore && before?.isLeaving === true;
    const leaves = isLate ? before.isLeaving : isLeaving || stillLeaving;
    this.#regions.set(region, { givenUp, isLeaving: leaves, changes: Math.max(changes, changesBefore) });
    return this.plan(nowMs);
  }

  /** A region is gone: what it owns is given away, and for what it was to end nobody waits any more. */
  regionDown(region: string, nowMs: number): readonly CoordinationEffect[] {
    this.#regions.delete(region);
    this.#gone.add(region);
    const cut = [...this.#moves].filter(([, { from }]) => from === region);
    return [...cut.flatMap(([shard, { epoch }]) => this.handedOff(shard, epoch)), ...this.plan(nowMs)];
  }

  /** The owner has ended the shard's entities, or cannot say. */
  handedOff(shard: number, epoch: number): readonly CoordinationEffect[] {
    const move = this.#moves.get(shard);
    if (move === undefined || move.epoch !== epoch || move.from === undefined) return [];
    const { owner } = move;
    if (this.#regions.get(owner)?.isLeaving !== false) {
      // Who was to have it is gone meanwhile; the owner says that it has given it up, and so it comes to somebody.
      this.#moves.delete(shard);
      return [];
    }
    this.#moves.set(shard, { ...move, from: undefined });
    return [{ type: "propose", shard, expectedEpoch: epoch, owner }];
  }

  /** The owner would disturb somebody by ending the shard's entities, and keeps them for now. */
  busy(shard: number, epoch: number, nowMs: number): readonly CoordinationEffect[] {
    const move = this.#moves.get(shard);
    if (move?.epoch !== epoch || move.from === undefined) return [];
    this.#moves.delete(shard);
    this.#busyUntilMs.set(shard, nowMs + BUSY_MS);
    return this.plan(nowMs);
  }

  /** The table has taken a change or refused it, or nobody knows. */
  proposed(shard: number, refusal: ActorError | undefined, nowMs: number): readonly CoordinationEffect[] {
    this.#moves.delete(shard);
    if (refusal !== undefined) this.#pausedUntilMs = nowMs + this.#limits.retryMs;
    return this.plan(nowMs);
  }

  /** What there is to do now. To be called from time to time too, while it is waiting. */
  plan(nowMs: number): readonly CoordinationEffect[] {
    const { rows } = this.#table();
    // Nobody is left of whom to wait for a word. It is a matter of moving little: that no two serve a shard is the epochs' part.
    if (nowMs < this.#settledAtMs && rows.every(({ owner }) => this.#isAccountedFor(owner))) this.#settledAtMs = nowMs;
    if (nowMs < this.#settledAtMs || nowMs < this.#pausedUntilMs) return [];
    for (const [shard, untilMs] of this.#busyUntilMs) if (untilMs <= nowMs) this.#busyUntilMs.delete(shard);
    const { assign, move } = allocate({
      rows,
      regions: [...this.#regions.keys()].toSorted(),
      leaving: new Set(this.#leaving()),
      underWay: new Map([...this.#moves].map(([shard, { owner }]) => [shard, owner])),
      givenUp: this.#givenUp(),
      busy: new Set(this.#busyUntilMs.keys()),
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
      const isForBalance = this.#regions.get(from)?.isLeaving !== true;
      effects.push({ type: "hand-off", region: from, shard, epoch, isForBalance });
    }
    return [...effects, ...this.#farewells(nowMs)];
  }

  #isAccountedFor(owner: string | undefined): boolean {
    return owner !== undefined && (this.#regions.has(owner) || this.#gone.has(owner));
  }

  #farewells(nowMs: number): readonly CoordinationEffect[] {
    const leaving = this.#leaving();
    this.#aloneSinceMs = leaving.length < this.#regions.size ? undefined : (this.#aloneSinceMs ?? nowMs);
    const isAlone = this.#aloneSinceMs !== undefined && nowMs - this.#aloneSinceMs >= ALONE_MS;
    const owners = new Set([
      ...this.#table().rows.map(({ owner }) => owner),
      ...[...this.#moves.values()].map(({ owner }) => owner),
    ]);
    return leaving.flatMap((region) => {
      const isFree = !owners.has(region);
      return isFree || isAlone ? [{ type: "leave", region, isFree }] : [];
    });
  }

  #leaving(): readonly string[] {
    return [...this.#regions].flatMap(([region, { isLeaving }]) => (isLeaving ? [region] : []));
  }

  #givenUp(): ReadonlySet<number> {
    const { rows } = this.#table();
    const given = [...this.#regions].flatMap(([region, { givenUp }]) =>
      givenUp.filter(({ shard, epoch }) => rows[shard]?.owner === region && rows[shard].epoch === epoch),
    );
    return new Set(given.map(({ shard }) => shard));
  }
}

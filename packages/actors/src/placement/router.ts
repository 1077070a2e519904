/**
 * The way from a region to the owners of shards. Pure. What cannot be delivered now waits here, within bounds, in its order;
 * a shard's messages go to a new owner only after the old one has answered all that it was sent.
 */
import { ActorError, invariant } from "../errors.ts";
import type { ShardRow } from "./table.ts";

/** A message on its way to an entity. */
export interface Delivery<Content> {
  /** In the order they came to this region. */
  readonly sequence: number;
  readonly shard: number;
  readonly entity: string;
  readonly dueMs: number;
  /** It is sent again when nobody knows whether it was handled. */
  readonly isAcknowledged: boolean;
  readonly content: Content;
}

/**
 * Where a message stands among those that were sent without a break: so that an owner notices when one before it was lost. A
 * new run begins when something came back, and only after everything of the last one was answered.
 */
export interface Place {
  /** Greater than that of any run before, whatever the shard. */
  readonly run: number;
  /** From 0. */
  readonly index: number;
}

export type RouterEffect<Content> =
  /** {@link Router.settled} says what became of it. */
  | {
      readonly type: "dispatch";
      readonly delivery: Delivery<Content>;
      readonly owner: string;
      readonly epoch: number;
      readonly place: Place;
    }
  | { readonly type: "refuse"; readonly delivery: Delivery<Content>; readonly error: ActorError };

/**
 * `over`: handled, or refused for good, and whoever sent it knows; `moved`: not handled, the owner has changed or is about to:
 * it takes nothing more under that epoch.
 */
export type DispatchOutcome =
  | { readonly type: "over" }
  | { readonly type: "moved" }
  /** Not handled, as one before it did not arrive. */
  | { readonly type: "again" }
  /** Not handled, as the owner's host could not be reached: it may be gone, or come back as it was. */
  | { readonly type: "unsent" }
  /** Nobody knows whether it was handled. */
  | { readonly type: "lost"; readonly error: ActorError };

export interface RouterLimits {
  /** Messages that wait for an owner; more are refused. Default 1,000. */
  readonly maxHeld: number;
  /** Messages that owners have not answered; more wait. Default 1,000. */
  readonly maxUnderWay: number;
  /** The pause before an owner that answered `moved` is tried again. Default 200. */
  readonly retryMs: number;
}

interface Lane<Content> {
  /** By sequence. */
  held: Delivery<Content>[];
  readonly underWay: Map<number, Delivery<Content>>;
  /** Of what is under way. */
  epoch: number;
  run: number;
  /** Of the next in the run. */
  index: number;
  /** Something came back: what is under way must be answered before the next run begins. */
  hasBroken: boolean;
  pausedUntilMs: number;
}

export class Router<Content> {
  readonly #limits: RouterLimits;
  readonly #lanes = new Map<number, Lane<Content>>();
  #rows: readonly ShardRow[] = [];
  #held = 0;
  #underWay = 0;
  #runs = 0;

  constructor(limits: RouterLimits) {
    this.#limits = limits;
  }

  get held(): number {
    return this.#held;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Whether nothing is left of what came up to `sequence`. */
  isThrough(sequence: number): boolean {
    return [...this.#lanes.values()].every(
      ({ held, underWay }) =>
        held.every((each) => each.sequence > sequence) && [...underWay.keys()].every((each) => each > sequence),
    );
  }

  table(rows: readonly ShardRow[], nowMs: number): readonly RouterEffect<Content>[] {
    const before = this.#rows;
    this.#rows = rows;
    const changed = [...this.#lanes].filter(([shard]) => rows[shard]?.epoch !== before[shard]?.epoch);
    for (const [, lane] of changed) lane.pausedUntilMs = 0;
    return changed.flatMap(([shard]) => this.#pump(shard, nowMs));
  }

  send(delivery: Delivery<Content>, nowMs: number): readonly RouterEffect<Content>[] {
    if (this.#held >= this.#limits.maxHeld) {
      const error = new ActorError("mailbox-full", `${this.#held} messages wait for owners of shards already`);
      return [{ type: "refuse", delivery, error }];
    }
    const lane = this.#laneOf(delivery.shard);
    lane.held.push(delivery);
    this.#held += 1;
    return this.#pump(delivery.shard, nowMs);
  }

  settled(delivery: Delivery<Content>, outcome: DispatchOutcome, nowMs: number): readonly RouterEffect<Content>[] {
    const { shard, sequence } = delivery;
    const lane = this.#laneOf(shard);
    invariant(lane.underWay.delete(sequence), `message ${sequence} was answered twice`);
    this.#underWay -= 1;
    const effects: RouterEffect<Content>[] = [];
    if (outcome.type === "lost" && !delivery.isAcknowledged) {
      effects.push({ type: "refuse", delivery, error: outcome.error });
    } else if (outcome.type !== "over") {
      this.#putBack(lane, delivery);
      // Who has heard of a newer owner need not wait, nor who only sends in order what came out of it.
      const isInVain = outcome.type !== "again" && this.#rows[shard]?.epoch === lane.epoch;
      if (isInVain) lane.pausedUntilMs = nowMs + this.#limits.retryMs;
    }
    if (outcome.type !== "over") lane.hasBroken = true;
    return [...effects, ...this.#pumpAll(shard, nowMs)];
  }

  /** Time has passed. */
  tick(nowMs: number): readonly RouterEffect<Content>[] {
    const effects: RouterEffect<Content>[] = [];
    for (const lane of this.#lanes.values()) {
      const late = lane.held.filter(({ dueMs }) => dueMs <= nowMs);
      if (late.length === 0) continue;
      lane.held = lane.held.filter(({ dueMs }) => dueMs > nowMs);
      this.#held -= late.length;
      const error = new ActorError("ask-timeout", "no owner of the shard took the message in time");
      effects.push(...late.map((delivery): RouterEffect<Content> => ({ type: "refuse", delivery, error })));
    }
    for (const shard of this.#lanes.keys()) effects.push(...this.#pump(shard, nowMs));
    return effects;
  }

  /** Room that is made may be another lane's. */
  #pumpAll(shard: number, nowMs: number): readonly RouterEffect<Content>[] {
    const own = this.#pump(shard, nowMs);
    if (this.#held === 0 || this.#underWay + 1 < this.#limits.maxUnderWay) return own;
    return [...own, ...[...this.#lanes.keys()].flatMap((each) => this.#pump(each, nowMs))];
  }

  #pump(shard: number, nowMs: number): readonly RouterEffect<Content>[] {
    const lane = this.#lanes.get(shard);
    const row = this.#rows[shard];
    if (lane === undefined) return [];
    if (lane.held.length === 0 && lane.underWay.size === 0) this.#lanes.delete(shard);
    if (row?.owner === undefined || nowMs < lane.pausedUntilMs) return [];
    if (lane.epoch !== row.epoch) lane.hasBroken = true;
    if (lane.hasBroken && lane.underWay.size > 0) return [];
    if (lane.hasBroken) this.#beginRun(lane, row.epoch);
    const effects: RouterEffect<Content>[] = [];
    while (this.#underWay < this.#limits.maxUnderWay) {
      const delivery = lane.held.shift();
      if (delivery === undefined) break;
      this.#held -= 1;
      this.#underWay += 1;
      lane.underWay.set(delivery.sequence, delivery);
      const place = { run: lane.run, index: lane.index };
      lane.index += 1;
      effects.push({ type: "dispatch", delivery, owner: row.owner, epoch: row.epoch, place });
    }
    return effects;
  }

  #beginRun(lane: Lane<Content>, epoch: number): void {
    this.#runs += 1;
    lane.run = this.#runs;
    lane.index = 0;
    lane.epoch = epoch;
    lane.hasBroken = false;
  }

  /** Also above the bound: it had its place before. */
  #putBack(lane: Lane<Content>, delivery: Delivery<Content>): void {
    const at = lane.held.findIndex(({ sequence }) => sequence > delivery.sequence);
    lane.held.splice(at === -1 ? lane.held.length : at, 0, delivery);
    this.#held += 1;
  }

  #laneOf(shard: number): Lane<Content> {
    const known = this.#lanes.get(shard);
    if (known !== undefined) return known;
    const lane = {
      held: [],
      underWay: new Map(),
      epoch: 0,
      run: 0,
      index: 0,
      hasBroken: true,
      pausedUntilMs: 0,
    };
    this.#lanes.set(shard, lane);
    return lane;
  }
}

/**
 * The shards that a region owns, and the entities in them. Pure. Messages are taken under the epoch of the table only; a shard
 * that is given up or taken away answers `moved` to all that has not been handled, and lets nothing begin again.
 */
import { ActorError, invariant } from "../errors.ts";
import type { GivenUp } from "./coordination.ts";
import { type Outcome, Outcomes } from "./outcomes.ts";
import type { Place } from "./router.ts";
import type { ShardRow } from "./table.ts";

/** A message for an entity here. */
export interface Arrival<Content> {
  readonly shard: number;
  readonly entity: string;
  /** The owner's, as far as the sender knows. */
  readonly epoch: number;
  /** Of a message that may come again. */
  readonly id: string | undefined;
  /** Among what its sender, in one life, has sent without a break; undefined where nothing can be lost on the way. */
  readonly place: (Place & { readonly sender: string }) | undefined;
  readonly content: Content;
}

export type OwnerEffect<Content> =
  /** {@link Owner.entityEnded} says when it is no more. */
  | { readonly type: "start"; readonly entity: string; readonly shard: number; readonly epoch: number }
  /** `isOrderly`: what it has at hand is still its own to finish; otherwise it does that for nobody any more. */
  | { readonly type: "stop"; readonly entity: string; readonly isOrderly: boolean }
  /** {@link Owner.handled} says what became of it. */
  | { readonly type: "give"; readonly arrival: Arrival<Content> }
  | { readonly type: "answer"; readonly arrival: Arrival<Content>; readonly outcome: Outcome }
  /** Find out which entities live in the shard, for {@link Owner.woken}. */
  | { readonly type: "wake"; readonly shard: number; readonly epoch: number }
  /** It has gone to sleep: it need not be woken by the next owner. */
  | { readonly type: "forget"; readonly entity: string; readonly shard: number; readonly epoch: number }
  /** Nothing of the shard runs here any more, up to and including this epoch. */
  | { readonly type: "handed-off"; readonly shard: number; readonly epoch: number };

export interface OwnerLimits {
  /** Default 100,000. */
  readonly maxEntities: number;
  /** Messages that wait for an entity that is on its way to sleep. Default 100. */
  readonly maxWaiting: number;
  /** Messages of a shard that come before it is served here. Default 1,000. */
  readonly maxEarly: number;
  /** Without a message for so long, an entity is put to sleep. Infinity: never. */
  readonly passivateAfterMs: number;
  /** Acknowledged messages that are remembered when they are handled, in case they come again; the latest. Default 10,000. */
  readonly maxOutcomes: number;
}

interface Entity<Content> {
  readonly shard: number;
  readonly epoch: number;
  isStopping: boolean;
  hasEnded: boolean;
  /** Given to it, in their order, and not answered. */
  readonly underWay: Set<Arrival<Content>>;
  /** Those of them that it ended before. */
  readonly missed: Set<Arrival<Content>>;
  lastActiveMs: number;
  /** Came after all that is under way. */
  readonly waiting: Arrival<Content>[];
}

interface Shard<Content> {
  /** Under which messages are taken; undefined when none are. */
  active: number | undefined;
  /** Of the table. */
  epoch: number;
  isOwn: boolean;
  /** Given up while the table still says that it is owned. */
  isGivenUp: boolean;
  /** Came under an epoch that is not served yet: the table is behind, or older entities still end. */
  early: Arrival<Content>[];
  /** What comes next, by sender. */
  readonly expected: Map<string, Place>;
  readonly entities: Set<string>;
}

const DONE: Outcome = { type: "done" };
const MOVED: Outcome = { type: "moved" };
const AGAIN: Outcome = { type: "again" };
/** Lives of regions; whoever is forgotten begins a new run. */
const MAX_SENDERS = 1_000;

export class Owner<Content> {
  readonly #self: string;
  readonly #limits: OwnerLimits;
  readonly #entities = new Map<string, Entity<Content>>();
  readonly #shards: Shard<Content>[] = [];
  readonly #outcomes: Outcomes<Arrival<Content>>;

  /** @param self address of the region, as it stands in the table */
  constructor(self: string, limits: OwnerLimits) {
    this.#self = self;
    this.#limits = limits;
    this.#outcomes = new Outcomes(limits.maxOutcomes);
  }

  get entities(): number {
    return this.#entities.size;
  }

  /** It owns nothing, nobody lives here, and nothing waits. */
  get isEmpty(): boolean {
    return this.#entities.size === 0 && this.#shards.every(({ isOwn, early }) => !isOwn && early.length === 0);
  }

  /** The epoch under which the shard is served here now. */
  activeEpoch(shard: number): number | undefined {
    return this.#shards[shard]?.active;
  }

  /** Those that live here. */
  entitiesOf(shard: number): readonly string[] {
    return [...(this.#shards[shard]?.entities ?? [])];
  }

  /** Whether the entity lives here under this epoch, as far as is known here. */
  serves(entity: string, epoch: number): boolean {
    const known = this.#entities.get(entity);
    return known?.epoch === epoch && this.#shards[known.shard]?.epoch === epoch;
  }

  /** Shards that the table says are owned here, and that are served no more. */
  givenUp(): readonly GivenUp[] {
    return this.#shards.flatMap(({ isOwn, isGivenUp, epoch, entities }, shard) =>
      isOwn && isGivenUp && entities.size === 0 ? [{ shard, epoch }] : [],
    );
  }

  table(rows: readonly ShardRow[], nowMs: number): readonly OwnerEffect<Content>[] {
    return rows.flatMap(({ epoch, owner }, index) => {
      const shard = (this.#shards[index] ??= newShard());
      if (epoch <= shard.epoch) return [];
      shard.epoch = epoch;
      shard.isOwn = owner === this.#self;
      shard.isGivenUp = false;
      shard.active = undefined;
      return [...this.#stopAll(shard, false), ...this.#activate(shard, index), ...this.#lookAtEarly(shard, nowMs)];
    });
  }

  arrived(arrival: Arrival<Content>, nowMs: number): readonly OwnerEffect<Content>[] {
    const shard = (this.#shards[arrival.shard] ??= newShard());
    if (shard.active !== arrival.epoch) return this.#early(shard, arrival);
    if (!isNext(shard.expected, arrival)) return [{ type: "answer", arrival, outcome: AGAIN }];
    const known = arrival.id === undefined ? undefined : this.#outcomes.take(arrival.id, arrival);
    if (known === "under-way") return [];
    if (known !== undefined) return [{ type: "answer", arrival, outcome: known }];
    return this.#deliver(arrival, nowMs);
  }

  /**
   * Once `moved` was the answer, nothing is ever taken under that epoch: so nobody is overtaken. What comes before its time
   * waits, as the table is sure to say the same here too.
   */
  #early(shard: Shard<Content>, arrival: Arrival<Content>): readonly OwnerEffect<Content>[] {
    const { epoch } = arrival;
    const isToCome = epoch > shard.epoch || (epoch === shard.epoch && shard.isOwn && !shard.isGivenUp);
    if (!isToCome) return [{ type: "answer", arrival, outcome: MOVED }];
    if (shard.early.length >= this.#limits.maxEarly) {
      return [{ type: "answer", arrival, outcome: full(`${shard.early.length} messages wait for the shard already`) }];
    }
    shard.early.push(arrival);
    return [];
  }

  /** The shard has a new epoch, or is served, or is given up: what waited is looked at again. */
  #lookAtEarly(shard: Shard<Content>, nowMs: number): readonly OwnerEffect<Content>[] {
    const early = shard.early;
    shard.early = [];
    return early.flatMap((arrival) => this.arrived(arrival, nowMs));
  }

  /**
   * `refusal`: why the entity has not handled it; `actor-stopped` when it ended before. What it had at hand when it was stopped
   * and then failed has been missed too, as far as it may come twice.
   */
  handled(arrival: Arrival<Content>, refusal: ActorError | undefined, nowMs: number): readonly OwnerEffect<Content>[] {
    const { entity: name, shard, epoch } = arrival;
    const entity = this.#entities.get(name);
    invariant(entity?.underWay.has(arrival) === true, `entity ${name} was not given what it answers`);
    const wasCutShort = entity.isStopping && arrival.id !== undefined && refusal?.code === "actor-failed";
    const hasMissedIt = wasCutShort || refusal?.code === "actor-stopped" || refusal?.code === "no-such-actor";
    if (hasMissedIt && this.activeEpoch(shard) === epoch) {
      // It stopped by itself, or to sleep: its next life takes the message.
      entity.isStopping = true;
      entity.missed.add(arrival);
      return this.#afterEnd(name, entity, nowMs);
    }
    entity.underWay.delete(arrival);
    entity.lastActiveMs = nowMs;
    const outcome = refusal === undefined ? DONE : hasMissedIt ? MOVED : { type: "failed" as const, error: refusal };
    return [...this.#answer(arrival, outcome), ...this.#afterEnd(name, entity, nowMs)];
  }

  entityEnded(name: string, nowMs: number): readonly OwnerEffect<Content>[] {
    const entity = this.#entities.get(name);
    invariant(entity !== undefined, `entity ${name} ended and was not there`);
    entity.isStopping = true;
    entity.hasEnded = true;
    return this.#afterEnd(name, entity, nowMs);
  }

  /** Only once it is known what it has missed: that comes before what waits. */
  #afterEnd(name: string, entity: Entity<Content>, nowMs: number): readonly OwnerEffect<Content>[] {
    const { shard: index, epoch, underWay, missed, waiting, hasEnded } = entity;
    if (!hasEnded || missed.size < underWay.size) return [];
    this.#entities.delete(name);
    const shard = this.#must(index);
    shard.entities.delete(name);
    const next = [...underWay, ...waiting];
    if (shard.active === epoch) {
      if (next.length === 0) return [{ type: "forget", entity: name, shard: index, epoch }];
      return next.flatMap((arrival) => this.#deliver(arrival, nowMs));
    }
    const effects = next.flatMap((arrival) => this.#answer(arrival, MOVED));
    if (shard.entities.size > 0) return effects;
    const activated = this.#activate(shard, index);
    const upTo = activated.length > 0 ? shard.epoch - 1 : shard.epoch;
    const handedOff: OwnerEffect<Content> = { type: "handed-off", shard: index, epoch: upTo };
    return [...effects, handedOff, ...activated, ...this.#lookAtEarly(shard, nowMs)];
  }

  /** The shard is to be given up; `handed-off` follows, at once when nothing so old runs here. */
  handOff(index: number, epoch: number, nowMs: number): readonly OwnerEffect<Content>[] {
    const shard = (this.#shards[index] ??= newShard());
    if (shard.epoch === epoch && shard.isOwn) {
      shard.isGivenUp = true;
      shard.active = undefined;
    }
    const isFree = ![...shard.entities].some((name) => (this.#entities.get(name)?.epoch ?? Infinity) <= epoch);
    const early = this.#lookAtEarly(shard, nowMs);
    return [
      ...early,
      ...(isFree ? [{ type: "handed-off", shard: index, epoch } as const] : this.#stopAll(shard, true)),
    ];
  }

  /** A fence has seen a newer epoch, of which the table here does not tell yet: the shard is given up until it does. */
  superseded(index: number, epoch: number): readonly OwnerEffect<Content>[] {
    const shard = this.#shards[index];
    if (shard === undefined || shard.active !== epoch) return [];
    shard.isGivenUp = true;
    shard.active = undefined;
    return this.#stopAll(shard, false);
  }

  /** Entities that lived in the shard before. */
  woken(index: number, epoch: number, names: readonly string[], nowMs: number): readonly OwnerEffect<Content>[] {
    if (this.activeEpoch(index) !== epoch) return [];
    return names.flatMap((name) => (this.#entities.has(name) ? [] : this.#start(name, index, epoch, nowMs)));
  }

  /** An entity wants to sleep as soon as it has nothing to do. */
  passivate(name: string): readonly OwnerEffect<Content>[] {
    const entity = this.#entities.get(name);
    return entity === undefined || entity.isStopping ? [] : this.#stop(name, entity, true);
  }

  /** Puts to sleep who has had nothing to do for long. */
  tick(nowMs: number): readonly OwnerEffect<Content>[] {
    const isIdle = ({ underWay, lastActiveMs, isStopping }: Entity<Content>): boolean =>
      !isStopping && underWay.size === 0 && nowMs - lastActiveMs >= this.#limits.passivateAfterMs;
    return [...this.#entities]
      .filter(([, entity]) => isIdle(entity))
      .flatMap(([name, entity]) => this.#stop(name, entity, true));
  }

  #deliver(arrival: Arrival<Content>, nowMs: number): readonly OwnerEffect<Content>[] {
    const { entity: name, shard, epoch } = arrival;
    const known = this.#entities.get(name);
    if (known?.isStopping === true) {
      if (known.waiting.length < this.#limits.maxWaiting) known.waiting.push(arrival);
      else return this.#answer(arrival, full(`${known.waiting.length} messages wait for ${name} to wake up`));
      return [];
    }
    const start = known === undefined ? this.#start(name, shard, epoch, nowMs) : [];
    const entity = this.#entities.get(name);
    if (entity === undefined) return this.#answer(arrival, full(`there are ${this.#entities.size} entities already`));
    entity.underWay.add(arrival);
    entity.lastActiveMs = nowMs;
    return [...start, { type: "give", arrival }];
  }

  #start(name: string, index: number, epoch: number, nowMs: number): readonly OwnerEffect<Content>[] {
    if (this.#entities.size >= this.#limits.maxEntities) return [];
    this.#entities.set(name, {
      shard: index,
      epoch,
      isStopping: false,
      hasEnded: false,
      underWay: new Set(),
      missed: new Set(),
      lastActiveMs: nowMs,
      waiting: [],
    });
    this.#must(index).entities.add(name);
    return [{ type: "start", entity: name, shard: index, epoch }];
  }

  #stopAll(shard: Shard<Content>, isOrderly: boolean): readonly OwnerEffect<Content>[] {
    return [...shard.entities].flatMap((name) => {
      const entity = this.#entities.get(name);
      return entity === undefined || entity.isStopping ? [] : this.#stop(name, entity, isOrderly);
    });
  }

  #stop(name: string, entity: Entity<Content>, isOrderly: boolean): readonly OwnerEffect<Content>[] {
    entity.isStopping = true;
    return [{ type: "stop", entity: name, isOrderly }];
  }

  /** Only once nothing of an older epoch is left. */
  #activate(shard: Shard<Content>, index: number): readonly OwnerEffect<Content>[] {
    if (!shard.isOwn || shard.isGivenUp || shard.entities.size > 0 || shard.active !== undefined) return [];
    shard.active = shard.epoch;
    return [{ type: "wake", shard: index, epoch: shard.epoch }];
  }

  /** Also to those who sent it again meanwhile. */
  #answer(arrival: Arrival<Content>, outcome: Outcome): readonly OwnerEffect<Content>[] {
    const all = arrival.id === undefined ? [arrival] : [arrival, ...this.#outcomes.settle(arrival.id, outcome)];
    return all.map((each) => ({ type: "answer", arrival: each, outcome }));
  }

  #must(index: number): Shard<Content> {
    const shard = this.#shards[index];
    invariant(shard !== undefined, `there is no shard ${index}`);
    return shard;
  }
}

/** Whether nothing before it is missing; then the one after it is expected. */
function isNext(expected: Map<string, Place>, { place }: Pick<Arrival<unknown>, "place">): boolean {
  if (place === undefined) return true;
  const { sender, run, index } = place;
  const next = expected.get(sender);
  const isFirst = index === 0 && (next === undefined || run > next.run);
  if (!isFirst && (next?.run !== run || next.index !== index)) return false;
  // Put behind all others, so that whoever sends is not the one to be forgotten.
  expected.delete(sender);
  expected.set(sender, { run, index: index + 1 });
  if (expected.size > MAX_SENDERS) forgetOldest(expected);
  return true;
}

function forgetOldest(expected: Map<string, Place>): void {
  const [oldest] = expected.keys();
  if (oldest !== undefined) expected.delete(oldest);
}

function newShard<Content>(): Shard<Content> {
  return {
    active: undefined,
    epoch: 0,
    isOwn: false,
    isGivenUp: false,
    early: [],
    expected: new Map(),
    entities: new Set(),
  };
}

function full(text: string): Outcome {
  return { type: "failed", error: new ActorError("mailbox-full", text) };
}

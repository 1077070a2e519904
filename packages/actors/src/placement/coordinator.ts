/** The coordinator of one kind of entities: a singleton that looks after the placement table. */
import type { Actor, ActorContext, Behavior } from "../core/behavior.ts";
import type { ActorRef } from "../core/ref.ts";
import { ActorError, isActorError } from "../errors.ts";
import {
  Coordination,
  type CoordinationEffect,
  type CoordinationLimits,
  DEFAULT_COORDINATION,
  type GivenUp,
  type Registration,
} from "./coordination.ts";
import type { PlacementTable } from "./ports.ts";
import { isRefTo } from "./refusal.ts";
import type { SingletonTerm } from "./singleton.ts";

/** To a region: end the entities of a shard, and say when that is done. */
export interface HandOff {
  readonly type: "hand-off";
  readonly shard: number;
  readonly epoch: number;
  /** Of the coordinator. */
  readonly term: number;
  /** Only for balance: `busy` may be the answer. */
  readonly isForBalance?: boolean | undefined;
  readonly replyTo: ActorRef<HandedOff>;
}

export interface HandedOff {
  readonly type: "handed-off" | "stale-term" | "busy";
}

/** To a region that wants to leave: it is free to, or nobody is there who could take its shards. */
export interface MayLeave {
  readonly type: "leave";
  readonly isFree: boolean;
  /** Of the coordinator. */
  readonly term: number;
}

/** A region comes forward, again and again. */
export interface Register extends Registration {
  readonly type: "register";
  readonly region: ActorRef<HandOff | MayLeave>;
}

type CoordinatorMessage =
  Register | { readonly type: "own-look" } | { readonly type: "own-region-ended"; readonly address: string };

export interface CoordinatorOptions {
  readonly table: PlacementTable;
  /** Of the region at an address. */
  readonly resolve: (address: string) => ActorRef<HandOff | MayLeave>;
  readonly limits?: Partial<CoordinationLimits> | undefined;
}

/** How often the plan is looked at when nothing else happens. */
const LOOK_EVERY_MS = 200;
const PROPOSE_TIMEOUT_MS = 5_000;

export function coordinator(term: SingletonTerm, options: CoordinatorOptions): Behavior<Register> {
  const behavior: Behavior<CoordinatorMessage> = (context) => new Coordinator(context, term, options);
  // Nobody else can make the messages that it tells itself.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return behavior as unknown as Behavior<Register>;
}

/** @throws ActorError `bad-message` */
export function acceptsRegister(message: unknown): Register {
  if (typeof message === "object" && message !== null && "region" in message && "givenUp" in message) {
    const { region, givenUp } = message;
    const isLeaving = "isLeaving" in message && message.isLeaving === true;
    // Who cannot change its mind does not say how often it did.
    const changes = "changes" in message && isCount(message.changes) ? message.changes : 0;
    if (isRefTo<HandOff | MayLeave>(region) && Array.isArray(givenUp) && givenUp.every((each) => isGivenUp(each))) {
      return { type: "register", region, givenUp, isLeaving, changes };
    }
  }
  throw new ActorError("bad-message", "a coordinator takes registrations of regions only");
}

class Coordinator implements Actor<CoordinatorMessage> {
  readonly #context: ActorContext<CoordinatorMessage>;
  readonly #term: SingletonTerm;
  readonly #table: PlacementTable;
  readonly #limits: CoordinationLimits;
  readonly #plan: Coordination;
  readonly #regions = new Map<string, ActorRef<HandOff | MayLeave>>();
  readonly #watched = new Set<string>();

  constructor(
    context: ActorContext<CoordinatorMessage>,
    term: SingletonTerm,
    { table, resolve, limits }: CoordinatorOptions,
  ) {
    this.#context = context;
    this.#term = term;
    this.#table = table;
    this.#limits = { ...DEFAULT_COORDINATION, ...limits };
    this.#plan = new Coordination(this.#limits, () => table.read(), context.nowMs());
    // An owner that died with the last coordinator does not come forward: that it is gone is known long before it would be late.
    for (const { owner } of table.read().rows) if (owner !== undefined) this.#watch(resolve(owner));
    this.#lookLater();
  }

  receive(message: CoordinatorMessage): void {
    const nowMs = this.#context.nowMs();
    switch (message.type) {
      case "register":
        return this.#register(message);
      case "own-look":
        return this.#carryOut(this.#plan.plan(nowMs));
      case "own-region-ended":
        this.#regions.delete(message.address);
        this.#watched.delete(message.address);
        return this.#carryOut(this.#plan.regionDown(message.address, nowMs));
    }
  }

  #register({ region, ...registration }: Register): void {
    const { address } = region;
    if (!this.#regions.has(address)) this.#regions.set(address, region);
    this.#watch(region);
    this.#carryOut(this.#plan.regionUp(address, registration, this.#context.nowMs()));
  }

  #watch(region: ActorRef<HandOff | MayLeave>): void {
    const { address } = region;
    if (this.#watched.has(address)) return;
    this.#watched.add(address);
    this.#context.watch(region, () => ({ type: "own-region-ended", address }));
  }

  #carryOut(effects: readonly CoordinationEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "propose") void this.#propose(effect.shard, effect.expectedEpoch, effect.owner);
      else if (effect.type === "hand-off") void this.#handOff(effect);
      else this.#regions.get(effect.region)?.tell({ type: "leave", isFree: effect.isFree, term: this.#term.term });
    }
    this.#lookLater();
  }

  /** As long as something waits for time to pass: a coordinator with nothing to do wakes nobody. */
  #lookLater(): void {
    const { timers } = this.#context;
    if (timers.isActive("look") || !this.#plan.isWaiting(this.#context.nowMs())) return;
    timers.once("look", LOOK_EVERY_MS, { type: "own-look" });
  }

  /** Never rejects. */
  async #propose(shard: number, expectedEpoch: number, owner: string): Promise<void> {
    // Not AbortSignal.any: that keeps alive whatever listens to it, for as long as neither is aborted.
    const over = new AbortController();
    const giveUp = (): void => over.abort();
    const timer = this.#context.clock.after(PROPOSE_TIMEOUT_MS, giveUp);
    this.#context.signal.addEventListener("abort", giveUp, { once: true });
    let refusal: ActorError | undefined;
    try {
      const { token: term } = this.#term.stamp();
      refusal = await this.#table.propose({ term, shard, expectedEpoch, owner }, { signal: over.signal });
    } catch (error) {
      refusal = isActorError(error) ? error : new ActorError("unsupported", "the table failed", { cause: error });
    }
    timer.cancel();
    this.#context.signal.removeEventListener("abort", giveUp);
    if (this.#context.signal.aborted) return;
    if (refusal !== undefined) this.#context.log.warn("a shard got no new owner", { shard, owner, error: refusal });
    this.#carryOut(this.#plan.proposed(shard, refusal, this.#context.nowMs()));
  }

  /** Never rejects. An owner that cannot be asked is shut out by the next epoch. */
  async #handOff(effect: Extract<CoordinationEffect, { readonly type: "hand-off" }>): Promise<void> {
    const { region: address, shard, epoch, isForBalance } = effect;
    const region = this.#regions.get(address);
    const { term } = this.#term;
    const { signal } = this.#context;
    try {
      const timeoutMs = this.#limits.handOffTimeoutMs;
      const accepts = acceptsHandedOff;
      const answer = await region?.ask<HandedOff>(
        (replyTo) => ({ type: "hand-off", shard, epoch, term, isForBalance, replyTo }),
        { timeoutMs, signal, accepts },
      );
      if (answer?.type === "busy") {
        if (!signal.aborted) this.#carryOut(this.#plan.busy(shard, epoch, this.#context.nowMs()));
        return;
      }
    } catch (error) {
      // Its host stops: its end, with that of its entities, comes by death watch.
      if (isActorError(error, "actor-stopped")) return;
      this.#context.log.warn("a shard was not handed off in order", { shard, epoch, region: address, error });
    }
    if (!signal.aborted) this.#carryOut(this.#plan.handedOff(shard, epoch));
  }
}

function acceptsHandedOff(reply: unknown): void {
  const isIt = typeof reply === "object" && reply !== null && "type" in reply;
  if (!isIt || (reply.type !== "handed-off" && reply.type !== "stale-term" && reply.type !== "busy"))
    throw new TypeError("no answer of a region");
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isGivenUp(value: unknown): value is GivenUp {
  if (typeof value !== "object" || value === null || !("shard" in value) || !("epoch" in value)) return false;
  return Number.isSafeInteger(value.shard) && Number.isSafeInteger(value.epoch);
}

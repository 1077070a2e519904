/** A region: one host's part in keeping one kind of entities. The decisions are in `router.ts` and `owner.ts`. */
import type { Actor, ActorContext, Behavior } from "../core/behavior.ts";
import type { ActorRef } from "../core/ref.ts";
import type { ActorSystem } from "../core/system-options.ts";
import { ActorError, isActorError } from "../errors.ts";
import type { HandOff, MayLeave } from "./coordinator.ts";
import { nameFor } from "./entity.ts";
import type { Stamp } from "./fence.ts";
import type { Outcome } from "./outcomes.ts";
import { type Arrival, Owner, type OwnerEffect } from "./owner.ts";
import { refusedWith } from "./refusal.ts";
import {
  acceptsAnswer,
  answerOf,
  type Deliver,
  type DeliverAnswer,
  type OwnRegionMessage,
  outcomeOf,
  isEntityName,
  type RegionMessage,
  type SendToEntity,
} from "./region-protocol.ts";
import { type Delivery, type DispatchOutcome, Router, type RouterEffect } from "./router.ts";
import { Rhythm } from "./rhythm.ts";
import { shardOf } from "./shards.ts";
import type { ShardingSettings } from "./sharding-settings.ts";

type AnyMessage<Message> = RegionMessage<Message> | OwnRegionMessage;

/**
 * Its time is over, or no owner will ever take it, or it is too much just now: whoever sent it decides. Nothing is sent again
 * that those sent after it may have overtaken.
 */
const FINAL = ["ask-timeout", "bad-message", "too-large", "mailbox-full", "cancelled", "system-stopped"] as const;

/** The owner was no more when the message came: it was not handled, and somebody else will own the shard. */
const NOBODY_THERE = ["no-such-actor", "actor-stopped"] as const;

/** What an arrival brings with it. */
interface Given<Message> {
  readonly message: Message;
  readonly dueMs: number;
  readonly answer: (outcome: Outcome) => void;
}

type Dispatch<Message> = Extract<RouterEffect<SendToEntity<Message>>, { readonly type: "dispatch" }>;

type Context<Message> = ActorContext<AnyMessage<Message>>;

export class Region<Message> implements Actor<AnyMessage<Message>> {
  readonly #context: Context<Message>;
  readonly #system: ActorSystem;
  readonly #settings: ShardingSettings<Message>;
  readonly #router: Router<SendToEntity<Message>>;
  readonly #owner: Owner<Given<Message>>;
  readonly #rhythm: Rhythm;
  readonly #children = new Map<string, ActorRef<Message>>();
  /** Who waits for the end of a shard's entities. */
  #handOffs: readonly HandOff[] = [];
  /** Shards whose memory could not be read, and since which epoch. */
  readonly #toWake = new Map<number, number>();
  readonly #self: string;
  readonly #life: string;
  #sequence = 0;
  /** When this host had nothing to keep any more: what came before is to leave too. */
  #lastBeforeLeaving: number | undefined;
  /** Of the newest coordinator that was heard. */
  #term = 0;

  constructor(context: Context<Message>, system: ActorSystem, settings: ShardingSettings<Message>) {
    this.#context = context;
    this.#system = system;
    this.#settings = settings;
    this.#self = context.self.address;
    this.#life = Math.floor(context.random() * 36 ** 6).toString(36);
    this.#router = new Router(settings.router);
    this.#owner = new Owner(this.#self, settings.owner);
    const { timers, signal } = context;
    this.#rhythm = new Rhythm(timers, settings);
    const unwatchTable = settings.table.watch(() => timers.once("table", 0, { type: "own-table" }));
    const unwatchLeader = settings.leadership.watch(() => timers.once("register", 0, { type: "own-leader" }));
    signal.addEventListener("abort", unwatchTable, { once: true });
    signal.addEventListener("abort", unwatchLeader, { once: true });
    this.#readTable();
    this.#register();
  }

  receive(message: AnyMessage<Message>): void {
    switch (message.type) {
      case "send":
        return this.#send(message);
      case "deliver":
        return this.#delivered(message);
      case "hand-off":
        return this.#handOff(message);
      case "own-table":
        return this.#readTable();
      case "own-look":
        return this.#look();
      case "own-leader":
        this.#rhythm.changed();
        return this.#register();
      case "own-register":
        return this.#register();
      case "own-drain":
        this.#settings.departure.begin(message.replyTo);
        return this.#register();
      case "own-stay":
        this.#settings.departure.stay();
        this.#lastBeforeLeaving = undefined;
        return this.#register();
      case "leave":
        return this.#mayLeave(message);
      case "own-entity-ended":
        this.#children.delete(message.entity);
        return this.#own(this.#owner.entityEnded(message.entity, this.#nowMs));
    }
  }

  #send(send: SendToEntity<Message>): void {
    if (!isEntityName(send.entity)) {
      const error = new ActorError("bad-message", "an entity cannot be called so");
      send.outcomeTo?.tell(refusedWith(error));
      return;
    }
    this.#sequence += 1;
    const delivery: Delivery<SendToEntity<Message>> = {
      sequence: this.#sequence,
      shard: shardOf(send.entity, this.#settings.shards),
      entity: send.entity,
      dueMs: this.#nowMs + (send.timeoutMs ?? this.#settings.deliveryTimeoutMs),
      isAcknowledged: send.isAcknowledged,
      content: send,
    };
    this.#route(this.#router.send(delivery, this.#nowMs));
  }

  #delivered(deliver: Deliver<Message>): void {
    const { entity, shard, epoch, id, sender, run, index, message, timeoutMs, replyTo } = deliver;
    const answer = (outcome: Outcome): void => {
      replyTo.tell(answerOf(outcome));
    };
    // Hosts that do not agree on the number of shards must not find out by mixing up owners.
    if (shardOf(entity, this.#settings.shards) !== shard) {
      return answer({
        type: "failed",
        error: new ActorError("bad-message", `${entity} is not of shard ${shard} here`),
      });
    }
    const content = { message, dueMs: this.#nowMs + timeoutMs, answer };
    const place = { sender, run, index };
    this.#own(this.#owner.arrived({ shard, entity, epoch, id, place, content }, this.#nowMs));
  }

  #handOff(handOff: HandOff): void {
    const { shard, epoch, term, isForBalance, replyTo } = handOff;
    if (term < this.#term || shard >= this.#settings.shards) {
      replyTo.tell({ type: "stale-term" });
      return;
    }
    this.#term = term;
    const { isBusy } = this.#settings;
    if (isForBalance === true && isBusy !== undefined && this.#owner.entitiesOf(shard).some(isBusy)) {
      replyTo.tell({ type: "busy" });
      return;
    }
    this.#handOffs = [...this.#handOffs, handOff].slice(-this.#settings.shards);
    this.#own(this.#owner.handOff(shard, epoch, this.#nowMs));
  }

  #readTable(): void {
    const { rows } = this.#settings.table.read();
    // What is taken away ends before anything is sent to who has it now.
    this.#own(this.#owner.table(rows, this.#nowMs));
    this.#route(this.#router.table(rows, this.#nowMs));
    this.#rhythm.changed();
    if (this.#settings.departure.isLeaving) this.#register();
  }

  #mayLeave({ isFree, term }: MayLeave): void {
    if (term < this.#term) return;
    this.#term = term;
    const { departure } = this.#settings;
    if (isFree) departure.freed();
    else departure.refuse(new ActorError("unsupported", "there is no other host that could take over"));
    this.#lookAtDeparture();
  }

  #lookAtDeparture(): void {
    if (!this.#settings.departure.isFree || !this.#owner.isEmpty) return;
    this.#lastBeforeLeaving ??= this.#sequence;
    if (this.#router.isThrough(this.#lastBeforeLeaving)) this.#settings.departure.over();
  }

  #look(): void {
    this.#own(this.#owner.tick(this.#nowMs));
    this.#route(this.#router.tick(this.#nowMs));
    this.#lookAtDeparture();
    if (this.#settings.departure.isLeaving) this.#rhythm.waits();
    const toWake = [...this.#toWake];
    this.#toWake.clear();
    for (const [shard, epoch] of toWake) void this.#wake(shard, epoch);
  }

  #register(): void {
    const region: ActorRef<HandOff | MayLeave> = this.#context.self;
    const { coordinator, departure } = this.#settings;
    const givenUp = this.#owner.givenUp();
    const { isLeaving, changes } = departure;
    coordinator.tell({ type: "send", message: { type: "register", region, givenUp, isLeaving, changes } });
    this.#rhythm.registered();
    if (departure.isLeaving) this.#rhythm.waits();
  }

  #route(effects: readonly RouterEffect<SendToEntity<Message>>[]): void {
    for (const effect of effects) {
      if (effect.type === "refuse") this.#refuse(effect.delivery.content, effect.error);
      else void this.#dispatch(effect);
    }
    if (this.#router.held > 0) this.#rhythm.waits();
  }

  /** Never rejects. */
  async #dispatch(dispatch: Dispatch<Message>): Promise<void> {
    const { delivery } = dispatch;
    let result: DispatchOutcome;
    try {
      const outcome = await this.#ask(dispatch);
      result = { type: outcome.type === "moved" || outcome.type === "again" ? outcome.type : "over" };
      if (outcome.type === "done") this.#done(delivery.content);
      if (outcome.type === "failed") this.#refuse(delivery.content, outcome.error);
    } catch (error) {
      result = this.#lost(delivery, error);
    }
    if (!this.#context.signal.aborted) this.#route(this.#router.settled(delivery, result, this.#nowMs));
  }

  #lost({ content }: Delivery<SendToEntity<Message>>, error: unknown): DispatchOutcome {
    const cause = isActorError(error) ? error : new ActorError("actor-failed", "a dispatch failed", { cause: error });
    if (cause.isUnsent) return { type: "unsent" };
    if (isActorError(cause, ...FINAL)) {
      this.#refuse(content, cause);
      return { type: "over" };
    }
    return isActorError(cause, ...NOBODY_THERE) ? { type: "moved" } : { type: "lost", error: cause };
  }

  #ask({ delivery, owner, epoch, place: { run, index } }: Dispatch<Message>): Promise<Outcome> {
    const { shard, entity, sequence, content, dueMs, isAcknowledged } = delivery;
    const sender = `${this.#self}/${this.#life}`;
    const id = isAcknowledged ? `${sender}.${sequence}` : undefined;
    const { message } = content;
    if (owner === this.#self) {
      return new Promise((answer) => {
        const arrival = { shard, entity, epoch, id, place: undefined, content: { message, dueMs, answer } };
        this.#own(this.#owner.arrived(arrival, this.#nowMs));
      });
    }
    const timeoutMs = Math.max(1, dueMs - this.#nowMs);
    const region = this.#system.resolve<RegionMessage<Message>>(owner);
    const options = { timeoutMs, signal: this.#context.signal, accepts: acceptsAnswer };
    const deliver = { type: "deliver" as const, entity, shard, epoch, id, sender, run, index, message, timeoutMs };
    return region.ask<DeliverAnswer>((replyTo) => ({ ...deliver, replyTo }), options).then(outcomeOf);
  }

  #own(effects: readonly OwnerEffect<Given<Message>>[]): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: OwnerEffect<Given<Message>>): void {
    switch (effect.type) {
      case "start":
        return this.#start(effect.entity, effect.shard, effect.epoch);
      case "stop":
        return this.#stop(effect.entity, effect.isOrderly);
      case "give":
        void this.#give(effect.arrival);
        return;
      case "answer":
        return effect.arrival.content.answer(effect.outcome);
      case "wake":
        void this.#wake(effect.shard, effect.epoch);
        return;
      case "forget":
        void this.#forget(effect.entity, effect.shard, effect.epoch);
        return;
      case "handed-off":
        return this.#handedOff(effect.shard, effect.epoch);
    }
  }

  #start(entity: string, shard: number, epoch: number): void {
    const { behavior, spawn, memory } = this.#settings;
    let isOver = false;
    const stamp = (): Stamp => {
      if (!isOver && this.#owner.serves(entity, epoch)) return this.#stamp(shard, epoch);
      throw new ActorError("stale-epoch", `${entity} of epoch ${epoch} lives here no more`);
    };
    const passivate = (): void => {
      if (!isOver && !this.#context.signal.aborted) this.#own(this.#owner.passivate(entity));
    };
    let inner: Behavior<Message> | undefined;
    const child = this.#context.spawn<Message>(
      async (context) => {
        try {
          // Before its first message: whoever was heard of is woken by the next owner.
          await memory?.add(this.#stamp(shard, epoch), entity, { signal: context.signal });
          // Here, so that what it throws is a crash of the entity, which is tried again.
          inner ??= behavior({ id: entity, shard, epoch, stamp, passivate });
          return await inner(context);
        } catch (error) {
          if (isActorError(error, "stale-epoch")) this.#superseded(shard, epoch);
          throw error;
        }
      },
      { ...spawn, ...nameFor(entity), restart: "transient" },
    );
    this.#children.set(entity, child);
    this.#context.watch(child, () => ({ type: "own-entity-ended", entity }));
    // Until then it may write down what it has, also when this region ends or crashes meanwhile.
    this.#system.watch(child, () => {
      isOver = true;
    });
  }

  /** It was refused before it began anything: whoever has the newer epoch is to have its messages. */
  #superseded(shard: number, epoch: number): void {
    if (!this.#context.signal.aborted) this.#own(this.#owner.superseded(shard, epoch));
  }

  #stop(entity: string, isOrderly: boolean): void {
    const child = this.#children.get(entity);
    if (child === undefined) return;
    // Its end comes by death watch, also when it has ended by itself meanwhile.
    this.#context.stopChild(child, { finishWithinMs: isOrderly ? Infinity : 0 }).catch((error: unknown) => {
      this.#context.log.debug("an entity had ended before it was stopped", { entity, error });
    });
  }

  /** Never rejects. */
  async #give(arrival: Arrival<Given<Message>>): Promise<void> {
    const { message, dueMs } = arrival.content;
    const child = this.#children.get(arrival.entity);
    let refusal: ActorError | undefined;
    try {
      if (child === undefined) throw new ActorError("actor-failed", `${arrival.entity} could not be started`);
      await child.offer(message, { acknowledged: true, timeoutMs: Math.max(1, dueMs - this.#nowMs) });
    } catch (error) {
      refusal = isActorError(error) ? error : new ActorError("actor-failed", "an entity failed", { cause: error });
    }
    if (!this.#context.signal.aborted) this.#own(this.#owner.handled(arrival, refusal, this.#nowMs));
  }

  /** Never rejects. Who cannot be woken now is woken later, or wakes with the first message. */
  async #wake(shard: number, epoch: number): Promise<void> {
    const { signal } = this.#context;
    try {
      const entities = (await this.#settings.memory?.load(this.#stamp(shard, epoch), { signal })) ?? [];
      if (!signal.aborted) this.#own(this.#owner.woken(shard, epoch, entities, this.#nowMs));
    } catch (error) {
      if (signal.aborted || this.#owner.activeEpoch(shard) !== epoch) return;
      if (isActorError(error, "stale-epoch")) return this.#superseded(shard, epoch);
      this.#toWake.set(shard, epoch);
      this.#rhythm.waits();
      this.#context.log.warn("the entities of a shard could not be woken yet", { shard, error });
    }
  }

  /** Never rejects. Who is not forgotten is woken once too often. */
  async #forget(entity: string, shard: number, epoch: number): Promise<void> {
    const { signal } = this.#context;
    try {
      await this.#settings.memory?.remove(this.#stamp(shard, epoch), entity, { signal });
    } catch (error) {
      if (!signal.aborted) this.#context.log.warn("an entity that sleeps was not forgotten", { entity, error });
    }
  }

  #handedOff(shard: number, upTo: number): void {
    const isOver = (each: HandOff): boolean => each.shard === shard && each.epoch <= upTo;
    const over = this.#handOffs.filter((each) => isOver(each));
    this.#handOffs = this.#handOffs.filter((each) => !isOver(each));
    for (const { replyTo } of over) replyTo.tell({ type: "handed-off" });
  }

  #stamp(shard: number, epoch: number): Stamp {
    return { scope: `${this.#settings.name}/${shard}`, kind: "epoch", token: epoch };
  }

  #done(send: SendToEntity<Message>): void {
    if (send.isAcknowledged) send.outcomeTo?.tell({ placement: "handled" });
  }

  #refuse({ entity, outcomeTo }: SendToEntity<Message>, error: ActorError): void {
    if (outcomeTo !== undefined) outcomeTo.tell(refusedWith(error));
    else this.#context.log.debug("a message for an entity was refused", { entity, error });
  }

  get #nowMs(): number {
    return this.#context.nowMs();
  }
}

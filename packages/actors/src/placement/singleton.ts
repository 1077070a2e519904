/**
 * One actor in the whole cluster, on the host that leads. Every host has a manager of it; a message to any manager comes to
 * the singleton, wherever that is. It is one only as far as fences see to it: everything it does carries its stamp.
 */
import type { Actor, ActorContext, Behavior, SpawnOptions } from "../core/behavior.ts";
import type { ActorRef } from "../core/ref.ts";
import type { ActorSystem } from "../core/system-options.ts";
import { ActorError, isActorError } from "../errors.ts";
import { messageKinds } from "../remoting/message-kinds.ts";
import type { Stamp } from "./fence.ts";
import { Held } from "./held.ts";
import type { Leadership, Members } from "./ports.ts";
import { isRefTo, type Refused, refusedWith } from "./refusal.ts";
import { type SettledOutcome, type SingletonEffect, SingletonPlan } from "./singleton-plan.ts";

/** What the singleton is in one term. */
export interface SingletonTerm {
  readonly term: number;
  /** For all that it does. @throws ActorError `stale-term` once this host knows that its time is over */
  stamp(): Stamp;
}

export interface SingletonOptions<Message> {
  /** Of the manager, `/name`, on every host; and of the scope of its stamps. */
  readonly name: string;
  readonly leadership: Leadership;
  /** Who may run it beside this host. */
  readonly members: Members;
  /** Called for each term in which it runs here. */
  readonly behavior: (term: SingletonTerm) => Behavior<Message>;
  readonly spawn?: Omit<SpawnOptions<Message>, "name" | "accepts" | "restart">;
  /** Looks at messages that come by way of other hosts: gives them back, or throws. */
  readonly accepts: (message: unknown) => Message;
  /** How long a new leader waits for the others to end theirs. Default 2,000. */
  readonly handOverTimeoutMs?: number;
  /** Messages that wait while nobody runs it; more are refused with `mailbox-full`. Default 256. */
  readonly maxHeld?: number;
  /** How long they wait; then they are refused with `ask-timeout`. Default 5,000. */
  readonly holdMs?: number;
}

/** What managers take from everybody. A refusal goes to `refusedTo`: see `askBeyond`. */
export interface SingletonSend<Message> {
  readonly type: "send";
  readonly message: Message;
  readonly refusedTo?: ActorRef<Refused> | undefined;
  /** How many managers it has passed. */
  readonly hops?: number | undefined;
}

type Released = { readonly staleBehind: number | undefined };

type Own<Message> =
  | SingletonSend<Message>
  | { readonly type: "release"; readonly term: number; readonly replyTo: ActorRef<Released> }
  | { readonly type: "own-leadership" }
  | { readonly type: "own-impatient"; readonly term: number }
  | { readonly type: "own-ended" }
  | { readonly type: "own-held" };

const MAX_HOPS = 4;
const HELD_LOOK_MS = 100;
/** Of the time that a new leader waits: so long the message at hand may go on before its signal is aborted. */
const FINISH_SHARE = 0.5;

/** Starts this host's manager of a singleton. @throws ActorError `name-taken`, `bad-option` */
export function startSingleton<Message>(
  system: ActorSystem,
  options: SingletonOptions<Message>,
): ActorRef<SingletonSend<Message>> {
  return system.spawn<Own<Message>>((context) => new Manager(context, system, options), {
    name: options.name,
    restart: "permanent",
    // One that crashes at each start is tried for as long as this host leads: the pauses grow, and all else here lives on.
    supervision: { maxRestarts: Infinity },
    accepts: messageKinds<Own<Message>>(options.name, {
      send: (message) => acceptsSend(message, options.accepts),
      release: acceptsRelease,
      "own-leadership": nobodyElse,
      "own-impatient": nobodyElse,
      "own-ended": nobodyElse,
      "own-held": nobodyElse,
    }),
  });
}

class Manager<Message> implements Actor<Own<Message>> {
  readonly #context: ActorContext<Own<Message>>;
  readonly #system: ActorSystem;
  readonly #options: SingletonOptions<Message>;
  readonly #plan: SingletonPlan<ActorRef<Released>>;
  readonly #held: Held<SingletonSend<Message>>;
  #child: ActorRef<Message> | undefined;

  constructor(context: ActorContext<Own<Message>>, system: ActorSystem, options: SingletonOptions<Message>) {
    this.#context = context;
    this.#system = system;
    this.#options = options;
    this.#held = new Held(options.maxHeld ?? 256);
    this.#plan = new SingletonPlan(system.peer, () => options.members.current().filter((peer) => peer !== system.peer));
    // The change is read when its turn comes; one message says it for all of them.
    const unwatch = options.leadership.watch(() => context.timers.once("leadership", 0, { type: "own-leadership" }));
    context.signal.addEventListener("abort", unwatch, { once: true });
    this.#carryOut(this.#plan.leadership(options.leadership.current()));
  }

  receive(message: Own<Message>): void {
    switch (message.type) {
      case "send":
        return this.#send(message);
      case "release":
        return this.#carryOut(this.#plan.asked(message.term, message.replyTo));
      case "own-leadership":
        this.#carryOut(this.#plan.leadership(this.#options.leadership.current()));
        return this.#sendHeld();
      case "own-impatient":
        return this.#carryOut(this.#plan.impatient(message.term));
      case "own-ended":
        this.#child = undefined;
        return this.#carryOut(this.#plan.ended());
      case "own-held":
        return this.#lookAtHeld();
    }
  }

  #carryOut(effects: readonly SingletonEffect<ActorRef<Released>>[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case "ask":
          for (const host of effect.hosts) void this.#ask(host, effect.term);
          this.#context.timers.once("impatient", this.#patienceMs, { type: "own-impatient", term: effect.term });
          break;
        case "start":
          this.#start(effect.term);
          break;
        case "end":
          this.#end();
          break;
        case "answer":
          effect.to.tell({ staleBehind: effect.staleBehind });
          break;
      }
    }
  }

  /** Never rejects. */
  async #ask(host: string, term: number): Promise<void> {
    const manager = this.#system.resolve<Own<Message>>(`parley://${host}/${encodeURIComponent(this.#options.name)}`);
    let outcome: SettledOutcome;
    try {
      const { staleBehind } = await manager.ask<Released>((replyTo) => ({ type: "release", term, replyTo }), {
        timeoutMs: this.#patienceMs,
        signal: this.#context.signal,
        accepts: acceptsReleased,
      });
      outcome = staleBehind === undefined ? { type: "released" } : { type: "stale", term: staleBehind };
    } catch (error) {
      // A host that stops takes no questions any more while it still ends what it runs.
      if (isActorError(error, "actor-stopped")) await this.#endOf(manager);
      outcome = { type: "unreachable" };
      this.#context.log.debug("a host could not be asked to give a singleton up", { host, term, error });
    }
    if (!this.#context.signal.aborted) this.#carryOut(this.#plan.settled(host, term, outcome));
  }

  /** Fulfilled when that manager has ended, or enough was waited for it. */
  #endOf(manager: ActorRef<never>): Promise<void> {
    const { clock, signal } = this.#context;
    return new Promise((resolve) => {
      const done = (): void => {
        unwatch();
        timer.cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const unwatch = this.#system.watch(manager, done);
      const timer = clock.after(this.#patienceMs, done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #start(term: number): void {
    const { behavior, spawn, name } = this.#options;
    this.#context.timers.cancel("impatient");
    let isOver = false;
    const stamp = (): Stamp => {
      if (!isOver && this.#plan.runningTerm === term) return { scope: `singleton/${name}`, kind: "term", token: term };
      throw new ActorError("stale-term", `${name} of term ${term} has had its time`);
    };
    let inner: Behavior<Message> | undefined;
    const child = this.#context.spawn<Message>(
      (context) => {
        // Here, so that what it throws is a crash of the singleton, which is tried again.
        inner ??= behavior({ term, stamp });
        return inner(context);
      },
      { ...spawn, restart: "transient" },
    );
    this.#child = child;
    this.#context.watch(child, () => ({ type: "own-ended" }));
    // Also when this manager ends or crashes meanwhile: the next one may run it in the same term.
    this.#system.watch(child, () => {
      isOver = true;
    });
    this.#sendHeld();
  }

  #end(): void {
    const child = this.#child;
    if (child === undefined) return;
    // Its end comes by death watch, also when it has ended by itself meanwhile.
    this.#context.stopChild(child, { finishWithinMs: this.#patienceMs * FINISH_SHARE }).catch((error: unknown) => {
      this.#context.log.debug("a singleton had ended before it was stopped", { name: this.#options.name, error });
    });
  }

  #send(send: SingletonSend<Message>): void {
    if (this.#plan.runningTerm !== undefined && this.#child !== undefined) {
      return this.#refuse(send, this.#child.tell(send.message));
    }
    const { leader } = this.#options.leadership.current();
    if (leader === undefined || leader === this.#system.peer) return this.#hold(send);
    const { hops = 0 } = send;
    if (hops >= MAX_HOPS) {
      return this.#refuse(
        send,
        new ActorError("no-such-actor", `no host admits to leading, for ${this.#options.name}`),
      );
    }
    const manager = this.#system.resolve<Own<Message>>(`parley://${leader}/${encodeURIComponent(this.#options.name)}`);
    void this.#forward(send, manager, hops + 1);
  }

  /** Never rejects. Offered, so that whoever waits hears at once when the leader cannot be reached. */
  async #forward(send: SingletonSend<Message>, to: ActorRef<Own<Message>>, hops: number): Promise<void> {
    try {
      await to.offer({ ...send, hops }, { timeoutMs: this.#holdMs, signal: this.#context.signal });
    } catch (error) {
      this.#refuse(
        send,
        isActorError(error) ? error : new ActorError("unsupported", "a message cannot travel", { cause: error }),
      );
    }
  }

  #hold(send: SingletonSend<Message>): void {
    const { name } = this.#options;
    if (this.#held.add(send, this.#context.nowMs() + this.#holdMs)) {
      if (!this.#context.timers.isActive("held"))
        this.#context.timers.every("held", HELD_LOOK_MS, { type: "own-held" });
    } else this.#refuse(send, new ActorError("mailbox-full", `${this.#held.size} messages wait for ${name} already`));
  }

  #sendHeld(): void {
    for (const send of this.#held.drain()) this.#send(send);
  }

  #lookAtHeld(): void {
    for (const send of this.#held.expired(this.#context.nowMs())) {
      this.#refuse(send, new ActorError("ask-timeout", `nobody ran ${this.#options.name} in time`));
    }
    if (this.#held.size === 0) this.#context.timers.cancel("held");
  }

  #refuse({ refusedTo }: SingletonSend<Message>, error: ActorError | undefined): void {
    if (error === undefined) return;
    if (refusedTo !== undefined) refusedTo.tell(refusedWith(error));
    else this.#context.log.debug("a message for a singleton was refused", { name: this.#options.name, error });
  }

  get #holdMs(): number {
    return this.#options.holdMs ?? 5_000;
  }

  get #patienceMs(): number {
    return this.#options.handOverTimeoutMs ?? 2_000;
  }
}

function acceptsSend<Message>(
  value: unknown,
  accepts: (message: unknown) => Message,
): SingletonSend<Message> & { readonly type: "send" } {
  if (typeof value !== "object" || value === null || !("message" in value)) throw new TypeError("it sends nothing");
  const refusedTo = "refusedTo" in value ? value.refusedTo : undefined;
  const hops = "hops" in value ? value.hops : undefined;
  if (refusedTo !== undefined && !isRefTo<Refused>(refusedTo)) throw new TypeError("refusedTo is no reference");
  if (hops !== undefined && (typeof hops !== "number" || !Number.isSafeInteger(hops))) throw new TypeError("bad hops");
  return { type: "send", message: accepts(value.message), refusedTo, hops };
}

function acceptsRelease<Message>(value: unknown): Extract<Own<Message>, { readonly type: "release" }> {
  if (typeof value !== "object" || value === null || !("term" in value) || !("replyTo" in value)) {
    throw new TypeError("a field is missing");
  }
  const { term, replyTo } = value;
  if (typeof term !== "number" || !Number.isSafeInteger(term) || !isRefTo<Released>(replyTo))
    throw new TypeError("bad field");
  return { type: "release", term, replyTo };
}

function acceptsReleased(value: unknown): void {
  const isIt = typeof value === "object" && value !== null && "staleBehind" in value;
  if (!isIt || (value.staleBehind !== undefined && !Number.isSafeInteger(value.staleBehind))) {
    throw new TypeError("this is no answer to a release");
  }
}

function nobodyElse(): never {
  throw new TypeError("it comes from nowhere but itself");
}

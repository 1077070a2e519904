/**
 * The sessions of a peer that has no house to share them with: it belongs to none, or its house cannot agree on anything now. They live in
 * an actor system of its own, which no other host can reach, under the same names as elsewhere.
 */
import {
  createActorSystem,
  type Actor,
  type ActorContext,
  type ActorLog,
  type ActorRef,
  type ActorSystem,
  type Clock,
} from "@parley/actors";
import { sessionBehavior, type SessionGround } from "./actor.ts";
import type { SessionMessage } from "./wire.ts";

export interface LocalSessionsOptions {
  readonly ground: SessionGround;
  readonly log: ActorLog;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

interface Delivery {
  readonly id: string;
  readonly message: SessionMessage;
}

const ANSWER_MS = 5_000;

export class LocalSessions {
  readonly system: ActorSystem;
  readonly #keeper: ActorRef<Delivery>;
  readonly #ids = new Set<string>();

  constructor({ ground, log, clock }: LocalSessionsOptions) {
    this.system = createActorSystem({ peer: ground.host, log, ...(clock === undefined ? {} : { clock }) });
    this.#keeper = this.system.spawn<Delivery>((context) => new Keeper(ground, this.#ids, context), {
      name: "sessions",
      restart: "permanent",
      // One that keeps crashing is its own affair.
      supervision: { maxRestarts: Infinity },
    });
  }

  /** Whether a session of this id lives here. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** @throws ActorError when it does not answer in time */
  ask<Reply>(id: string, make: (replyTo: ActorRef<Reply>) => SessionMessage): Promise<Reply> {
    return this.#keeper.ask<Reply>((replyTo) => ({ id, message: make(replyTo) }), { timeoutMs: ANSWER_MS });
  }

  async close(): Promise<void> {
    await this.system.stop();
  }
}

/** Starts a session with its first message, and again with the next after its end. */
class Keeper implements Actor<Delivery> {
  readonly #ground: SessionGround;
  readonly #ids: Set<string>;
  readonly #context: ActorContext<Delivery>;
  readonly #living = new Map<string, ActorRef<SessionMessage>>();
  /** On their way to their end: what comes for them waits for that. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(ground: SessionGround, ids: Set<string>, context: ActorContext<Delivery>) {
    this.#ground = ground;
    this.#ids = ids;
    this.#context = context;
    ids.clear();
  }

  receive(delivery: Delivery): void {
    const { id, message } = delivery;
    const ending = this.#ending.get(id);
    if (ending === undefined) (this.#living.get(id) ?? this.#start(id)).tell(message);
    else void ending.then(() => this.#context.self.tell(delivery));
  }

  #start(id: string): ActorRef<SessionMessage> {
    const stay = { id, passivate: () => this.#end(id, started) };
    const started: ActorRef<SessionMessage> = this.#context.spawn(sessionBehavior(this.#ground, stay), { name: id });
    this.#living.set(id, started);
    this.#ids.add(id);
    return started;
  }

  #end(id: string, session: ActorRef<SessionMessage>): void {
    if (this.#living.get(id) !== session || this.#context.signal.aborted) return;
    this.#living.delete(id);
    this.#ids.delete(id);
    this.#ending.set(id, this.#stop(id, session));
  }

  /** Never rejects. */
  async #stop(id: string, session: ActorRef<SessionMessage>): Promise<void> {
    try {
      await this.#context.stopChild(session);
    } catch (error) {
      this.#context.log.debug("a session had ended before it was stopped", { id, error });
    }
    this.#ending.delete(id);
  }
}

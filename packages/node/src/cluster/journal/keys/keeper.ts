/**
 * Keeps keys of turns for the sessions of all hosts, in memory, on every member that votes. It gives them to members that ask, and
 * asks the others itself for what it lacks: when it begins, when others vote than before, when something was written with a key that
 * it has not.
 */
import type { Actor, ActorContext, ActorRef, ActorSystem } from "@parley/actors";
import type { SharedState } from "../../consensus/shared-state.ts";
import { isMajority, textOf, votersOf, type Electorate } from "./electorate.ts";
import { acceptsKeeperMessage, KEEPER, pulledAnswer, type KeeperMessage, type Pulled } from "./protocol.ts";
import { GRACE_MS, KeyStore } from "./store.ts";

export interface KeeperOptions {
  readonly shared: Pick<SharedState, "now" | "watch">;
  /** Who votes now, as far as it is known here. */
  readonly electorate: () => Electorate;
}

const MAILBOX = 1_024;
const LOOK_EVERY_MS = 1_000;
const PULL_TIMEOUT_MS = 2_000;
/** What nobody has is asked for ever more seldom. */
const MAX_PULL_PAUSE_MS = 60_000;

/** Starts this member's keeper. Its keys outlive its crashes, and end with the system. */
export function startKeeper(system: ActorSystem, options: KeeperOptions): KeyStore {
  const store = new KeyStore();
  system.spawn<KeeperMessage>((context) => new Keeper(context, store, system, options), {
    name: KEEPER,
    mailbox: { capacity: MAILBOX },
    accepts: acceptsKeeperMessage,
  });
  void system.stopped.then(() => store.clear());
  return store;
}

class Keeper implements Actor<KeeperMessage> {
  readonly #context: ActorContext<KeeperMessage>;
  readonly #store: KeyStore;
  readonly #system: ActorSystem;
  readonly #options: KeeperOptions;
  readonly #stopWatching: () => void;
  #isWhole = false;
  #isPulling = false;
  /** The electorate at the last time that most of it answered. */
  #asked: string | undefined;
  #pullPauseMs = LOOK_EVERY_MS;
  #pullAtMs = 0;
  #votedMs: number;

  constructor(context: ActorContext<KeeperMessage>, store: KeyStore, system: ActorSystem, options: KeeperOptions) {
    this.#context = context;
    this.#store = store;
    this.#system = system;
    this.#options = options;
    this.#votedMs = context.nowMs();
    this.#stopWatching = options.shared.watch(
      ({ journals }) => journals,
      () => this.#follow(),
    );
    context.timers.every("look", LOOK_EVERY_MS, { type: "own-look" });
    this.#look();
  }

  receive(message: KeeperMessage): void {
    switch (message.type) {
      case "keep": {
        const isKept = this.#isVoter && this.#store.keep(message.session, message, this.#context.nowMs());
        this.#follow();
        message.replyTo.tell({ isKept });
        return;
      }
      case "find": {
        const { session, names, replyTo } = message;
        replyTo.tell({ turns: this.#store.find(session, names), isWhole: this.#isWhole });
        return;
      }
      case "pull":
        message.replyTo.tell({ sessions: [...this.#store.all()] });
        return;
      case "own-look":
        this.#look();
    }
  }

  onStop(): void {
    this.#stopWatching();
  }

  get #isVoter(): boolean {
    return votersOf(this.#options.electorate()).includes(this.#system.peer);
  }

  #follow(): void {
    this.#store.follow(this.#options.shared.now.journals, this.#context.nowMs());
  }

  #look(): void {
    const nowMs = this.#context.nowMs();
    this.#follow();
    if (!this.#isVoter) {
      // Its vote may come back soon; who does not vote keeps no keys.
      if (nowMs - this.#votedMs > GRACE_MS) this.#store.clear();
      return;
    }
    this.#votedMs = nowMs;
    const isDue = this.#asked !== textOf(this.#options.electorate()) || this.#lacks();
    if (!isDue || this.#isPulling || nowMs < this.#pullAtMs) return;
    this.#isPulling = true;
    this.#pull()
      .catch((error: unknown) => this.#context.fail(error))
      .finally(() => (this.#isPulling = false));
  }

  #lacks(): boolean {
    return this.#store.lacks(this.#options.shared.now.journals);
  }

  /** Asks all others for all that they have. */
  async #pull(): Promise<void> {
    const electorate = this.#options.electorate();
    const members = [...this.#options.shared.now.members.keys()];
    const others = new Set([...members, ...votersOf(electorate)]);
    others.delete(this.#system.peer);
    const answered = new Set([this.#system.peer]);
    await Promise.all(
      [...others].map(async (peer) => {
        const pulled = await this.#ask(peer);
        // It may vote no more by now.
        if (pulled === undefined || this.#context.signal.aborted || !this.#isVoter) return;
        answered.add(peer);
        const nowMs = this.#context.nowMs();
        for (const [session, turns] of pulled.sessions) {
          for (const keys of turns) this.#store.keep(session, keys, nowMs);
        }
        this.#follow();
      }),
    );
    if (this.#context.signal.aborted) return;
    const isDone = isMajority(electorate, answered);
    if (isDone) [this.#isWhole, this.#asked] = [true, textOf(electorate)];
    const isEnough = isDone && !this.#lacks();
    this.#pullPauseMs = isEnough ? LOOK_EVERY_MS : Math.min(MAX_PULL_PAUSE_MS, 2 * this.#pullPauseMs);
    this.#pullAtMs = this.#context.nowMs() + this.#pullPauseMs;
  }

  /** Undefined for who does not answer, or nonsense. */
  async #ask(peer: string): Promise<Pulled | undefined> {
    const keeper = this.#system.resolve<KeeperMessage>(`parley://${peer}/${KEEPER}`);
    const { signal } = this.#context;
    const make = (replyTo: ActorRef<Pulled>): KeeperMessage => ({ type: "pull", replyTo });
    try {
      return pulledAnswer(await keeper.ask<Pulled>(make, { timeoutMs: PULL_TIMEOUT_MS, signal }));
    } catch (error) {
      this.#context.log.debug("a keeper of keys could not be asked", { peer, error });
      return undefined;
    }
  }
}

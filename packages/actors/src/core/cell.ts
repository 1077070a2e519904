/** One actor: its mailbox, the life it has now, and its place in the tree. Everybody else knows it by its reference. */
import { ActorError, textOf } from "../errors.ts";
import { FIRST_STATE, mustStep, nextState } from "../supervision/lifecycle.ts";
import type { LifecycleState } from "../supervision/lifecycle-state.ts";
import { type RestartPolicy, type SupervisionSpec, supervisionOf } from "../supervision/spec.ts";
import { formatAddress, formatPath } from "./address.ts";
import type { Actor, Behavior, Handler, Receive, SpawnOptions, StopChildOptions } from "./behavior.ts";
import type { Child } from "./child.ts";
import { Children, notAChild, type Supervisor } from "./children.ts";
import { Envelope } from "./envelope.ts";
import { Inbox } from "./inbox.ts";
import { Leaving } from "./leaving.ts";
import { Life, type LifeHost } from "./life.ts";
import { LocalRef } from "./local-ref.ts";
import { mailboxSettings } from "./mailbox.ts";
import type { ActorRef, TerminationReason } from "./ref.ts";
import type { Runtime } from "./runtime.ts";
import { mustBeFunction, nameOf, restartOf, stashCapacityOf, stopTimeoutOf } from "./spawn-settings.ts";
import type { ActorSnapshot } from "./system-options.ts";
import { isThenable } from "./thenable.ts";

/** Where an actor hangs in the tree; the same for all its siblings. */
export interface Place {
  /** Names from the root down to the parent. */
  readonly path: readonly string[];
  readonly siblings: Children<Cell>;
}

export class Cell extends Inbox implements Child, Supervisor, LifeHost<unknown> {
  readonly name: string;
  readonly ref: LocalRef<unknown>;
  readonly restart: RestartPolicy;
  readonly accepts: ((message: unknown, from: string) => unknown) | undefined;
  readonly stashCapacity: number;
  readonly #place: Place;
  readonly #incarnation: number;
  readonly #behavior: Behavior<unknown>;
  readonly #supervision: SupervisionSpec;
  readonly #stopTimeoutMs: number;
  state: LifecycleState = FIRST_STATE;
  /** A message, the set-up or the stop hook is at hand; nothing else may be. */
  #isBusy = false;
  /** Counts what was awaited, so that what is left behind is not mistaken for what is at hand. */
  #turn = 0;
  #receive: Receive<unknown> = nobody;
  #actor: Actor<unknown> | undefined = undefined;
  #life: Life<unknown> | undefined = undefined;
  #children: Children<Cell> | undefined = undefined;
  #childPlace: Place | undefined = undefined;
  #current: Envelope | undefined = undefined;
  #currentMessage: unknown = undefined;
  #leaving: Leaving | undefined = undefined;
  #restarts = 0;
  #lastError: unknown = undefined;

  /** @throws ActorError `bad-option` */
  constructor(runtime: Runtime, place: Place, behavior: Behavior<unknown>, options: SpawnOptions<unknown>) {
    super(runtime, mailboxSettings(options.mailbox));
    this.#incarnation = runtime.nextIncarnation();
    this.name = nameOf(options.name, this.#incarnation);
    this.#place = place;
    this.#behavior = mustBeFunction(behavior, "a behaviour");
    this.restart = restartOf(options);
    this.accepts = options.accepts === undefined ? undefined : mustBeFunction(options.accepts, "accepts");
    this.stashCapacity = stashCapacityOf(options);
    this.#supervision = supervisionOf(options.supervision);
    this.#stopTimeoutMs = stopTimeoutOf(options, runtime);
    this.ref = new LocalRef(runtime, this);
  }

  override get path(): string {
    return formatPath(this.#names());
  }

  override get address(): string {
    return formatAddress({ peer: this.runtime.peer, path: this.#names(), incarnation: this.incarnation });
  }

  get incarnation(): string {
    return `${this.runtime.nonce}.${this.#incarnation.toString(36)}`;
  }

  child(name: string): Cell | undefined {
    return this.#children?.get(name);
  }

  snapshot(): ActorSnapshot {
    return {
      path: this.path,
      state: this.state,
      restart: this.restart,
      restarts: this.#restarts,
      mailboxDepth: this.mailbox.depth,
      mailboxCapacity: this.mailbox.settings.capacity,
      offersWaiting: this.mailbox.offersWaiting,
      stashed: this.#life?.stashed ?? 0,
      lastError: this.#lastError,
      children: (this.#children?.all() ?? []).map((child) => child.snapshot()),
    };
  }

  setAside(message: unknown): unknown {
    const envelope = this.#current;
    // What the runtime itself sends has done its part once it is opened: only the message is kept.
    if (envelope === undefined || envelope.isReserved || this.#currentMessage !== message) return message;
    this.#current = undefined;
    return envelope;
  }

  // Work.

  /** Its first start: {@link run} does the rest. */
  begin(): void {
    this.queue();
  }

  override run(limit: number): number {
    if (!this.takesTurn()) return 1;
    if (this.state === "running") return this.#work(limit);
    if (this.state === "starting") this.#setUp();
    return 1;
  }

  #work(limit: number): number {
    const mailbox = this.mailbox;
    let handled = 0;
    this.#isBusy = true;
    try {
      while (handled < limit && mailbox.depth > 0 && this.state === "running") {
        handled += 1;
        const item = mailbox.isPlain ? mailbox.shift() : mailbox.next();
        const pending = item instanceof Envelope ? this.#openAndReceive(item) : this.#receive(item);
        if (pending !== undefined && isThenable(pending)) {
          this.#waitFor(pending, () => this.#handled());
          return handled;
        }
      }
    } catch (error) {
      this.#crashed(error);
      return handled;
    }
    this.#isBusy = false;
    this.#proceed();
    return handled;
  }

  #openAndReceive(envelope: Envelope): void | Promise<void> {
    if (!envelope.isWanted()) return undefined;
    this.#current = envelope;
    const message = envelope.open();
    this.#currentMessage = message;
    const pending = this.#receive(message);
    if (pending !== undefined && isThenable(pending)) return pending;
    this.#envelopeDone();
    return undefined;
  }

  #handled(): void {
    this.#envelopeDone();
    this.#isBusy = false;
    this.#proceed();
  }

  #envelopeDone(): void {
    const envelope = this.#current;
    this.#current = undefined;
    this.#currentMessage = undefined;
    envelope?.done();
  }

  /** What was at hand threw. */
  #crashed(error: unknown): void {
    this.#isBusy = false;
    const envelope = this.#current;
    this.#current = undefined;
    this.#currentMessage = undefined;
    envelope?.failed(new ActorError("actor-failed", `${this.path} crashed on a message`, { cause: error }));
    this.crash(error);
    this.#proceed();
  }

  /** `then` and crashes are left out when the actor has not waited for it to the end. */
  #waitFor<Result>(pending: PromiseLike<Result>, then: (result: Result) => void): void {
    this.#turn += 1;
    const turn = this.#turn;
    pending.then(
      (result) => {
        if (turn === this.#turn) then(result);
      },
      (error: unknown) => {
        if (turn === this.#turn) this.#crashed(error);
        else this.runtime.log.warn("what an actor was left behind with has failed", { actor: this.path, error });
      },
    );
  }

  /** Nothing is at hand any more: on to the next thing. */
  #proceed(): void {
    if (this.state !== "running") this.#advance();
    else if (this.mailbox.depth > 0) this.queue();
    else this.isIdle = true;
  }

  // Life.

  install(handler: Handler<unknown>): void {
    this.#actor = typeof handler === "function" ? undefined : handler;
    this.#receive = typeof handler === "function" ? handler : (message) => handler.receive(message);
  }

  spawn<Message>(behavior: Behavior<Message>, options: SpawnOptions<Message> = {}): ActorRef<Message> {
    this.#children ??= new Children<Cell>(this.runtime, this.#supervision, this);
    this.#childPlace ??= { path: this.#names(), siblings: this.#children };
    return spawnInto(this.runtime, this.#childPlace, behavior, options);
  }

  stopChild(ref: ActorRef<never>, options?: StopChildOptions): Promise<void> {
    return this.#children?.stop(ref, options) ?? Promise.reject(notAChild(ref));
  }

  requestStop(): void {
    this.#place.siblings.ended(this, undefined);
  }

  escalate(error: ActorError): void {
    this.crash(error);
  }

  childGone(): void {
    this.#advance();
  }

  crash(error: unknown): void {
    this.#lastError = error;
    this.runtime.log.warn("an actor crashed", { actor: this.path, state: this.state, error });
    const next = nextState(this.state, "crashed");
    if (next === undefined) return;
    this.state = next;
    this.isIdle = false;
    const cause = new ActorError("actor-failed", `${this.path} crashed: ${textOf(error)}`, { cause: error });
    this.#place.siblings.ended(this, cause);
  }

  clear(): void {
    this.state = mustStep(this.state, "restart");
    this.#leave("restart");
  }

  resume(): void {
    this.state = mustStep(this.state, "due");
    this.#restarts += 1;
    this.queueLast();
  }

  stop(reason: TerminationReason, error: ActorError | undefined, finishWithinMs = 0): void {
    if (this.#leaving !== undefined && finishWithinMs === 0) this.#life?.end();
    const patienceMs = this.state === "running" ? finishWithinMs : 0;
    const next = nextState(this.state, "stop");
    if (next === undefined) return;
    this.state = next;
    this.end = { ref: this.ref, reason, error };
    if (this.#leaving === undefined) this.#leave("stop", patienceMs);
  }

  abandon(error: ActorError): void {
    if (this.state === "stopped") return;
    if (this.state !== "stopping") {
      this.state = mustStep(this.state, "stop");
      this.end = { ref: this.ref, reason: "stopped", error };
    }
    this.#leaving ??= new Leaving("stop");
    this.#life?.end();
    this.#cutShort(error);
  }

  #setUp(): void {
    const life = new Life(this);
    this.#life = life;
    this.#isBusy = true;
    try {
      const handler = this.#behavior(life);
      if (handler instanceof Promise) this.#waitFor(handler, (made) => this.#started(made));
      else this.#started(handler);
    } catch (error) {
      this.#crashed(error);
    }
  }

  #started(handler: Handler<unknown>): void {
    // Also when it is to stop already: its stop hook frees what the set-up took.
    this.install(handler);
    this.#isBusy = false;
    if (this.state === "starting") this.state = mustStep(this.state, "started");
    this.#proceed();
  }

  /** Ends this life: the message at hand first, with all it has for `patienceMs`, then the children, then its own hook. */
  #leave(reason: "stop" | "restart", patienceMs = 0): void {
    const leaving = new Leaving(reason);
    this.#leaving = leaving;
    this.isIdle = false;
    if (patienceMs === 0) this.#life?.end();
    this.#advance();
    if (this.#leaving !== leaving) return;
    if (patienceMs === 0) return this.#limit(leaving);
    leaving.limit(this.runtime.clock, Math.min(patienceMs, this.#stopTimeoutMs), () => {
      this.#life?.end();
      this.#limit(leaving);
    });
  }

  #limit(leaving: Leaving): void {
    leaving.limit(this.runtime.clock, this.#stopTimeoutMs, () => {
      this.runtime.log.warn("an actor did not stop in time and was left behind", { actor: this.path });
      this.#cutShort(new ActorError("stop-timeout", `${this.path} did not stop within ${this.#stopTimeoutMs} ms`));
    });
  }

  #advance(): void {
    const leaving = this.#leaving;
    if (leaving === undefined || this.#isBusy) return;
    this.#life?.end();
    // The last child to go calls this again.
    if (this.#children !== undefined && this.#children.size > 0) return this.#children.stopAll();
    const pending = this.#runHook(leaving);
    if (pending === undefined) return this.#left(leaving);
    this.#isBusy = true;
    this.#waitFor(pending, () => {
      this.#isBusy = false;
      this.#advance();
    });
  }

  /** A hook that fails is a matter for the log: the life is over all the same. */
  #runHook(leaving: Leaving): PromiseLike<void> | undefined {
    try {
      return leaving.runHook(this.#actor);
    } catch (error) {
      this.crash(error);
      return undefined;
    }
  }

  #cutShort(error: ActorError): void {
    const leaving = this.#leaving;
    if (leaving === undefined) return;
    this.#turn += 1;
    this.#isBusy = false;
    leaving.skipHook();
    this.#lastError = error;
    this.#current?.failed(error);
    this.#current = undefined;
    this.#currentMessage = undefined;
    this.#children?.abandonAll(error);
    this.#left(leaving);
  }

  #left(leaving: Leaving): void {
    if (this.#leaving !== leaving) return;
    leaving.over();
    this.#leaving = undefined;
    this.#actor = undefined;
    this.#receive = nobody;
    this.#children = undefined;
    this.#childPlace = undefined;
    if (this.state === "clearing") {
      this.state = mustStep(this.state, "cleared");
      this.#place.siblings.cleared(this);
      return;
    }
    this.state = mustStep(this.state, "ended");
    if (this.end !== undefined) this.close(this.end);
    this.#place.siblings.gone(this);
  }

  protected override hasEnded(): boolean {
    return this.state === "stopped";
  }

  #names(): readonly string[] {
    return [...this.#place.path, this.name];
  }
}

/** Makes an actor and starts it. @throws ActorError `name-taken`, `bad-option`, `actor-stopped` */
export function spawnInto<Message>(
  runtime: Runtime,
  place: Place,
  behavior: Behavior<Message>,
  options: SpawnOptions<Message>,
): ActorRef<Message> {
  // Its reference, which is all that gives it messages, is typed; inside they are unknown.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  const cell = new Cell(runtime, place, behavior as unknown as Behavior<unknown>, options as SpawnOptions<unknown>);
  place.siblings.add(cell);
  cell.begin();
  return cell.ref;
}

function nobody(): void {}

/** An actor system: the root of a tree of actors, and what they share. */
import { ActorError, textOf } from "../errors.ts";
import { supervisionOf } from "../supervision/spec.ts";
import { isPeerName } from "./address.ts";
import { askByTelling } from "./ask.ts";
import { baseOf } from "./base-ref.ts";
import type { Behavior, SpawnOptions } from "./behavior.ts";
import { type Cell, type Place, spawnInto } from "./cell.ts";
import { Children, type Supervisor } from "./children.ts";
import { Closables } from "./closables.ts";
import { Deadlines, mustBeTimeout } from "./deadlines.ts";
import { Directory } from "./directory.ts";
import { Dispatcher } from "./dispatcher.ts";
import { guardedLog } from "./guarded-log.ts";
import type { ActorLog, Clock, RandomSource } from "./ports.ts";
import type {
  ActorRef,
  AskOptions,
  OfferedStreamOptions,
  StreamOpening,
  StreamOptions,
  StreamRef,
  Terminated,
  WaitOptions,
} from "./ref.ts";
import { RemoteBooks } from "./remote-books.ts";
import { Door } from "./remote-host.ts";
import type { Runtime } from "./runtime.ts";
import { AskedStream, OpenedOnce, StreamReader } from "./stream-reader.ts";
import { StreamSource } from "./stream-source.ts";
import { systemClock } from "./system-clock.ts";
import type { ActorSnapshot, ActorSystem, ActorSystemOptions, Refusal } from "./system-options.ts";
import { Temporaries } from "./temporaries.ts";

const ASK_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 5_000;
const STREAM_IDLE_TIMEOUT_MS = 30_000;
/** Room for 2.8 million million lives of one host. */
const NONCE_DIGITS = 8;

/** Starts an actor system. @throws ActorError `bad-option` */
export function createActorSystem(options: ActorSystemOptions): ActorSystem {
  return new System(options);
}

class System implements ActorSystem, Runtime, Supervisor {
  readonly peer: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: ActorLog;
  readonly dispatcher: Dispatcher;
  readonly deadlines: Deadlines;
  readonly temporaries: Temporaries;
  readonly askTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly nonce: string;
  readonly stopped: Promise<ActorError | undefined>;
  isStopped = false;
  readonly #settleStopped: (error: ActorError | undefined) => void;
  readonly #onRefused: (refusal: Refusal) => void;
  readonly #top: Children<Cell>;
  readonly #place: Place;
  readonly #door: Door;
  readonly #books = new RemoteBooks();
  readonly #streams = new Closables();
  #incarnations = 0;
  #isStopping = false;
  #gaveUp: ActorError | undefined;

  constructor(options: ActorSystemOptions) {
    if (!isPeerName(options.peer))
      throw new ActorError("bad-option", `"${textOf(options.peer)}" cannot be a host's name`);
    this.peer = options.peer;
    this.clock = options.clock ?? systemClock();
    this.random = options.random ?? Math.random;
    this.log = guardedLog(options.log, this.clock);
    this.askTimeoutMs = mustBeTimeout(options.askTimeoutMs ?? ASK_TIMEOUT_MS, "askTimeoutMs");
    this.stopTimeoutMs = mustBeTimeout(options.stopTimeoutMs ?? STOP_TIMEOUT_MS, "stopTimeoutMs");
    this.streamIdleTimeoutMs = mustBeTimeout(
      options.streamIdleTimeoutMs ?? STREAM_IDLE_TIMEOUT_MS,
      "streamIdleTimeoutMs",
    );
    this.#onRefused =
      options.onRefused ?? (({ address, error }) => this.log.debug("a message was refused", { address, error }));
    this.dispatcher = new Dispatcher(this.clock);
    this.deadlines = new Deadlines(this.clock);
    this.nonce = Math.floor(this.random() * 36 ** NONCE_DIGITS).toString(36);
    this.temporaries = new Temporaries(this.peer, this.nonce);
    this.#top = new Children<Cell>(this, supervisionOf(options.supervision), this);
    this.#place = { path: [], siblings: this.#top };
    const { promise, resolve } = Promise.withResolvers<ActorError | undefined>();
    this.stopped = promise;
    this.#settleStopped = resolve;
    this.#door = new Door(this, new Directory(this.#top, this.temporaries), this.#books);
    if (options.remoting !== undefined) this.#books.delivery = options.remoting(this.#door);
  }

  // Its owner's.

  spawn<Message>(behavior: Behavior<Message>, options: SpawnOptions<Message> = {}): ActorRef<Message> {
    if (this.#isStopping) throw new ActorError("system-stopped", `the actor system of ${this.peer} is stopping`);
    return spawnInto(this, this.#place, behavior, options);
  }

  resolve<Message>(address: string): ActorRef<Message> {
    // An address has no type: the caller says what may be sent there.
    return this.#door.resolve(address);
  }

  async stopActor(ref: ActorRef<never>): Promise<void> {
    await this.#top.stop(ref);
  }

  watch(ref: ActorRef<never>, ended: (terminated: Terminated) => void): () => void {
    const base = baseOf(ref);
    let isWanted = true;
    const watcher = {
      terminated: (terminated: Terminated) => {
        this.clock.soon(() => {
          if (isWanted) ended(terminated);
        });
      },
    };
    base.watch(watcher);
    return () => {
      isWanted = false;
      base.unwatch(watcher);
    };
  }

  offerStream<Item>(
    items: AsyncIterable<Item> | Iterable<Item>,
    options?: OfferedStreamOptions<Item>,
  ): StreamRef<Item> {
    this.#mustRun();
    return this.#streams.own((closed) => new StreamSource(this, items, options, closed));
  }

  readStream<Item>(stream: StreamRef<Item>, options?: StreamOptions): StreamReader<Item> {
    return this.#reader(stream, options);
  }

  inspect(): readonly ActorSnapshot[] {
    return this.#top.all().map((cell) => cell.snapshot());
  }

  async stop({ timeoutMs = this.stopTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#beginToStop(mustBeTimeout(timeoutMs, "timeoutMs"));
    await this.stopped;
  }

  // What the actors share.

  nextIncarnation(): number {
    this.#incarnations += 1;
    return this.#incarnations;
  }

  refused(address: string, message: unknown, error: ActorError): void {
    try {
      this.#onRefused({ address, message, error });
    } catch (thrown) {
      this.log.error("onRefused has thrown", { address, error, thrown });
    }
  }

  ask<Message, Reply>(
    to: ActorRef<Message>,
    make: (replyTo: ActorRef<Reply>) => Message,
    options: AskOptions | undefined,
  ): Promise<Reply> {
    return askByTelling(this, to, make, options);
  }

  stream<Message, Item>(
    to: ActorRef<Message>,
    make: (replyTo: ActorRef<StreamRef<Item>>, open: () => StreamOpening<Item>) => Message,
    options: (StreamOptions & WaitOptions) | undefined,
  ): AsyncIterable<Item> {
    return new AskedStream(async () => {
      const opened = new OpenedOnce<Item>(() => this.#reader(undefined, options));
      const source = to.ask<StreamRef<Item>>((replyTo) => make(replyTo, opened.open), options);
      const { reader } = opened;
      if (reader === undefined) return this.readStream(await source, options);
      source.then(
        (given) => reader.attach(given),
        (error: unknown) => reader.fail(error),
      );
      return reader;
    });
  }

  #reader<Item>(stream: StreamRef<Item> | undefined, options: StreamOptions | undefined): StreamReader<Item> {
    this.#mustRun();
    return this.#streams.own((closed) => new StreamReader(this, stream, options, closed));
  }

  // Supervision of what the owner spawned.

  escalate(error: ActorError): void {
    this.log.error("the actor system gives up", { peer: this.peer, error });
    this.#gaveUp = error;
    this.#beginToStop(this.stopTimeoutMs);
  }

  childGone(): void {
    if (this.#isStopping && this.#top.size === 0) this.#finish();
  }

  #beginToStop(timeoutMs: number): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#top.stopAll();
    if (this.#top.size === 0) return this.#finish();
    const timer = this.clock.after(timeoutMs, () => {
      this.#top.abandonAll(new ActorError("stop-timeout", `the actor system did not stop within ${timeoutMs} ms`));
    });
    void this.#cancelOnceStopped(timer);
  }

  async #cancelOnceStopped(timer: { cancel(): void }): Promise<void> {
    await this.stopped;
    timer.cancel();
  }

  #finish(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.#streams.closeAll();
    this.deadlines.expireAll();
    void this.#depart();
  }

  /** Never rejects. */
  async #depart(): Promise<void> {
    try {
      await this.#books.delivery.close();
    } catch (error) {
      this.log.error("the remoting of a stopped system did not close", { peer: this.peer, error });
    }
    this.#settleStopped(this.#gaveUp);
  }

  #mustRun(): void {
    if (this.isStopped) throw new ActorError("system-stopped", `the actor system of ${this.peer} has stopped`);
  }
}

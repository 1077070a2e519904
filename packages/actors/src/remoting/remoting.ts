/** Messages between hosts: the other side of the door in `core/remote.ts`. */
import { isPeerName } from "../core/address.ts";
import { guardedLog } from "../core/guarded-log.ts";
import type { ActorLog, Clock, Timer } from "../core/ports.ts";
import type { RemoteHost, Remoting } from "../core/remote.ts";
import { systemClock } from "../core/system-clock.ts";
import { ActorError, invariant } from "../errors.ts";
import { type Greeted, Greeting, type GreetingHost } from "./greeting.ts";
import { type PeerChange, type RemotingLimits, remotingLimits, type RemotingOptions } from "./options.ts";
import { type Neighbourhood, Peer, type PeerStatus } from "./peer.ts";
import { phiAccrualOptions, type PhiAccrualOptions } from "./phi-accrual.ts";
import { Places } from "./places.ts";
import type { ConnectionReceiver, TransportConnection } from "./transport.ts";
import type { Hello, Reject } from "./wire/control.ts";

const INCARNATION_DIGITS = 9;
const LEAST_TICK_MS = 1;

/** The remoting of one host in one life. */
export interface RemotingHandle {
  /** To be given to the actor system. */
  readonly remoting: Remoting;
  /** This life of the host. */
  readonly incarnation: string;
  /** Takes connections from now on; the system must have been made before. */
  start(): Promise<void>;
  /** The hosts that this one knows, by name. */
  peers(): readonly PeerStatus[];
  /** For how long nothing has come from a peer, a heartbeat at least; undefined without a connection. */
  silenceMs(peer: string): number | undefined;
  /**
   * Holds a peer for dead: who watches or asks it is told, and it is not let in again before it is started anew or
   * {@link readmit} is called.
   */
  declareDown(peer: string, reason: string): void;
  readmit(peer: string): void;
  /**
   * Leaves: peers are told, everything that waits is answered, and the transport is closed. A system that stops does this; it
   * is for who wants to leave before.
   */
  close(): Promise<void>;
}

/** Makes the remoting of a host. @throws ActorError `bad-option` */
export function createRemoting(options: RemotingOptions): RemotingHandle {
  return new HostRemoting(options);
}

class HostRemoting implements RemotingHandle {
  readonly incarnation: string;
  readonly #options: RemotingOptions;
  readonly #clock: Clock;
  readonly #log: ActorLog;
  readonly #limits: RemotingLimits;
  readonly #detector: PhiAccrualOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #greetings = new Set<Greeting>();
  #hood: Neighbourhood | undefined;
  #tick: Timer | undefined;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(options: RemotingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.#log = guardedLog(options.log, this.#clock);
    this.#limits = remotingLimits(options.limits, options.transport.maxFrameBytes);
    this.#detector = phiAccrualOptions(options.failureDetector);
    const random = options.random ?? Math.random;
    this.incarnation = Math.floor(random() * 36 ** INCARNATION_DIGITS).toString(36);
  }

  readonly remoting: Remoting = (host) => {
    invariant(this.#hood === undefined, "one remoting serves one system");
    this.#hood = this.#neighbourhood(host);
    return {
      tell: (to, message, replyTo) => this.#peer(to.peer).tell(to, message, replyTo),
      offer: (to, message, options) => this.#peer(to.peer).offer(to, message, options),
      watch: (to) => this.#peer(to.peer).watch(to),
      unwatch: (to) => this.#peers.get(to.peer)?.unwatch(to),
      close: () => this.close(),
    };
  };

  async start(): Promise<void> {
    await this.#options.transport.listen((connection) => this.#accept(connection));
  }

  peers(): readonly PeerStatus[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#peers.values()].map((peer) => peer.status(nowMs)).toSorted((a, b) => (a.peer < b.peer ? -1 : 1));
  }

  silenceMs(peer: string): number | undefined {
    return this.#peers.get(peer)?.association?.silenceMs(this.#clock.nowMs());
  }

  declareDown(peer: string, reason: string): void {
    this.#peer(peer).declareDown(new ActorError("peer-gone", `${peer} was declared down: ${reason}`));
  }

  readmit(peer: string): void {
    this.#peers.get(peer)?.readmit();
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    this.#isClosed = true;
    const isHeard = [...this.#peers.values()].some(({ association }) => association !== undefined);
    const error = new ActorError("peer-gone", `${this.#hood?.self.peer ?? "this host"} has left`);
    for (const greeting of this.#greetings) greeting.cancel(error);
    for (const peer of this.#peers.values()) peer.close(error);
    this.#tick?.cancel();
    // What was said last gets a moment to leave.
    if (isHeard) {
      await new Promise<void>((resolve) => {
        this.#clock.after(this.#detector.heartbeatIntervalMs, resolve);
      });
    }
    await this.#options.transport.close();
  }

  #neighbourhood(host: RemoteHost): Neighbourhood {
    const clock = this.#clock;
    const limits = this.#limits;
    return {
      host,
      clock,
      limits,
      detector: this.#detector,
      places: new Places(host.peer),
      self: { peer: host.peer, incarnation: this.incarnation, clock, limits },
      transport: this.#options.transport,
      random: this.#options.random ?? Math.random,
      allows: this.#options.allows ?? (() => true),
      changed: (change) => this.#changed(change),
    };
  }

  #peer(name: string): Peer {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    invariant(this.#hood !== undefined, "the system was not made yet");
    const peer = new Peer(this.#hood, name);
    if (this.#isClosed) peer.close(new ActorError("peer-gone", "this host has left"));
    this.#peers.set(name, peer);
    return peer;
  }

  #changed(change: PeerChange): void {
    this.#log.debug(`a peer is ${change.state}`, {
      peer: change.peer,
      incarnation: change.incarnation,
      error: change.error,
    });
    if (change.state === "up" && this.#tick === undefined) this.#tickLater();
    try {
      this.#options.onPeerChange?.(change);
    } catch (thrown) {
      this.#log.error("onPeerChange has thrown", { peer: change.peer, thrown });
    }
  }

  /** There is a beat as long as there are connections. */
  #tickLater(): void {
    const delayMs = this.#nextTickMs();
    const dueMs = this.#clock.nowMs() + delayMs;
    this.#tick = this.#clock.after(delayMs, () => {
      this.#tick = undefined;
      const nowMs = this.#clock.nowMs();
      for (const peer of this.#peers.values()) peer.tick(nowMs, nowMs - dueMs);
      const isNeeded = [...this.#peers.values()].some(({ association }) => association !== undefined);
      if (isNeeded && this.#tick === undefined && !this.#isClosed) this.#tickLater();
    });
  }

  /** With the next beat, or sooner when a peer's silence comes to its bound before. */
  #nextTickMs(): number {
    const nowMs = this.#clock.nowMs();
    const associations = [...this.#peers.values()].flatMap(({ association }) => association ?? []);
    const dueInMs = associations.map((each) => each.dueInMs(nowMs));
    const delayMs = dueInMs.length === 0 ? this.#detector.heartbeatIntervalMs : Math.min(...dueInMs);
    return Math.max(LEAST_TICK_MS, Math.ceil(delayMs));
  }

  #accept(connection: TransportConnection): ConnectionReceiver {
    const host: GreetingHost = {
      admit: (hello, greeting) => this.#admit(hello, greeting),
      opened: (greeted: Greeted, greeting) => {
        this.#greetings.delete(greeting);
        return this.#peer(greeted.peer).opened(greeted, greeting);
      },
      failed: (error, isCrossed, greeting) => {
        this.#greetings.delete(greeting);
        for (const peer of this.#peers.values()) peer.failed(error, isCrossed, greeting);
        this.#log.debug("a connection came to nothing", { error });
      },
    };
    invariant(this.#hood !== undefined, "connections are taken after the system was made");
    const greeting = new Greeting(this.#hood.self, host, undefined);
    this.#greetings.add(greeting);
    greeting.begin(connection);
    return greeting;
  }

  #admit(hello: Hello, greeting: Greeting): Reject | undefined {
    const refusal = (code: string, text: string): Reject => ({ code, text, isCrossed: false });
    if (!isPeerName(hello.from)) return refusal("bad-address", "a host cannot be called so");
    if (!this.#peers.has(hello.from)) {
      const isAllowed = this.#options.allows?.(hello.from) ?? true;
      if (!isAllowed) return refusal("peer-gone", `${hello.from} is not allowed here`);
      if (this.#peers.size >= this.#limits.maxPeers) return refusal("mailbox-full", "too many hosts are known here");
    }
    return this.#peer(hello.from).admit(hello, greeting);
  }
}

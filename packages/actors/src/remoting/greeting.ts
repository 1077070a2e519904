/**
 * How a connection begins. The dialler says hello; the other side welcomes or rejects it; the dialler is ready, with a frame
 * that says so or with any other: its frames of other lanes may overtake it. Until then the one who was dialled sends
 * nothing, for the same reason. Afterwards everything goes on to whoever takes the connection over.
 */
import type { Clock, Timer } from "../core/ports.ts";
import { ActorError } from "../errors.ts";
import { Lanes } from "./lanes.ts";
import type { RemotingLimits } from "./options.ts";
import type { ConnectionReceiver, Lane, TransportConnection } from "./transport.ts";
import {
  decodeHello,
  decodeReject,
  decodeWelcome,
  encodeHello,
  encodeReady,
  encodeReject,
  encodeWelcome,
  type Hello,
  type Reject,
} from "./wire/control.ts";
import { errorOf } from "./wire/failure.ts";
import { type Header, KIND, OLDEST_WIRE_VERSION, readHeader, WIRE_VERSION } from "./wire/header.ts";

/** This host, in this life. */
export interface Self {
  readonly peer: string;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly limits: RemotingLimits;
}

/** A peer, in this life, over this connection. */
export interface Greeted {
  readonly peer: string;
  readonly incarnation: string;
  readonly version: number;
  /** Of what it takes. */
  readonly maxFrameBytes: number;
  readonly connection: TransportConnection;
  readonly lanes: Lanes;
}

export interface GreetingHost {
  /** Somebody has said hello: gives back why it is not welcome. */
  admit(hello: Hello, greeting: Greeting): Reject | undefined;
  /** Takes the connection over. */
  opened(greeted: Greeted, greeting: Greeting): ConnectionReceiver;
  /** It came to nothing. Called once, and not after `opened`. */
  failed(error: ActorError, isCrossed: boolean, greeting: Greeting): void;
}

type Phase = "dialled" | "accepted" | "welcomed" | "over";

export class Greeting implements ConnectionReceiver {
  readonly #self: Self;
  readonly #host: GreetingHost;
  #timer: Timer;
  #phase: Phase;
  #connection: TransportConnection | undefined;
  #lanes: Lanes | undefined;
  #hello: Hello | undefined;
  /** Who was dialled. */
  readonly #wanted: string | undefined;
  #next: ConnectionReceiver | undefined;

  /** @param wanted who is dialled; undefined when somebody else has dialled */
  constructor(self: Self, host: GreetingHost, wanted: string | undefined) {
    this.#self = self;
    this.#host = host;
    this.#wanted = wanted;
    this.#phase = wanted === undefined ? "accepted" : "dialled";
    this.#timer = this.#timeOut(self.limits.connectTimeoutMs, true);
  }

  get isDialled(): boolean {
    return this.#wanted !== undefined;
  }

  /** There is a connection. */
  begin(connection: TransportConnection): void {
    if (this.#phase === "over") return connection.destroy();
    this.#connection = connection;
    this.#lanes = new Lanes(connection, this.#self.limits);
    if (this.#wanted === undefined) return;
    const { peer, incarnation, limits } = this.#self;
    const hello = encodeHello({
      from: peer,
      to: this.#wanted,
      incarnation,
      oldestVersion: OLDEST_WIRE_VERSION,
      newestVersion: WIRE_VERSION,
      maxFrameBytes: limits.maxFrameBytes,
    });
    this.#lanes.send("control", [hello]);
  }

  /** Gives it up, for good. */
  cancel(error: ActorError, isCrossed = false): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#timer.cancel();
    this.#connection?.destroy();
    this.#host.failed(error, isCrossed, this);
  }

  frame(lane: Lane, frame: Uint8Array): void {
    if (this.#next !== undefined) return this.#next.frame(lane, frame);
    if (this.#phase === "over") return;
    try {
      this.#take(lane, frame, readHeader(frame));
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
      this.cancel(error);
    }
  }

  heard(): void {
    this.#next?.heard();
  }

  drained(lane: Lane): void {
    if (this.#next === undefined) this.#lanes?.drained(lane);
    else this.#next.drained(lane);
  }

  closed(error: ActorError | undefined): void {
    if (this.#next !== undefined) return this.#next.closed(error);
    this.cancel(error ?? new ActorError("peer-gone", "the connection was closed before it was open"));
  }

  /** @param isFirst when this host itself is late, what has come may still wait to be read: it gets that much more, once */
  #timeOut(timeoutMs: number, isFirst: boolean): Timer {
    const { clock, limits } = this.#self;
    const dueMs = clock.nowMs() + timeoutMs;
    return clock.after(timeoutMs, () => {
      const lateMs = clock.nowMs() - dueMs;
      if (isFirst && lateMs > 0) {
        this.#timer = this.#timeOut(lateMs, false);
        return;
      }
      const who = this.#wanted ?? "a caller";
      this.cancel(new ActorError("peer-gone", `${who} did not answer within ${limits.connectTimeoutMs} ms`));
    });
  }

  #take(lane: Lane, frame: Uint8Array, { version, kind, sequence }: Header): void {
    const lanes = this.#lanes;
    if (lanes === undefined) throw new ActorError("bad-message", "a frame came before the connection");
    if (this.#phase === "welcomed") {
      this.#ready(lanes);
      if (kind === KIND.ready) lanes.take(lane, sequence);
      else this.#next?.frame(lane, frame);
      return;
    }
    // The frames of a greeting have the first version's layout for ever.
    if (version < 1 || lane !== "control" || !lanes.take(lane, sequence)) return;
    if (this.#phase === "accepted" && kind === KIND.hello) this.#greeted(decodeHello(frame), lanes);
    else if (this.#phase === "dialled" && kind === KIND.welcome) this.#welcomed(frame, lanes);
    else if (this.#phase === "dialled" && kind === KIND.reject) this.#rejected(frame);
    else throw new ActorError("bad-message", `a connection cannot begin with a frame of kind ${kind}`);
  }

  #greeted(hello: Hello, lanes: Lanes): void {
    this.#hello = hello;
    const reject = this.#unfit(hello) ?? this.#host.admit(hello, this);
    // The host may have given it up meanwhile.
    if (this.#phase !== "accepted") return;
    if (reject !== undefined) return this.#reject(reject, lanes);
    this.#phase = "welcomed";
    const { peer, incarnation, limits } = this.#self;
    const welcome = { from: peer, incarnation, version: commonVersion(hello), maxFrameBytes: limits.maxFrameBytes };
    lanes.send("control", [encodeWelcome(welcome)]);
  }

  #unfit({ from, to, oldestVersion, newestVersion }: Hello): Reject | undefined {
    const proven = this.#connection?.peer;
    const { peer } = this.#self;
    if (to !== peer || from === peer) return refusal("bad-address", `this is ${peer}, and not ${to}`);
    if (proven !== undefined && proven !== from) return refusal("bad-address", `${proven} says it is ${from}`);
    if (oldestVersion > WIRE_VERSION || newestVersion < OLDEST_WIRE_VERSION) {
      const ours = `${OLDEST_WIRE_VERSION} to ${WIRE_VERSION}`;
      return refusal("unsupported", `${peer} speaks versions ${ours}, ${from} ${oldestVersion} to ${newestVersion}`);
    }
    return undefined;
  }

  #reject(reject: Reject, lanes: Lanes): void {
    lanes.send("control", [encodeReject(reject)]);
    this.#phase = "over";
    this.#timer.cancel();
    this.#connection?.end();
    this.#host.failed(errorOf(reject), reject.isCrossed, this);
  }

  #welcomed(frame: Uint8Array, lanes: Lanes): void {
    const { from, incarnation, version, maxFrameBytes } = decodeWelcome(frame);
    const proven = this.#connection?.peer ?? from;
    if (from !== this.#wanted || proven !== from) {
      throw new ActorError("peer-gone", `${this.#wanted} was dialled, and ${from} has answered`);
    }
    if (version < OLDEST_WIRE_VERSION || version > WIRE_VERSION) {
      throw new ActorError("unsupported", `${from} has chosen version ${version}`);
    }
    lanes.send("control", [encodeReady()]);
    this.#open({ peer: from, incarnation, version, maxFrameBytes, lanes });
  }

  #rejected(frame: Uint8Array): void {
    const reject = decodeReject(frame);
    this.cancel(
      new ActorError("peer-gone", `${this.#wanted} takes no connection: ${reject.text}`, { cause: errorOf(reject) }),
      reject.isCrossed,
    );
  }

  #ready(lanes: Lanes): void {
    const hello = this.#hello;
    if (hello === undefined) throw new ActorError("bad-message", "nobody has said hello");
    const { from, incarnation, maxFrameBytes } = hello;
    this.#open({ peer: from, incarnation, version: commonVersion(hello), maxFrameBytes, lanes });
  }

  #open(greeted: Omit<Greeted, "connection">): void {
    const connection = this.#connection;
    if (connection === undefined) throw new ActorError("bad-message", "there is no connection");
    this.#phase = "over";
    this.#timer.cancel();
    greeted.lanes.speak(greeted.version);
    this.#next = this.#host.opened({ ...greeted, connection }, this);
  }
}

function commonVersion({ newestVersion }: Hello): number {
  return Math.min(WIRE_VERSION, newestVersion);
}

function refusal(code: string, text: string): Reject {
  return { code, text, isCrossed: false };
}

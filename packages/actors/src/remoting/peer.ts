/**
 * Another host as this one knows it: whether there is a connection, what waits for one, and when to dial again. A host is
 * dialled when somebody wants something of it. Both may dial at once: then the connection of the lower name stays.
 */
import type { ActorAddress } from "../core/address.ts";
import type { OfferOptions } from "../core/ref.ts";
import type { RandomSource, Timer } from "../core/ports.ts";
import { TEMPORARY_ROOT } from "../core/temporaries.ts";
import { ActorError, isActorError } from "../errors.ts";
import { Association, type AssociationOwner, type Here } from "./association.ts";
import { type Greeted, Greeting, type GreetingHost, type Self } from "./greeting.ts";
import { Inbox } from "./inbox.ts";
import { isStreamItem } from "./stream-items.ts";
import type { PeerChange } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Places, placeOf } from "./places.ts";
import type { ActorTransport, ConnectionReceiver, Lane } from "./transport.ts";
import { type WaitingTell, WaitingTells } from "./waiting-tells.ts";
import {
  type Answer,
  encodeAnswer,
  encodeRefused,
  type Hello,
  type Refused,
  type Reject,
  type TerminatedFrame,
} from "./wire/control.ts";
import { encodeTell, type OfferFrame } from "./wire/data.ts";
import { errorOf, failureOf } from "./wire/failure.ts";
import { totalBytes } from "./wire/values.ts";

/** What all peers of one host share. */
export interface Neighbourhood extends Here {
  readonly self: Self;
  readonly transport: ActorTransport;
  readonly random: RandomSource;
  readonly allows: (peer: string) => boolean;
  changed(change: PeerChange): void;
}

/** `expecting`: it dials us, or said that it does. */
type State =
  | { readonly name: "idle" }
  | { readonly name: "dialling"; readonly greeting: Greeting; readonly abort: AbortController }
  | { readonly name: "expecting"; readonly greeting: Greeting | undefined; readonly timer: Timer | undefined }
  | { readonly name: "open"; readonly association: Association };

interface Refusal {
  readonly place: string;
  readonly replyTo: string | undefined;
  readonly error: ActorError;
}

const IDLE: State = { name: "idle" };

export interface PeerStatus {
  readonly peer: string;
  readonly state: State["name"];
  /** Of its present or last life; undefined when it was never met. */
  readonly incarnation: string | undefined;
  /** Suspicion by the failure detector; 0 without a connection. */
  readonly phi: number;
  /** Messages whose senders wait for an answer. */
  readonly outbox: number;
  readonly watchedHere: number;
}

export class Peer implements AssociationOwner, GreetingHost {
  readonly name: string;
  readonly #hood: Neighbourhood;
  readonly #places: Places;
  readonly #waiting: WaitingTells;
  readonly #outbox: Outbox;
  #inbox: { readonly incarnation: string; readonly inbox: Inbox } | undefined;
  #state: State = IDLE;
  /** Dials that failed in a row, and until when nobody dials again because of it. */
  #failures = 0;
  #retryAtMs = -Infinity;
  #lastError: ActorError | undefined;
  #retry: Timer | undefined;
  /** A life that was declared over. */
  #banished: string | undefined;
  #isClosed = false;

  constructor(hood: Neighbourhood, name: string) {
    this.name = name;
    this.#hood = hood;
    this.#places = new Places(name);
    this.#waiting = new WaitingTells(hood.limits);
    this.#outbox = new Outbox(hood.clock, hood.limits, name);
  }

  get association(): Association | undefined {
    return this.#state.name === "open" ? this.#state.association : undefined;
  }

  status(nowMs: number): PeerStatus {
    const { association } = this;
    return {
      peer: this.name,
      state: this.#state.name,
      incarnation: association?.incarnation ?? this.#inbox?.incarnation,
      phi: association?.phi(nowMs) ?? 0,
      outbox: this.#outbox.size,
      watchedHere: association?.watchedHere ?? 0,
    };
  }

  // What this host wants of it.

  tell(to: ActorAddress, message: unknown, replyTo: string | undefined): ActorError | undefined {
    try {
      const place = placeOf(to);
      const frame = encodeTell(place, replyTo ?? "", message);
      const lane: Lane = isStreamItem(to, message) ? "bulk" : "message";
      return this.#refusedAnswer(to, this.#send({ place, replyTo, lane, frame, afterOffer: this.#outbox.newest }));
    } catch (error) {
      if (isActorError(error)) return this.#refusedAnswer(to, error);
      throw error;
    }
  }

  async offer(to: ActorAddress, message: unknown, options: OfferOptions): Promise<void> {
    const refused = this.association === undefined ? this.#reach() : undefined;
    if (refused !== undefined) {
      const mayComeBack = !this.#isClosed && this.#hood.allows(this.name);
      if (!mayComeBack || options.acknowledged !== true) throw refused;
      this.#retryLater();
    }
    await this.#outbox.offer(placeOf(to), message, options);
  }

  watch(to: ActorAddress): void {
    const { association } = this;
    if (association !== undefined) return association.watch(placeOf(to));
    // Once there is a connection, all that is watched is asked for anyway.
    const refused = this.#reach();
    if (refused !== undefined) this.#hood.host.peerGone(this.name, refused);
  }

  unwatch(to: ActorAddress): void {
    this.association?.unwatch(placeOf(to));
  }

  // What its owner wants.

  /** This life of it is over, whatever it says itself. */
  declareDown(error: ActorError): void {
    this.#banished = this.association?.incarnation ?? this.#inbox?.incarnation;
    const { association } = this;
    if (association === undefined) this.#gone(error);
    else association.leave(error);
  }

  readmit(): void {
    this.#banished = undefined;
    this.#retryAtMs = -Infinity;
  }

  tick(nowMs: number, lateMs: number): void {
    this.association?.tick(nowMs, lateMs);
  }

  close(error: ActorError): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#inbox?.inbox.close();
    const state = this.#state;
    if (state.name === "open") state.association.leave(error);
    else this.#giveUpGreeting(error);
    this.#outbox.close(error);
    this.#hood.host.peerGone(this.name, error);
  }

  // How a connection comes about.

  admit(hello: Hello, greeting: Greeting): Reject | undefined {
    const unwanted = this.#unwanted(hello);
    if (unwanted !== undefined) return unwanted;
    const state = this.#state;
    const crossed = { code: "peer-gone", text: `${this.#hood.self.peer} has dialled too`, isCrossed: true };
    if (state.name === "open") {
      // It may not know yet that the other connection stands; if that is lost, both will notice soon.
      if (state.association.incarnation === hello.incarnation) return crossed;
      state.association.fail(new ActorError("peer-gone", `${this.name} has been started anew`));
    }
    if (state.name === "dialling" && this.#hood.self.peer < this.name) return crossed;
    this.#expect(greeting);
    return undefined;
  }

  opened(greeted: Greeted, greeting: Greeting): ConnectionReceiver {
    const state = this.#state;
    if (state.name === "expecting") state.timer?.cancel();
    if (state.name === "dialling" && state.greeting !== greeting) state.abort.abort();
    const association = new Association(this.#hood, greeted, this);
    this.#state = { name: "open", association };
    const refusals = this.#sendWaiting(association);
    this.#failures = 0;
    this.#retryAtMs = -Infinity;
    this.#retry?.cancel();
    if (this.#inbox?.incarnation !== greeted.incarnation) this.#meet(greeted.incarnation);
    this.#hood.changed({ peer: this.name, incarnation: greeted.incarnation, state: "up" });
    for (const { place, replyTo, error } of refusals) {
      this.#hood.host.refused(this.#places.addressOf(place), replyTo, error);
    }
    for (const address of this.#hood.host.watched(this.name)) association.watch(placeOf(address));
    return association;
  }

  failed(error: ActorError, isCrossed: boolean, greeting: Greeting): void {
    const state = this.#state;
    if (state.name === "idle" || state.name === "open" || state.greeting !== greeting) return;
    if (state.name === "dialling") state.abort.abort();
    if (isCrossed && state.name === "dialling") this.#expect(undefined);
    else this.#unreachable(error);
  }

  // What it says.

  offered(frame: OfferFrame): void {
    this.#inbox?.inbox.take(frame);
  }

  answered(answer: Answer): void {
    this.#outbox.answered(answer);
  }

  refused({ to, replyTo, ...failure }: Refused): void {
    const { host } = this.#hood;
    const asked = replyTo?.startsWith(`parley://${host.peer}/`) === true ? replyTo : undefined;
    host.refused(to === "" ? undefined : this.#places.addressOf(to), asked, errorOf(failure));
  }

  terminated({ of, reason, failure }: TerminatedFrame): void {
    const address = this.#places.read(of);
    this.#hood.host.terminated(
      this.#places.addressOf(placeOf(address)),
      reason,
      failure === undefined ? undefined : errorOf(failure),
    );
  }

  drained(lane: Lane): void {
    if (lane === "message") this.#outbox.pump();
  }

  lost(association: Association, error: ActorError): void {
    if (this.association !== association) return;
    this.#state = IDLE;
    this.#lastError = error;
    this.#hood.changed({ peer: this.name, incarnation: association.incarnation, state: "down", error });
    this.#gone(error);
  }

  /** Now, or once there is a connection. @returns why not */
  #send(tell: WaitingTell): ActorError | undefined {
    const { association } = this;
    if (association !== undefined) return association.send(tell.lane, tell.frame);
    const bytes = totalBytes(tell.frame);
    const { maxFrameBytes } = this.#hood.limits;
    if (bytes > maxFrameBytes) {
      return new ActorError("too-large", `a message of ${bytes} bytes; ${maxFrameBytes} may travel`);
    }
    return this.#reach() ?? this.#waiting.push(tell);
  }

  /** All that has waited, in the order in which it was sent. Nobody is told of anything meanwhile: they would send, too. */
  #sendWaiting(association: Association): readonly Refusal[] {
    const refusals: Refusal[] = [];
    this.#outbox.opened(association);
    for (const { lane, frame, place, replyTo, afterOffer } of this.#waiting.takeAll()) {
      this.#outbox.pump(afterOffer);
      const error = association.send(lane, frame);
      if (error !== undefined && lane !== "control") refusals.push({ place, replyTo, error });
    }
    this.#outbox.pump();
    return refusals;
  }

  /** An answer that cannot be sent: whoever waits for it is told so, if that is possible. */
  #refusedAnswer(to: ActorAddress, error: ActorError | undefined): ActorError | undefined {
    if (error === undefined || error.code === "peer-gone" || to.path[0] !== TEMPORARY_ROOT) return error;
    const place = placeOf(to);
    const frame = encodeRefused({ to: "", replyTo: this.#places.addressOf(place), ...failureOf(error) });
    this.#send({ place, replyTo: undefined, lane: "control", frame: [frame], afterOffer: 0 });
    return error;
  }

  /** Sees to it that there is, or will be, a connection. @returns why there will be none */
  #reach(): ActorError | undefined {
    if (this.#isClosed) return unsent("this host takes part no more");
    if (!this.#hood.allows(this.name)) return unsent(`${this.name} is no peer of this host`);
    if (this.#state.name !== "idle") return undefined;
    if (this.#hood.clock.nowMs() < this.#retryAtMs) {
      const why = this.#lastError?.message ?? "it could not be reached";
      return unsent(`${this.name} is not dialled again yet: ${why}`, this.#lastError);
    }
    void this.#dial();
    return undefined;
  }

  /** Never rejects, but for what must never happen. */
  async #dial(): Promise<void> {
    const greeting = new Greeting(this.#hood.self, this, this.name);
    const abort = new AbortController();
    this.#state = { name: "dialling", greeting, abort };
    try {
      greeting.begin(await this.#hood.transport.connect(this.name, greeting, abort.signal));
    } catch (error) {
      if (!isActorError(error)) throw error;
      const { code, message } = error;
      greeting.cancel(code === "peer-gone" ? error : new ActorError("peer-gone", message, { cause: error }));
    }
  }

  /** It dials us: what waits for a connection waits for that one, for a while. */
  #expect(greeting: Greeting | undefined): void {
    const before = this.#state;
    const { clock, limits } = this.#hood;
    // A greeting has a time limit of its own.
    const timer =
      greeting === undefined
        ? clock.after(limits.connectTimeoutMs, () =>
            this.#unreachable(new ActorError("peer-gone", `${this.name} did not dial`)),
          )
        : undefined;
    this.#state = { name: "expecting", greeting, timer };
    const superseded = new ActorError("peer-gone", `${this.name} has dialled`);
    if (before.name === "dialling") {
      before.abort.abort();
      before.greeting.cancel(superseded);
    } else if (before.name === "expecting") {
      before.timer?.cancel();
      before.greeting?.cancel(superseded);
    }
  }

  #unwanted(hello: Hello): Reject | undefined {
    const reject = (text: string): Reject => ({ code: "peer-gone", text, isCrossed: false });
    if (this.#isClosed) return reject(`${this.#hood.self.peer} takes part no more`);
    if (!this.#hood.allows(this.name)) return reject(`${this.name} is not allowed here`);
    if (this.#banished === hello.incarnation) return reject(`${this.name} was declared down in this life`);
    return undefined;
  }

  /** A new life of it: what its last one has sent concerns nobody any more. */
  #meet(incarnation: string): void {
    this.#inbox?.inbox.close();
    const inbox = new Inbox(this.#hood, this.name, (answer) => this.association?.answer(encodeAnswer(answer)));
    this.#inbox = { incarnation, inbox };
    this.#banished = undefined;
  }

  #giveUpGreeting(error: ActorError): void {
    const state = this.#state;
    this.#state = IDLE;
    if (state.name === "dialling") state.abort.abort();
    if (state.name === "expecting") state.timer?.cancel();
    if (state.name === "dialling" || state.name === "expecting") state.greeting?.cancel(error);
  }

  #unreachable(error: ActorError): void {
    this.#giveUpGreeting(error);
    const { clock, random, limits } = this.#hood;
    const pauseMs = Math.min(limits.maxRetryPauseMs, limits.minRetryPauseMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAtMs = clock.nowMs() + pauseMs * (0.75 + random() / 2);
    this.#lastError = error;
    // Whoever had sent anything over an earlier connection heard of its end: all that waits now has never left.
    this.#gone(unsent(error.message, error));
  }

  /** Tells everybody here who has to do with it. The state must be settled before: they may send at once. */
  #gone(error: ActorError): void {
    const { host } = this.#hood;
    const waiting = this.#waiting.takeAll();
    this.#outbox.lost(error);
    host.peerGone(this.name, error);
    for (const { place, replyTo, lane } of waiting) {
      if (replyTo === undefined && lane !== "control") host.refused(this.#places.addressOf(place), undefined, error);
    }
    if (this.#outbox.size > 0) this.#retryLater();
  }

  /** What must be delivered is worth dialling for. */
  #retryLater(): void {
    if (this.#isClosed) return;
    this.#retry?.cancel();
    const { clock } = this.#hood;
    this.#retry = clock.after(Math.max(0, this.#retryAtMs - clock.nowMs()), () => {
      if (this.#outbox.size > 0 && this.#reach() !== undefined) this.#retryLater();
    });
  }
}

function unsent(text: string, cause?: ActorError): ActorError {
  return new ActorError("peer-gone", text, { cause, isUnsent: true });
}

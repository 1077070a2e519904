/**
 * An open connection with a peer in one of its lives. Within it nothing is lost, doubled or overtaken in its lane; where the
 * transport breaks that promise, the association ends. Then all who watch or ask the peer are told: a message that was lost
 * between two hosts is always followed by that.
 */
import type { RemoteHost } from "../core/remote.ts";
import type { Clock } from "../core/ports.ts";
import { ActorError, isActorError } from "../errors.ts";
import type { Greeted } from "./greeting.ts";
import type { RemotingLimits } from "./options.ts";
import { Pace } from "./pace.ts";
import { PhiAccrualDetector, type PhiAccrualOptions } from "./phi-accrual.ts";
import type { Places } from "./places.ts";
import { LANES, type ConnectionReceiver, type Lane } from "./transport.ts";
import { WatchedHere } from "./watched-here.ts";
import {
  type Answer,
  type Barrier,
  decodeAnswer,
  decodeGoodbye,
  decodeRefused,
  decodeTerminated,
  decodeWatched,
  encodeGoodbye,
  encodeHearsTalk,
  encodeHeartbeat,
  encodeRefused,
  encodeTerminated,
  encodeUnwatch,
  encodeWatch,
  type Refused,
  type TerminatedFrame,
} from "./wire/control.ts";
import { decodeOffer, decodeTell, type FrameParts, messageIn, type OfferFrame } from "./wire/data.ts";
import { errorOf, failureOf } from "./wire/failure.ts";
import { FIRST_IGNORABLE_KIND, KIND, readHeader } from "./wire/header.ts";
import { totalBytes } from "./wire/values.ts";

/** Of the time between two beats: who talked within it needs no heartbeat. Somewhat more than one, as others are late too. */
const TALK_BEATS = 1.25;

/** What this host is to all its associations. */
export interface Here {
  readonly host: RemoteHost;
  readonly clock: Clock;
  readonly limits: RemotingLimits;
  readonly detector: PhiAccrualOptions;
  /** Of this host. */
  readonly places: Places;
}

/** The peer behind, which outlives its connections. */
export interface AssociationOwner {
  offered(frame: OfferFrame): void;
  answered(answer: Answer): void;
  refused(refused: Refused): void;
  terminated(frame: TerminatedFrame): void;
  drained(lane: Lane): void;
  /** It has ended. Called once. */
  lost(association: Association, error: ActorError): void;
}

export class Association implements ConnectionReceiver {
  readonly peer: string;
  readonly incarnation: string;
  readonly #here: Here;
  readonly #greeted: Greeted;
  readonly #owner: AssociationOwner;
  readonly #detector: PhiAccrualDetector;
  readonly #pace: Pace;
  readonly #watched: WatchedHere;
  readonly #maxFrameBytes: number;
  /** Whose heartbeats say how long silences usually are: none is left out there. */
  readonly #rhythmLane: Lane;
  #hasSaidThatItHears = false;
  #isTalkHeard = false;
  /** Control frames that wait for what was sent before them in other lanes. */
  #held: { readonly after: Barrier; readonly run: () => void }[] = [];
  #isOver = false;

  constructor(here: Here, greeted: Greeted, owner: AssociationOwner) {
    this.peer = greeted.peer;
    this.incarnation = greeted.incarnation;
    this.#here = here;
    this.#greeted = greeted;
    this.#owner = owner;
    this.#rhythmLane = greeted.connection.heartbeatLanes?.[0] ?? "control";
    this.#maxFrameBytes = Math.min(here.limits.maxFrameBytes, greeted.maxFrameBytes);
    this.#detector = new PhiAccrualDetector(here.detector, here.clock.nowMs());
    this.#pace = new Pace(here.detector, greeted.connection.heartbeatLanes?.length ?? 1, here.clock.nowMs());
    this.#watched = new WatchedHere(here.host, here.places, here.limits.maxWatched, (of, reason, error) => {
      const failure = error === undefined ? undefined : failureOf(error);
      this.#sendControl(encodeTerminated({ of, reason, failure, after: greeted.lanes.sent() }));
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Actors here that the peer watches. */
  get watchedHere(): number {
    return this.#watched.size;
  }

  /** Since when nothing has come from it. */
  silenceMs(nowMs: number): number {
    return this.#detector.silenceMs(nowMs);
  }

  phi(nowMs: number): number {
    return this.#detector.phi(nowMs);
  }

  /** When it should be looked at again, if nothing comes meanwhile. */
  dueInMs(nowMs: number): number {
    return Math.min(this.#pace.inMs(nowMs), this.#detector.dueInMs(nowMs));
  }

  /** Sends a message. @returns why not: `too-large`, `mailbox-full`, `peer-gone` */
  send(lane: Lane, frame: FrameParts): ActorError | undefined {
    if (this.#isOver) return new ActorError("peer-gone", `the connection with ${this.peer} is over`);
    const bytes = totalBytes(frame);
    if (bytes > this.#maxFrameBytes) {
      return new ActorError("too-large", `${this.peer} takes frames of ${this.#maxFrameBytes} bytes, not of ${bytes}`);
    }
    return this.#greeted.lanes.send(lane, frame);
  }

  /** Whether a message would leave at once. */
  isFree(lane: Lane): boolean {
    return !this.#isOver && this.#greeted.lanes.isFree(lane);
  }

  /** Whether a message would be taken, be it to wait. */
  hasRoom(lane: Lane): boolean {
    return !this.#isOver && this.#greeted.lanes.hasRoom(lane);
  }

  watch(place: string): void {
    this.#sendControl(encodeWatch(place));
  }

  unwatch(place: string): void {
    this.#sendControl(encodeUnwatch(place));
  }

  answer(frame: Uint8Array): void {
    this.#sendControl(frame);
  }

  /** Time has passed. @param lateMs how much later than it should this is called: this host stood still meanwhile */
  tick(nowMs: number, lateMs: number): void {
    this.#pace.late(lateMs, nowMs);
    // On a busy machine every beat is late; what the peer has sent waits to be read just as long.
    if (lateMs > 0) this.#detector.excuse(lateMs, nowMs);
    if (this.#detector.isSuspect(nowMs)) {
      const silenceMs = Math.round(this.#detector.silenceMs(nowMs));
      return this.fail(new ActorError("peer-gone", `${this.peer} has been silent for ${silenceMs} ms`));
    }
    const beat = this.#pace.beat(nowMs);
    if (beat === undefined) return;
    this.#sayThatItHears();
    // Where lanes travel apart, a lost packet holds up one of them only: the others tell that we are there.
    for (const lane of this.#beatLanes(beat)) {
      if (lane === "control") this.#beatControl();
      else if (this.isFree(lane)) this.#greeted.lanes.send(lane, [encodeHeartbeat()]);
    }
  }

  /** Ends it in order: the peer hears why, after all that was sent before. */
  leave(error: ActorError): void {
    if (this.#isOver) return;
    this.#greeted.lanes.send("control", [encodeGoodbye({ ...failureOf(error), after: this.#greeted.lanes.sent() })]);
    this.#greeted.connection.end();
    this.#end(error);
  }

  /** Ends it at once. */
  fail(error: ActorError): void {
    if (this.#isOver) return;
    this.#greeted.connection.destroy();
    this.#end(error);
  }

  frame(lane: Lane, frame: Uint8Array): void {
    if (this.#isOver) return;
    try {
      const { version, kind, sequence } = readHeader(frame);
      if (version !== this.#greeted.version) {
        throw new ActorError("unsupported", `a frame of version ${version} came instead of ${this.#greeted.version}`);
      }
      if (!this.#greeted.lanes.take(lane, sequence)) return;
      this.#take(lane, kind, frame);
    } catch (error) {
      if (!isActorError(error)) throw error;
      // The peer is told what is wrong with it, where it still listens.
      this.leave(
        new ActorError("peer-gone", `${this.peer} does not keep to the protocol: ${error.message}`, { cause: error }),
      );
    }
    if (this.#held.length > 0) this.#release();
  }

  heard(): void {
    this.#detector.heard(this.#here.clock.nowMs());
  }

  drained(lane: Lane): void {
    if (this.#isOver) return;
    this.#greeted.lanes.drained(lane);
    this.#owner.drained(lane);
  }

  closed(error: ActorError | undefined): void {
    this.#end(error ?? new ActorError("peer-gone", `${this.peer} has closed the connection`));
  }

  #take(lane: Lane, kind: number, frame: Uint8Array): void {
    if (lane === "control") return this.#takeControl(kind, frame);
    if (kind === KIND.tell) this.#told(frame);
    else if (kind === KIND.offer) this.#owner.offered(decodeOffer(frame));
    else if (kind === KIND.heartbeat) this.#rhythm(lane);
    else mustBeIgnorable(kind);
  }

  /** That it has come is all that a heartbeat says in other lanes. */
  #rhythm(lane: Lane): void {
    if (lane !== this.#rhythmLane) return;
    const nowMs = this.#here.clock.nowMs();
    this.#pace.peerBeat(nowMs);
    this.#detector.heartbeat(nowMs);
  }

  #takeControl(kind: number, frame: Uint8Array): void {
    switch (kind) {
      case KIND.heartbeat:
        return this.#rhythm("control");
      case KIND.hearsTalk:
        this.#isTalkHeard = true;
        return;
      case KIND.answer:
        return this.#owner.answered(decodeAnswer(frame));
      case KIND.refused:
        return this.#owner.refused(decodeRefused(frame));
      case KIND.watch:
        return this.#watched.watch(decodeWatched(frame));
      case KIND.unwatch:
        return this.#watched.unwatch(decodeWatched(frame));
      case KIND.terminated: {
        const terminated = decodeTerminated(frame);
        return this.#hold(terminated.after, () => this.#owner.terminated(terminated));
      }
      case KIND.goodbye: {
        const goodbye = decodeGoodbye(frame);
        return this.#hold(goodbye.after, () => {
          this.#greeted.connection.end();
          this.#end(new ActorError("peer-gone", `${this.peer} has left: ${goodbye.text}`, { cause: errorOf(goodbye) }));
        });
      }
      case KIND.ready:
        return;
      default:
        mustBeIgnorable(kind);
    }
  }

  #told(frame: Uint8Array): void {
    const { host, places } = this.#here;
    const { to, replyTo, payload } = decodeTell(frame);
    const failed = (error: ActorError): void => {
      this.#refuse({ to, replyTo, ...failureOf(error) });
    };
    try {
      const address = places.read(to);
      const message = messageIn(payload, (text) => host.resolve(text));
      host.deliver(address, message, this.peer, { failed });
    } catch (error) {
      if (!isActorError(error)) throw error;
      failed(error);
    }
  }

  #refuse(refused: Refused): void {
    if (this.#isOver) return;
    // Nobody waits to hear of a refused message that was only told: it is left out first.
    if (refused.replyTo === undefined && !this.#greeted.lanes.isFree("control")) return;
    this.#sendControl(encodeRefused(refused));
  }

  #beatLanes(beat: number): readonly Lane[] {
    const inTurn = this.#greeted.connection.heartbeatLanes;
    if (inTurn === undefined) return LANES;
    const lane = inTurn[beat];
    return lane === undefined ? [] : [lane];
  }

  /** Who does not know what that means passes it over, and gets every heartbeat. */
  #sayThatItHears(): void {
    if (this.#hasSaidThatItHears || this.#greeted.connection.hasTalked === undefined) return;
    this.#hasSaidThatItHears = true;
    this.#sendControl(encodeHearsTalk());
  }

  #beatControl(): void {
    const withinMs = TALK_BEATS * this.#here.detector.heartbeatIntervalMs;
    if (this.#isTalkHeard && this.#greeted.connection.hasTalked?.(withinMs) === true) return;
    this.#sendControl(encodeHeartbeat());
  }

  #sendControl(frame: Uint8Array): void {
    if (this.#isOver) return;
    const refused = this.#greeted.lanes.send("control", [frame]);
    // What belongs there must arrive, or the connection is of no use.
    if (refused !== undefined) {
      this.fail(new ActorError("peer-gone", `${this.peer} does not read what it is told`, { cause: refused }));
    }
  }

  #hold(after: Barrier, run: () => void): void {
    this.#held.push({ after, run });
  }

  #release(): void {
    for (let first = this.#held[0]; first !== undefined && !this.#isOver; first = this.#held[0]) {
      if (!this.#greeted.lanes.hasReceived(first.after)) return;
      this.#held.shift();
      first.run();
    }
  }

  #end(error: ActorError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    this.#watched.clear();
    this.#owner.lost(this, error);
  }
}

function mustBeIgnorable(kind: number): void {
  if (kind < FIRST_IGNORABLE_KIND) throw new ActorError("bad-message", `a frame of unknown kind ${kind}`);
}

/**
 * One client at its session: what it says goes there, and what the session says is sent to it. Where the session's host is lost, or the
 * session moves, it is visited anew where it lives then, and the client stays where it is: unnoticed where nothing was under way, else it
 * is told to ask again for what was. As long as the session is looked for, what is known of an answer in mid-sound is spoken on here.
 */
import type { Logger } from "pino";
import {
  createMessage,
  decodeAudioFrame,
  MAX_FRAME_BYTES,
  MAX_NAME_CHARS,
  SERVER_ID,
  SESSION_MOVED,
  STAYS,
  type Continued,
  type Payload,
} from "@parley/sdk";
import type { SessionHouse } from "../services/session/house.ts";
import type { Visit, VisitEnd } from "../services/session/visit.ts";
import type { SessionIn, SessionOut, VisitCard, WorkRemark } from "../services/session/wire.ts";
import type { Pass } from "./access-port.ts";
import { CLOSE } from "./close-codes.ts";
import type { Refused } from "./hub/hub.ts";
import { HostWatch } from "./host-watch.ts";
import { Interim, type InterimVoice } from "./interim.ts";
import type { SocketLine } from "./line.ts";
import { UnderWay } from "./under-way.ts";

export interface VisitingOptions {
  readonly conversations: Pick<SessionHouse, "open">;
  readonly pass: Pass;
  readonly register: Payload<"REGISTER">;
  readonly line: Pick<SocketLine, "send" | "frame" | "holdWhile">;
  readonly refuse: (refused: Refused, inReplyTo: string | undefined) => Promise<void>;
  /** Ends the connection. */
  readonly hangUp: (code: number, reason: string) => void;
  /** Speaks while a session is looked for; without one there is silence. */
  readonly voice?: InterimVoice | undefined;
  /** Of what goes wrong and is no harm. */
  readonly log?: Pick<Logger, "info"> | undefined;
  /** False: whose session moves is to go to another peer. Default: it may. */
  readonly mayStay?: (() => boolean) | undefined;
}

/** Moves in so short a time that a client sits out; whoever is led about more often is better off with a new connection. */
const MOST_MOVES = 8;
const MOVES_WITHIN_MS = 10_000;
/** One visit asks for its session less often. */
const MOST_ASKED = 16;
/** A session that is there answers sooner. */
const INTERIM_AFTER_MS = 40;
/** Items that wait meanwhile; beyond that the client is held. */
const MOST_HELD = 32;

/** What a client asks for while its session is looked for. */
interface Held {
  readonly items: SessionIn[];
  readonly interim: Interim;
  readonly timer: NodeJS.Timeout;
  readonly room: PromiseWithResolvers<void>;
}

export class Visiting {
  readonly #options: VisitingOptions;
  readonly #cameAtMs = performance.now();
  readonly #underWay = new UnderWay();
  readonly #card: VisitCard;
  #visit: Visit;
  #moves = 0;
  #movedAtMs: readonly number[] = [];
  /** What comes is meant for the place that is gone: the client asks for all of it again behind its answer to that it has moved. */
  #isDeaf = false;
  /** How it is told. */
  #movedId: string | undefined;
  /** The session has been found. */
  #isOpened = false;
  #held: Held | undefined;
  #interim: Interim | undefined;
  readonly #hostWatch = new HostWatch({
    silenceMs: () => this.#visit.hostSilenceMs ?? 0,
    isSounding: () => this.#isOpened && this.#underWay.isSounding,
    suspect: () => this.#suspect(),
  });
  readonly #found = Promise.withResolvers<Continued | Refused>();
  readonly #welcomed = Promise.withResolvers<void>();
  /** It is known what there is to be continued, or nothing is. */
  #isFound: boolean;

  constructor(options: VisitingOptions) {
    const { pass, register } = options;
    this.#options = options;
    this.#isFound = pass.session.continues === undefined;
    if (this.#isFound) this.#welcomed.resolve();
    this.#card = cardOf(pass, register);
    this.#visit = this.#visitBy(this.#card, pass.session.isNew);
  }

  /** Goes to the session before anything is said. */
  open(): void {
    this.#visit.open();
  }

  /**
   * Goes to a session that is to be continued. What it says is not sent before {@link welcomed}.
   * @returns what there is to go on with, or why it is refused
   */
  async found(): Promise<Continued | Refused> {
    this.open();
    return this.#found.promise;
  }

  /** The client knows where it is: what the session says may be sent. */
  welcomed(): void {
    this.#welcomed.resolve();
  }

  /** For the session; the client is held while there is no room for more. */
  async push(item: SessionIn): Promise<void> {
    // A question is asked once: it is for wherever the session is.
    if (this.#isDeaf && item.type !== "question") return;
    this.#underWay.asked(item);
    const held = (this.#held ??= this.#holdFor(item));
    if (held === undefined) return this.#pass(item);
    held.items.push(item);
    if (held.items.length >= MOST_HELD) await this.#options.line.holdWhile(held.room.promise);
  }

  async #pass(item: SessionIn): Promise<void> {
    const room = this.#visit.push(item);
    if (room !== undefined) await this.#options.line.holdWhile(room);
  }

  /** Something about work that runs; what concerns none is late, and no error. */
  async remark(request: WorkRemark): Promise<void> {
    if (this.#visit.isOpen) await this.push({ type: "remark", request });
  }

  /** A binary frame. @returns what is wrong with it, where that is not for the session to say */
  async audio(bytes: Uint8Array): Promise<string | undefined> {
    if (this.#visit.isOpen && bytes.byteLength <= MAX_FRAME_BYTES) {
      await this.push({ type: "audio", bytes });
      return undefined;
    }
    const frame = decodeAudioFrame(bytes);
    return typeof frame === "string" ? frame : undefined;
  }

  /** @returns whether the client has answered that its session has moved: what it asks for from now on is for where that is */
  acknowledge(messageId: string): boolean {
    if (this.#movedId !== messageId) return false;
    this.#movedId = undefined;
    this.#isDeaf = false;
    return true;
  }

  /** The client is gone. */
  close(): void {
    this.#welcomed.resolve();
    this.#found.resolve(AWAY);
    this.#isDeaf = true;
    this.#dropHeld();
    this.#interim?.stop();
    this.#hostWatch.stop();
    this.#visit.close();
  }

  #tell(found: Continued | Refused): void {
    this.#isFound = true;
    this.#found.resolve(found);
  }

  #visitBy(card: VisitCard, isNew: boolean): Visit {
    const { conversations, pass } = this.#options;
    const hearer = {
      opened: (continued: Continued | undefined) => this.#opened(continued),
      out: (item: SessionOut) => this.#hear(item),
      over: (end: VisitEnd) => this.#over(end),
    };
    return conversations.open({ sessionId: pass.session.id, isNew, card, hearer });
  }

  #opened(continued: Continued | undefined): void {
    this.#isOpened = true;
    this.#tell(continued ?? { turns: 0 });
    if (this.#isDeaf) void this.#sayMoved(this.#visit);
    else void this.#release();
  }

  /** Never rejects. */
  async #sayMoved(visit: Visit): Promise<void> {
    await this.#interim?.windUp();
    // It may have moved on, or the client may have been told already.
    if (visit !== this.#visit || this.#movedId !== undefined) return;
    this.#interim = undefined;
    this.#sendMoved();
  }

  #sendMoved(): void {
    const payload = { eventType: SESSION_MOVED, eventData: {}, timestamp: Date.now() };
    const moved = createMessage("EVENT", payload, { from: SERVER_ID, sessionId: this.#options.pass.session.id });
    this.#movedId = moved.messageId;
    void this.#options.line.send(moved);
  }

  /** Undefined where the session is there, or nothing can be said before it is. */
  #holdFor(item: SessionIn): Held | undefined {
    const { voice, line, pass, log } = this.#options;
    if (this.#isOpened || voice === undefined || !this.#knowsHow) return undefined;
    const interim = Interim.of(item, {
      voice,
      sessionId: pass.session.id,
      send: (message) => line.send(message),
      frame: (bytes) => line.frame(bytes),
      onFailure: (error) => log?.info({ err: error }, "nobody can speak on until the session is found"),
    });
    if (interim === undefined) return undefined;
    this.open();
    const timer = setTimeout(() => this.#speakOn(), INTERIM_AFTER_MS);
    return { items: [], interim, timer, room: Promise.withResolvers() };
  }

  /** What was asked for is asked again once the session is found, with what was heard until then. */
  #speakOn(): void {
    const held = this.#held;
    if (held === undefined || this.#isOpened) return;
    if (!this.#underWay.isOne) return void this.#release();
    this.#dropHeld();
    this.#isDeaf = true;
    this.#underWay.forget();
    this.#interim = held.interim;
    held.interim.start();
  }

  async #release(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    clearTimeout(held.timer);
    for (let item = held.items.shift(); item !== undefined; item = held.items.shift()) await this.#pass(item);
    if (this.#held === held) this.#held = undefined;
    held.room.resolve();
  }

  #dropHeld(): void {
    const held = this.#held;
    this.#held = undefined;
    clearTimeout(held?.timer);
    held?.items.splice(0);
    held?.room.resolve();
  }

  get #knowsHow(): boolean {
    const { capabilities } = this.#options.register;
    return capabilities?.features?.includes(STAYS) === true && this.#underWay.canBeAskedAgain;
  }

  /** What its client hears can be spoken on here, and gone on with elsewhere. */
  get #maySpeakOn(): boolean {
    return this.#options.voice !== undefined && this.#knowsHow && this.#underWay.isOne;
  }

  /** Visits the session where it lives now. @returns whether the client may stay for that */
  #goOn(): boolean {
    const { mayStay } = this.#options;
    const isAtWork = this.#isDeaf || !this.#underWay.isNothing;
    const knowsHow = this.#knowsHow;
    // Until the session is found, somebody else speaks: what was heard is to be known.
    const isUrgent = this.#maySpeakOn && this.#underWay.isSounding;
    const nowMs = performance.now();
    this.#movedAtMs = [...this.#movedAtMs, nowMs].filter((atMs) => nowMs - atMs < MOVES_WITHIN_MS);
    if ((isAtWork && !knowsHow) || mayStay?.() === false || this.#movedAtMs.length > MOST_MOVES) return false;
    this.#isDeaf = isAtWork;
    this.#isOpened = false;
    this.#movedId = undefined;
    this.#dropHeld();
    this.#underWay.forget();
    this.#moves += 1;
    const { comes } = this.#card;
    this.#visit = this.#visitBy(
      {
        ...this.#card,
        visitId: crypto.randomUUID(),
        // It is its own by now.
        continues: undefined,
        // It came when its client came: one that has come later elsewhere keeps the session.
        waitedMs: nowMs - this.#cameAtMs,
        comes: comes === undefined ? undefined : { ...comes, asked: comes.asked + this.#moves * MOST_ASKED },
      },
      false,
    );
    this.open();
    if (isUrgent) this.#sendMoved();
    return true;
  }

  async #hear(item: SessionOut): Promise<void> {
    const { line, refuse } = this.#options;
    await this.#welcomed.promise;
    this.#underWay.answered(item);
    if (this.#underWay.isSounding && this.#visit.hostSilenceMs !== undefined) this.#hostWatch.start();
    switch (item.type) {
      case "message":
        return line.send(item.message);
      case "audio":
        return line.frame(item.bytes);
      case "refused":
        return refuse(item.refusal, item.inReplyTo);
      case "over":
        throw new TypeError("the end of a visit is no item of it");
    }
  }

  /** Where its host stands still, it is found elsewhere as soon as its house knows that. */
  #suspect(): void {
    if (!this.#maySpeakOn) return;
    const { log, pass } = this.#options;
    log?.info({ sessionId: pass.session.id }, "a session's host stands still in the midst of an answer");
    this.#visit.close();
    if (!this.#goOn()) this.#options.hangUp(CLOSE.moved, "the session has moved");
  }

  #over(end: VisitEnd): void {
    const { refuse, hangUp } = this.#options;
    if (!this.#isFound) return this.#tell(NOT_FOUND[end]);
    if (end === "lost" && this.#goOn()) return;
    if (end === "ended") hangUp(CLOSE.ended, "the session was ended");
    else if (end === "elsewhere") hangUp(CLOSE.elsewhere, "the session goes on at another connection");
    else if (end === "moved" || end === "lost") hangUp(CLOSE.moved, "the session has moved");
    else void refuse(THEIRS, undefined);
  }
}

const THEIRS: Refused = { code: "AUTHORIZATION_DENIED", reason: "this session is somebody else's" };
const AWAY: Refused = { code: "INTERNAL_ERROR", reason: "the session cannot be reached now", retryAfterMs: 1_000 };

/** Why a session is not continued. */
const NOT_FOUND: Readonly<Record<VisitEnd, Refused>> = {
  unknown: { code: "TARGET_NOT_FOUND", reason: "there is no such session; it may have ended" },
  refused: THEIRS,
  elsewhere: AWAY,
  moved: AWAY,
  lost: AWAY,
  ended: AWAY,
};

/** Who comes to a session, as this peer vouches for it. */
function cardOf(
  { account, remembers, session: { continues } }: Pass,
  { clientId, capabilities = {}, metadata, comes = { chain: crypto.randomUUID(), nth: 0 } }: Payload<"REGISTER">,
): VisitCard {
  const timeZone = metadata?.["timeZone"];
  return {
    visitId: crypto.randomUUID(),
    clientId,
    account,
    remembers,
    timeZone: typeof timeZone === "string" && timeZone.length <= MAX_NAME_CHARS ? timeZone : undefined,
    streams: capabilities.supportsStreaming ?? false,
    ...(continues === undefined ? {} : { continues }),
    comes: { ...comes, asked: 0 },
  };
}

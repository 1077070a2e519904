/**
 * A live conversation on the client's side: what comes is played, and how far it was heard is reported. When the peer is lost, the
 * next one hears what was being said and had not been answered, and the conversation goes on there.
 */
import type { AudioFrame } from "../../protocol/audio-frame.ts";
import type { Privacy } from "../../protocol/privacy.ts";
import type { CutAnswer } from "../../protocol/resume.ts";
import { talkEventSchema, type TalkEvent, type TalkKey } from "../../protocol/talk.ts";
import type { CommandName } from "../../protocol/work.ts";
import { EventQueue } from "../event-queue.ts";
import { msUntil, samplesUntil, type Course, type NextPeer, type Said, type WorkRequest } from "./course.ts";
import { Having } from "./having.ts";
import { Playing, type Speaker } from "./playing.ts";
import { Utterance } from "./utterance.ts";

/** Options of `ParleyClient.talk`. */
export interface TalkOptions {
  /** Plays the answers. */
  readonly speaker?: Speaker;
  /** `open` (default): whatever is said is meant for Parley. `wake`: a wake word begins. `keys`: only keys do. */
  readonly mode?: "open" | "wake" | "keys";
  /** What may interrupt a reply; keys always may. Default `any-speech`. */
  readonly interruptions?: "any-speech" | "wake-word" | "never";
  /** After a reply, more may be said without a wake word for so long. */
  readonly followUpMs?: number;
  /** BCP 47 tag of what is spoken. */
  readonly language?: string;
  /** `command`: plain words, likely ones put right. `dictation`: marks are spoken, and pauses may be long. */
  readonly hearing?: "command" | "dictation";
  /** Names and words that are likely: at most 100, each of at most 64 characters. */
  readonly hotWords?: readonly string[];
  readonly voice?: string;
  readonly speed?: number;
  /** As of other work: {@link WorkOptions.privacy}. */
  readonly privacy?: Privacy;
  /** An answer that another client had begun to hear or read ({@link ParleyClient.continued}): the conversation begins with its rest. */
  readonly answer?: CutAnswer;
  readonly signal?: AbortSignal;
}

/** What becomes of the connection in the middle of a conversation. */
export type ConnectionEvent =
  /** The peer is gone; another one is looked for, and the microphone is kept meanwhile. What came of a reply is played on. */
  | { readonly type: "reconnecting" }
  /** This peer goes on. */
  | { readonly type: "resumed"; readonly peer: string };

/** What happens in a conversation. Turns and replies are numbered on, whatever peer they were at. */
export type ConversationEvent = TalkEvent | ConnectionEvent;

/** A conversation under way. */
export interface TalkSession {
  /** What happens. Playing goes on whether or not they are read. @throws ParleyError when it ends badly. */
  readonly events: AsyncIterable<ConversationEvent>;
  /**
   * A key: push-to-talk down and up, one that is struck, or no more of this; at once, or at a place in the microphone's sound.
   * Of those struck before the peer is ready it keeps the first few.
   * @throws RangeError when `atMs` is no place
   */
  key(key: TalkKey, atMs?: number): void;
}

/** What a conversation needs of the client. */
export interface TalkGround {
  /** @returns whether there was a peer to be told */
  tell(command: CommandName, parameters: Readonly<Record<string, unknown>>): boolean;
  /** How much of the microphone's sound there is, in samples. */
  position(): number;
  /** Nobody reads on. */
  abandon(): void;
}

/** The conversation, and what the connection hands it. */
export class RunningTalk implements TalkSession, Course {
  readonly events: EventQueue<ConversationEvent>;
  readonly mayMiss = true;
  readonly #parameters: WorkRequest["parameters"];
  readonly #ground: TalkGround;
  readonly #playing: Playing | undefined;
  readonly #workId: string;
  readonly #utterance = new Utterance();
  /** Of the answer under way. */
  #having = new Having();
  /** The turn that was cut, until another peer goes on with it. */
  #cut: { readonly turn: number; readonly question: string; readonly id?: string | undefined } | undefined;
  /** The turn that was gone on with last, and how much of its sound came before. */
  #resumed = { turn: 0, soundMs: 0 };
  /** Where this peer's microphone begins in the whole. */
  #from = 0;
  /** What this peer's numbers are added to. */
  #turnsBefore = 0;
  #repliesBefore = 0;
  /** Of the turns that have ended, and of all replies. */
  #lastTurn = 0;
  #lastReply = 0;
  /** The reply whose sound comes; 0: none. */
  #sounding = 0;

  /** @param parameters those of the command `talk` @param begun by another client, which this one goes on for */
  constructor(
    parameters: WorkRequest["parameters"],
    speaker: Speaker | undefined,
    ground: TalkGround,
    begun?: CutAnswer,
  ) {
    this.#parameters = parameters;
    this.#ground = ground;
    this.#workId = begun?.workId ?? crypto.randomUUID();
    this.events = new EventQueue(() => ground.abandon());
    if (begun !== undefined) this.#takeUp(begun);
    if (speaker === undefined) return;
    this.#playing = new Playing(
      speaker,
      ({ reply, ...report }) => {
        const wire = reply - this.#repliesBefore;
        if (wire > 0) ground.tell("talk.heard", { ...report, reply: wire });
      },
      (error) => this.#broken(error),
    );
  }

  key(key: TalkKey, atMs = msUntil(this.#ground.position())): void {
    if (!(atMs >= 0 && Number.isFinite(atMs))) throw new RangeError(`atMs must be 0 or more, not ${atMs}`);
    const struck = { key, at: samplesUntil(atMs) };
    this.#utterance.key(struck);
    this.#strike(struck.key, atMs);
  }

  get isSounding(): boolean {
    return this.#sounding !== 0;
  }

  request(from: number, { resumes }: NextPeer): WorkRequest {
    if (!resumes) this.#giveUp();
    const cut = this.#cut;
    this.#from = from;
    this.#utterance.given(from, this.#ground.position());
    this.#turnsBefore = cut === undefined ? this.#lastTurn : cut.turn - 1;
    this.#repliesBefore = this.#lastReply;
    const named = cut?.id === undefined ? {} : { turnId: cut.id };
    const soFar = cut === undefined ? {} : { soFar: { ...this.#having.soFar(cut.question), ...named } };
    const place = { workId: this.#workId, audioFromMs: msUntil(from) };
    return { command: "talk", parameters: { ...this.#parameters, ...place, ...soFar } };
  }

  lost(): boolean {
    const { asked, answering } = this.#utterance;
    this.#having.cut();
    if (asked !== undefined && this.#having.canGoOn) {
      this.#cut = { turn: asked.turn, question: asked.text, id: asked.id };
      this.#utterance.handOver();
    } else {
      this.#cut = undefined;
      this.#endTurn(answering);
    }
    this.events.push({ type: "reconnecting" });
    return true;
  }

  #takeUp(begun: CutAnswer): void {
    const turn = 1;
    const question = { type: "question" as const, turn, text: begun.question };
    const text = { type: "text" as const, turn, delta: begun.text };
    for (const event of begun.text === "" ? [question] : [question, text]) {
      this.#utterance.follow(event, 0);
      this.events.push(event);
    }
    this.#having = Having.of(begun);
    this.#cut = { turn, question: begun.question };
  }

  /** The next peer cannot go on with what was cut. */
  #giveUp(): void {
    if (this.#cut !== undefined) this.#endTurn(this.#cut.turn);
    this.#cut = undefined;
  }

  #endTurn(turn: number | undefined): void {
    this.#playing?.silence();
    this.#sounding = 0;
    if (turn !== undefined) {
      this.#lastTurn = Math.max(this.#lastTurn, turn);
      this.events.push({ type: "problem", turn, stage: "think", error: LOST });
    }
    this.#utterance.cut();
  }

  resumed(peer: string): void {
    this.events.push({ type: "resumed", peer });
    for (const { key, at } of this.#utterance.keys) this.#strike(key, msUntil(at));
  }

  neededFrom(said: Said): number {
    return this.#utterance.neededFrom(said);
  }

  event(given: Readonly<Record<string, unknown>>): void {
    const parsed = talkEventSchema.safeParse(given);
    // A newer peer may say more than this client knows; what it does not know it passes over.
    if (!parsed.success) return;
    const event = this.#placed(parsed.data);
    this.#utterance.follow(event, this.#ground.position());
    const isNew = this.#note(event);
    if (event.type === "turn") this.#lastTurn = Math.max(this.#lastTurn, event.turn);
    if (event.type === "reply") this.#lastReply = Math.max(this.#lastReply, event.reply);
    this.#follow(event);
    if (isNew) this.events.push(event);
  }

  audio({ sampleRateHz, samples }: AudioFrame): void {
    this.#having.sound((1000 * samples.length) / sampleRateHz);
    this.#playing?.sound({ sampleRateHz, samples });
  }

  opus(): void {
    // A conversation asks for samples only.
  }

  end(): void {
    this.#playing?.quiet();
    this.events.end();
  }

  fail(error: unknown): void {
    this.#playing?.silence();
    this.events.fail(error);
  }

  /** @returns whether the caller does not know it yet */
  #note(event: TalkEvent): boolean {
    if (event.type === "text" || event.type === "sentence" || event.type === "timing") return this.#having.take(event);
    // A turn that goes on is answered anew.
    if (event.type === "question" || event.type === "turn") this.#having = new Having();
    if (event.type === "turn" && this.#cut?.turn === event.turn) this.#cut = undefined;
    return true;
  }

  #strike(key: TalkKey, atMs: number): void {
    this.#ground.tell("talk.key", { key, atMs: Math.max(0, atMs - msUntil(this.#from)) });
  }

  /** As it is numbered, and when it was, in the whole conversation. */
  #placed(event: TalkEvent): TalkEvent {
    if (event.type === "wake") return { ...event, atMs: event.atMs + msUntil(this.#from) };
    if ("turn" in event) {
      const turn = event.turn === 0 ? 0 : event.turn + this.#turnsBefore;
      const isResumed = event.type === "turn" && turn === this.#resumed.turn;
      return isResumed ? { ...event, turn, heardMs: event.heardMs + this.#resumed.soundMs } : { ...event, turn };
    }
    if ("reply" in event) return { ...event, reply: event.reply + this.#repliesBefore };
    return event;
  }

  #follow(event: TalkEvent): void {
    if (event.type === "reply") this.#sounding = event.reply;
    if (event.type === "reply-end" || event.type === "stop" || event.type === "turn") this.#sounding = 0;
    const playing = this.#playing;
    if (playing === undefined) return;
    if (event.type === "duck") playing.duck(event.gainDb, event.fadeMs);
    if (event.type === "restore") playing.restore(event.fadeMs);
    if (event.type === "reply") this.#replyBegins(playing, event.reply);
    if (event.type === "reply-end") {
      void playing.finish(event.reply).then(() => this.#silent(event.reply));
    }
    if (event.type === "stop") playing.stop(event.reply);
  }

  /** All of the reply was played, unless another one sounds by now. */
  #silent(reply: number): void {
    if (reply === this.#lastReply) this.#utterance.sounded(this.#ground.position());
  }

  #replyBegins(playing: Playing, reply: number): void {
    const cut = this.#cut;
    this.#cut = undefined;
    if (cut === undefined) return playing.begin(reply);
    this.#resumed = { turn: cut.turn, soundMs: this.#having.soundMs };
    playing.goOn(reply);
  }

  /** The loudspeaker cannot be used: nobody would hear the rest. */
  #broken(error: unknown): void {
    this.fail(error);
    this.#ground.abandon();
  }
}

const LOST = {
  code: "connection-lost",
  message: "the peer was lost in the middle of its answer",
  nextStep: "Ask again.",
} as const;

/** The answers of a conversation: begun, let through, cut and recorded, as the interaction machine says. */
import type { InteractionEffect, InteractionEvent } from "../../turn/interaction/index.ts";
import { callsOff } from "../../turn/normalise/call-off.ts";
import { toneOf } from "../../turn/tone/tone.ts";
import type { ConversationClock, ConversationEvent, ConversationParts } from "./contracts.ts";
import type { SpokenSoFar } from "../go-on.ts";
import type { SpeakEvent } from "../speak-event.ts";
import { Reply, type ReplyManner } from "./reply.ts";

const PROGRESS_MS = 250;
const DUCK_DB = -18;
const DUCK_FADE_MS = 40;
const RESTORE_FADE_MS = 250;

/** Where their news go. */
export interface AnswersNews {
  readonly deal: (event: InteractionEvent) => void;
  readonly tell: (event: ConversationEvent) => void;
}

/** What is kept of a turn until it has ended. */
interface OpenTurn {
  /** What began it, which is no part of the question. */
  wakeWord: string | undefined;
  question: string;
  /** When, on the clock, the person had finished. */
  spokeUntilMs: number | undefined;
  firstAudioMs: number | undefined;
  reply: Reply | undefined;
  /** Of an answer that was begun elsewhere, what its listener has. */
  soFar: SpokenSoFar | undefined;
  /** Its listener knows what is answered. */
  isTold: boolean;
  /** Where in the captured sound the question ends. */
  throughMs: number;
  /** The answer that somebody spoke into before they can have heard it, and what it answered. */
  before: { readonly question: string; readonly reply: Reply } | undefined;
}

type Effect<T extends InteractionEffect["type"]> = Extract<InteractionEffect, { type: T }>;

function sentenceOf(
  { index, from, spoken: { text, written } }: Extract<SpeakEvent, { type: "sentence" }>,
  turn: number,
): ConversationEvent {
  return { type: "sentence", turn, index, text, from, to: from + written.length };
}

/** The turns that are open, and the answers to them. */
export class Answers {
  readonly #parts: ConversationParts;
  readonly #manner: ReplyManner;
  readonly #clock: ConversationClock;
  readonly #news: AnswersNews;
  readonly #signal: AbortSignal;
  readonly #replies = new Map<number, Reply>();
  readonly #turns = new Map<number, OpenTurn>();
  /** The reply that is heard. */
  #playing: Reply | undefined;
  #takeBackProgress: () => void = () => undefined;

  constructor(
    parts: ConversationParts,
    manner: ReplyManner,
    clock: ConversationClock,
    news: AnswersNews,
    signal: AbortSignal,
  ) {
    this.#parts = parts;
    this.#manner = manner;
    this.#clock = clock;
    this.#news = news;
    this.#signal = signal;
  }

  /** What is known of an open turn. */
  turn(turn: number): OpenTurn {
    const open = this.#turns.get(turn);
    if (open !== undefined) return open;
    const fresh: OpenTurn = {
      wakeWord: undefined,
      question: "",
      spokeUntilMs: undefined,
      firstAudioMs: undefined,
      reply: undefined,
      soFar: undefined,
      isTold: false,
      throughMs: 0,
      before: undefined,
    };
    this.#turns.set(turn, fresh);
    return fresh;
  }

  /** The person goes on: what there was of an answer is forgotten. */
  reopen(turn: number): void {
    const open = this.turn(turn);
    const { reply, question } = open;
    const isTold = open.firstAudioMs !== undefined || this.#parts.voice === undefined;
    if (reply !== undefined && isTold) open.before = { question, reply };
    open.reply = undefined;
    open.firstAudioMs = undefined;
  }

  /** Whether what was said into the beginning of an answer only calls it off. */
  isCalledOff(turn: number, language: string): boolean {
    const { before, question } = this.turn(turn);
    return before !== undefined && callsOff(question, before.question, language);
  }

  /** The turn has its answer again, as far as it was told. */
  callOff(turn: number): void {
    const open = this.turn(turn);
    open.reply = open.before?.reply;
  }

  /** Begins an answer. */
  think({ turn, generation, speculative, text }: Effect<"think">): void {
    const open = this.turn(turn);
    const { deal, tell } = this.#news;
    open.question = text;
    const { soFar } = open;
    const reply = new Reply({ turn, generation, question: text, soFar }, this.#parts.voice, this.#manner, {
      event: (event) => {
        if (event.type === "text") tell({ type: "text", turn, delta: event.delta });
        if (event.type === "sentence") tell(sentenceOf(event, turn));
        if (event.type === "timing") tell({ ...event, turn });
      },
      firstText: () => deal({ type: "text", generation }),
      firstAudio: () => deal({ type: "audio", generation }),
      sounds: () => {
        if (open.spokeUntilMs !== undefined) open.firstAudioMs = this.#clock.now() - open.spokeUntilMs;
      },
      answered: (heardMs) => deal({ type: "answered", generation, heardMs }),
      failed: (stage, error) => {
        tell({ type: "problem", turn, stage, error });
        deal({ type: "failed", generation, stage });
      },
    });
    open.reply = reply;
    this.#replies.set(generation, reply);
    if (!speculative) reply.confirm();
    if (!open.isTold) tell({ type: "question", turn, text, throughMs: open.throughMs });
    void reply.run(this.#parts.think).finally(() => this.#replies.delete(generation));
  }

  confirm(generation: number): void {
    this.#replies.get(generation)?.confirm();
  }

  cancel(generation: number): void {
    this.#replies.get(generation)?.cancel();
  }

  /** Lets a reply be heard, and tells how far it has got while it is. */
  play(generation: number): void {
    this.#playing = this.#replies.get(generation);
    this.#playing?.play();
    this.#reportProgress();
  }

  /** Nothing is heard any more. */
  silent(): void {
    this.#playing = undefined;
    this.#takeBackProgress();
  }

  duck(): void {
    this.#parts.voice?.playback.duck(DUCK_DB, DUCK_FADE_MS);
    this.#news.tell({ type: "ducked" });
  }

  restore(): void {
    this.#parts.voice?.playback.restore(RESTORE_FADE_MS);
    this.#news.tell({ type: "restored" });
  }

  async stop(generation: number): Promise<void> {
    const { voice } = this.#parts;
    if (voice === undefined) return this.#news.deal({ type: "stopped", generation, heardMs: 0 });
    const { heardMs } = await voice.playback.stop();
    if (!this.#signal.aborted) this.#news.deal({ type: "stopped", generation, heardMs });
  }

  /** Forgets a turn that has ended, and tells how it went. */
  end({ turn, outcome, heardMs }: Effect<"end-turn">): void {
    const { question, reply, firstAudioMs } = this.turn(turn);
    this.#turns.delete(turn);
    const written = reply?.written ?? "";
    const heard = outcome === "complete" ? written : (reply?.heard(heardMs) ?? "");
    const tone = toneOf(written, question);
    this.#news.tell({ type: "turn", turn, outcome, question, reply: written, heard, heardMs, tone, firstAudioMs });
  }

  /** The conversation is over. */
  close(): void {
    this.silent();
    for (const reply of this.#replies.values()) reply.cancel();
  }

  #reportProgress(heardBeforeMs = 0): void {
    const { voice } = this.#parts;
    this.#takeBackProgress();
    this.#takeBackProgress = this.#clock.after(PROGRESS_MS, () => {
      const reply = this.#playing;
      if (reply === undefined || voice === undefined || this.#signal.aborted) return;
      const { heardMs } = voice.playback;
      // A loudspeaker that holds sound and stands still gives no sign of life, however often it says so.
      const isAlive = heardMs > heardBeforeMs || heardMs >= reply.sentMs;
      if (isAlive) this.#news.deal({ type: "progress", generation: reply.generation, heardMs });
      if (this.#playing === reply) this.#reportProgress(Math.max(heardMs, heardBeforeMs));
    });
  }
}

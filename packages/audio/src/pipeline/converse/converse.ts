/**
 * A live conversation: somebody speaks when they like, and is answered, interrupted replies included. The interaction
 * machine decides; this carries out what it says, and tells it what becomes of it.
 */
import { AudioError } from "../../errors.ts";
import { BoundedQueue } from "../../format/queue.ts";
import type { HearingMode } from "../../engines/contracts.ts";
import { createInteraction, type Interaction, type InteractionEffect } from "../../turn/interaction/index.ts";
import type { InteractionEvent, InteractionOptions, InteractionState } from "../../turn/interaction/index.ts";
import { endpointOptions } from "../../turn/endpoint/index.ts";
import { writtenAsHeard } from "../../turn/normalise/by-mode.ts";
import { withoutWakeWord } from "../../turn/normalise/wake-word.ts";
import { abortError } from "../../format/abort.ts";
import { Hearing } from "../hearing/hearing.ts";
import { Answers } from "./answers.ts";
import { REAL_CLOCK } from "./clock.ts";
import type { ConversationClock, ConversationEvent, ConversationParts, WakeHeard } from "./contracts.ts";
import { Ears, type EarsOptions } from "./ears.ts";
import { overdue } from "./overdue.ts";
import { Keys } from "./keys.ts";
import type { SpokenSoFar } from "../go-on.ts";
import type { ReplyManner } from "./reply.ts";

/** Options of {@link converse}. */
export interface ConverseOptions extends EarsOptions, ReplyManner {
  readonly interaction?: Partial<InteractionOptions> | undefined;
  /** BCP 47 tag of what is spoken. Default `en`. */
  readonly language?: string | undefined;
  /** Orders, or text that is written by voice; questions and answers when absent. */
  readonly mode?: HearingMode | undefined;
  /** Names and words that are likely. */
  readonly hotWords?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: ConversationClock | undefined;
  /** An answer that was under way when this conversation was held elsewhere: it is the first turn, and gone on with. */
  readonly resume?: ResumedTurn | undefined;
}

/** A turn that was begun elsewhere. `think` is asked again, and begins its answer with `soFar.text`. */
export interface ResumedTurn {
  readonly question: string;
  readonly soFar: SpokenSoFar;
  /** Its listener was not told yet what is answered. */
  readonly isNews?: boolean | undefined;
}

/** A conversation under way. */
export interface LiveConversation {
  /** What happens, until the sound has ended and all that was asked is answered. One reader. */
  readonly events: AsyncIterable<ConversationEvent>;
  readonly state: InteractionState;
  /** Push-to-talk: the key goes down, and up again; now, or `atMs` into the captured sound. */
  press(atMs?: number): void;
  release(atMs?: number): void;
  /** A key that is struck once. */
  strike(atMs?: number): void;
  /** No more of what is being done. */
  cancel(): void;
}

/** What is dictated in one piece; its sound is kept until it is over. */
const LONGEST_DICTATION_MS = 120_000;
/** Events that may wait unread; then the reader is taken for dead. */
const EVENTS_WAITING = 4096;

/**
 * Holds a conversation over `audio`: mono at `SPEECH_RATE_HZ` as it is captured, blocks of any size.
 * Its events end with an error: AudioError of engines that do not come back, `job-cancelled` when `signal` aborts, or what
 * `audio` throws.
 */
export function converse(
  audio: AsyncIterable<Float32Array>,
  parts: ConversationParts,
  options: ConverseOptions = {},
): LiveConversation {
  return new Conversation(audio, parts, options);
}

class Conversation implements LiveConversation {
  readonly events: BoundedQueue<ConversationEvent>;
  readonly #parts: ConversationParts;
  readonly #options: ConverseOptions;
  readonly #clock: ConversationClock;
  readonly #interaction: Interaction;
  readonly #ears: Ears;
  readonly #keys: Keys;
  readonly #hearing: Hearing;
  readonly #answers: Answers;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #work = new Map<number, AbortController>();
  readonly #waiting: InteractionEvent[] = [];
  readonly #over = Promise.withResolvers<void>();
  #isDealing = false;
  #isSoundOver = false;
  #takeBackTimer: () => void = () => undefined;
  #state: InteractionState = "idle";
  #wake: WakeHeard | undefined;

  constructor(audio: AsyncIterable<Float32Array>, parts: ConversationParts, options: ConverseOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#clock = options.clock ?? REAL_CLOCK;
    const dictated = options.mode === "dictation" ? { maxUtteranceMs: LONGEST_DICTATION_MS } : {};
    this.#interaction = createInteraction({ ...dictated, ...options.interaction });
    this.#signal =
      options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal]);
    this.events = new BoundedQueue({ capacity: EVENTS_WAITING, signal: options.signal, doing: "conversing" });
    const language = options.language ?? "en";
    const news = {
      event: (event: InteractionEvent) => this.#deal(event),
      wake: (hit: WakeHeard, endMs: number) => this.#onWake(hit, endMs),
      heard: () => this.#onHeard(),
      failed: (error: unknown) =>
        this.#tell({ type: "problem", turn: this.#interaction.turn, stage: "transcribe", error }),
    };
    const { mode, hotWords } = options;
    const endpoint = { language, ...(mode === undefined ? {} : { mode }), ...options.endpoint };
    this.#ears = new Ears(parts, { ...options, endpoint }, news, this.#clock);
    this.#keys = new Keys(() => this.#ears.endMs, news.event, this.#clock);
    const between = (fromMs: number, toMs: number): Float32Array => this.#ears.between(fromMs, toMs);
    const how = { mode, hotWords, language, tailMs: endpointOptions(endpoint).tailMs };
    this.#hearing = new Hearing(parts.stt, between, this.#clock, how, (text, throughMs) => {
      this.#onPartial(text, throughMs);
    });
    const say = {
      deal: (event: InteractionEvent) => this.#deal(event),
      tell: (event: ConversationEvent) => this.#tell(event),
    };
    this.#answers = new Answers(parts, options, this.#clock, say, this.#signal);
    this.#tell({ type: "state", state: "idle", turn: 0 });
    if (options.resume !== undefined) this.#resume(options.resume);
    void this.#live(audio);
  }

  get state(): InteractionState {
    return this.#interaction.state;
  }

  press(atMs?: number): void {
    this.#keys.strike("press", atMs);
  }

  release(atMs?: number): void {
    this.#keys.strike("release", atMs);
  }

  strike(atMs?: number): void {
    this.#keys.strike("strike", atMs);
  }

  cancel(): void {
    this.#keys.forget();
    this.#deal({ type: "cancel" });
  }

  #resume({ question, soFar, isNews = false }: ResumedTurn): void {
    const open = this.#answers.turn(this.#interaction.turn + 1);
    open.soFar = soFar;
    open.isTold = !isNews;
    this.#deal({ type: "resume", text: question });
  }

  async #live(audio: AsyncIterable<Float32Array>): Promise<void> {
    const onAbort = (): void => this.#over.reject(abortError(this.#signal, "conversing"));
    this.#signal.addEventListener("abort", onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    try {
      await Promise.race([this.#ears.run(this.#keys.through(audio), this.#signal), this.#over.promise]);
      this.#soundOver();
      await this.#over.promise;
      this.events.close();
    } catch (error) {
      this.events.fail(error);
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
      this.#takeBackTimer();
      this.#hearing.close();
      this.#keys.forget();
      for (const work of this.#work.values()) work.abort();
      this.#answers.close();
      if (this.#interaction.state === "speaking") void this.#parts.voice?.playback.stop();
      this.#stop.abort();
    }
  }

  /** Nothing more will be said: what was is answered. */
  #soundOver(): void {
    this.#isSoundOver = true;
    if (this.#interaction.state === "listening_for_command") {
      this.#deal(
        this.#interaction.place.endsWith("held")
          ? { type: "release", toMs: this.#ears.endMs }
          : { type: "ended", toMs: this.#ears.endMs },
      );
    }
    this.#endIfQuiet();
  }

  #endIfQuiet(): void {
    const { state, place } = this.#interaction;
    if (this.#isSoundOver && (state === "idle" || place.endsWith("waiting"))) this.#over.resolve();
  }

  /** Takes an event in, and what its effects bring, one after the other. */
  #deal(event: InteractionEvent): void {
    this.#waiting.push(event);
    this.#drain();
  }

  #drain(): void {
    if (this.#isDealing) return;
    this.#isDealing = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#carryOut(this.#interaction.send(next, this.#clock.now()));
      }
    } finally {
      this.#isDealing = false;
    }
    this.#arm();
    this.#endIfQuiet();
  }

  #carryOut(effects: readonly InteractionEffect[]): void {
    for (const effect of effects) this.#do(effect);
    // What was said last has been taken over by now, if anybody wants it.
    if (!this.#ears.isOpen) this.#hearing.drop();
    const { state, turn } = this.#interaction;
    if (state === this.#state) return;
    this.#state = state;
    this.#ears.watch(state === "processing" || state === "responding" || state === "speaking");
    if (state === "speaking") this.#ears.playing();
    else this.#answers.silent();
    this.#tell({ type: "state", state, turn });
  }

  /** The machine's timers. */
  #arm(): void {
    this.#takeBackTimer();
    const dueMs = this.#interaction.nextDueMs;
    if (dueMs === undefined) return;
    this.#takeBackTimer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => {
      if (this.#signal.aborted) return;
      this.#isDealing = true;
      try {
        this.#carryOut(this.#interaction.advance(this.#clock.now()));
      } finally {
        this.#isDealing = false;
      }
      this.#drain();
    });
  }

  #do(effect: InteractionEffect): void {
    switch (effect.type) {
      case "arbitrate":
        return void this.#arbitrate(effect.turn);
      case "open-ears":
        this.#answers.reopen(effect.turn);
        if (effect.opening === "wake") this.#answers.turn(effect.turn).wakeWord = this.#wake?.word;
        return this.#ears.open(effect);
      case "close-ears":
        return this.#ears.close();
      case "transcribe":
        return void this.#transcribe(effect);
      case "think":
        return this.#think(effect);
      case "confirm":
        if (this.#isCalledOff()) return this.#callOff();
        return this.#answers.confirm(effect.generation);
      case "cancel-work":
        return this.#cancelWork(effect.generation);
      case "play":
        return this.#answers.play(effect.generation);
      case "duck":
        return this.#answers.duck();
      case "restore":
        return this.#answers.restore();
      case "stop":
        return void this.#answers.stop(effect.generation);
      case "overdue":
        return this.#tell(overdue(effect));
      case "end-turn":
        return this.#answers.end(effect);
      case "signal":
        return this.#tell({ type: "signal", signal: effect.signal });
    }
  }

  /** "Stop", into the beginning of an answer, is not thought about; nor is it final before its end is certain. */
  #think(effect: Extract<InteractionEffect, { type: "think" }>): void {
    if (!this.#isCalledOff()) return this.#answers.think(effect);
    if (!effect.speculative) this.#callOff();
  }

  #isCalledOff(): boolean {
    return this.#answers.isCalledOff(this.#interaction.turn, this.#options.language ?? "en");
  }

  #callOff(): void {
    this.#answers.callOff(this.#interaction.turn);
    this.#deal({ type: "cancel" });
  }

  #onWake(hit: WakeHeard, endMs: number): void {
    this.#wake = hit;
    this.#tell({ type: "wake", word: hit.word, score: hit.score, atMs: endMs });
    this.#deal({ type: "wake", word: hit.word, score: hit.score, endMs });
  }

  async #arbitrate(turn: number): Promise<void> {
    const hit = this.#wake;
    const { arbitrate } = this.#parts;
    if (arbitrate === undefined || hit === undefined) return this.#deal({ type: "won" });
    const isOver = (): boolean => this.#signal.aborted || this.#interaction.turn !== turn;
    try {
      for await (const type of arbitrate(hit, this.#signal)) {
        if (isOver()) return;
        this.#deal({ type });
      }
    } catch {
      // Whoever cannot ask the others answers: rather two than none.
      if (!isOver()) this.#deal({ type: "won" });
    }
  }

  #onHeard(): void {
    const { saying } = this.#ears;
    if (saying !== undefined) void this.#hearing.follow(saying);
  }

  #onPartial(heard: string, throughMs: number): void {
    const { turn } = this.#interaction;
    const { wakeWord } = this.#answers.turn(turn);
    const text = wakeWord === undefined ? heard : withoutWakeWord(heard, wakeWord);
    if (text === "") return;
    this.#ears.recognised(text, throughMs);
    this.#tell({ type: "partial", turn, text });
  }

  async #transcribe(effect: Extract<InteractionEffect, { type: "transcribe" }>): Promise<void> {
    const { turn, generation } = effect;
    const work = new AbortController();
    this.#work.set(generation, work);
    const span = this.#ears.span(effect.fromMs, effect.toMs);
    this.#ears.taken(span.toMs);
    const open = this.#answers.turn(turn);
    open.throughMs = span.toMs;
    open.spokeUntilMs = this.#clock.now() - (this.#ears.endMs - span.toMs);
    try {
      const { text: heard } = await this.#hearing.finish(span, work.signal);
      const { language = "en", mode, hotWords } = this.#options;
      const said = open.wakeWord === undefined ? heard : withoutWakeWord(heard, open.wakeWord);
      const text = writtenAsHeard(said, { language, mode, hotWords });
      const complete = this.#ears.recognised(text, span.toMs);
      // Also of a turn that is over before it is thought about, because it was too long.
      open.question = text;
      this.#deal({ type: "transcript", generation, text, ...(complete === undefined ? {} : { complete }) });
    } catch (error) {
      if (work.signal.aborted) return;
      this.#tell({ type: "problem", turn, stage: "transcribe", error });
      this.#deal({ type: "failed", generation, stage: "transcribe" });
    }
  }

  #cancelWork(generation: number): void {
    this.#work.get(generation)?.abort();
    this.#work.delete(generation);
    this.#answers.cancel(generation);
  }

  #tell(event: ConversationEvent): void {
    if (this.events.tryPush(event) || this.events.ended) return;
    this.#over.reject(readerGone());
  }
}

function readerGone(): AudioError {
  return new AudioError(
    "job-cancelled",
    `nobody reads what happens in the conversation: ${EVENTS_WAITING} events wait`,
    {
      nextStep: "Read its events, or end it.",
    },
  );
}

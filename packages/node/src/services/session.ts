/** One client's conversation: it asks, and what was said before is part of what is thought about. */
import { chooseVoice } from "@parley/audio/engines";
import { abortable } from "@parley/audio/format";
import { voiceTurn, type TurnEvent, type TurnInput, type TurnOptions } from "@parley/audio/pipeline";
import type { ConversationEvent, ConversationParts, LiveConversation, ReplyPlayback } from "@parley/audio/converse";
import { prompt, remember, startConversation, type Conversation } from "../assistant/conversation.ts";
import type { WakeInput } from "../config/index.ts";
import { Bidder } from "./arbitration/bidder.ts";
import type { Privacy } from "../routing/index.ts";
import { bounded, Deadline } from "./limits.ts";
import type { Services } from "./services.ts";
import { urgentSpeechToText, urgentTextToSpeech } from "./urgent.ts";

/** Options of {@link Session.ask}. */
export interface AskOptions extends Omit<TurnOptions, "now" | "speaking"> {
  readonly speak: boolean;
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  /** Nothing of it must leave this host, or the house; as configured when absent. */
  readonly privacy?: Privacy | undefined;
}

/** Options of {@link Session.converse}. */
export interface TalkOptions {
  readonly mode: "open" | "wake" | "keys";
  /** Which wake words are listened for: those of the peer's own ears, or those of clients. */
  readonly input: WakeInput;
  /** How much this conversation wants to be the one that answers to a wake word, -1 to 1; 0 when absent. */
  readonly preference?: number | undefined;
  readonly interruptions?: "any-speech" | "wake-word" | "never" | undefined;
  readonly followUpMs?: number | undefined;
  readonly language?: string | undefined;
  /** Orders, or text that is written by voice; questions when absent. */
  readonly hearing?: "command" | "dictation" | undefined;
  /** Names and words that are likely. */
  readonly hotWords?: readonly string[] | undefined;
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  /** Where answers are heard; text only when absent. */
  readonly playback: ReplyPlayback | undefined;
  /** How much of the microphone's sound between two places of it that playback explains, 0 to 1. */
  readonly echo?: ConversationParts["echo"];
  /** What is said must not leave this host, or the house; as configured when absent. */
  readonly privacy?: Privacy | undefined;
  readonly signal: AbortSignal;
}

/** A conversation, in memory, for as long as its client is there. */
export class Session {
  readonly #services: Services;
  #conversation: Conversation;
  /** Resolves when the turn before has ended: what it said is part of what the next is thought about with. */
  #previous: Promise<void> = Promise.resolve();

  constructor(services: Services) {
    this.#services = services;
    this.#conversation = startConversation(services.config.llm.system_prompt);
  }

  /**
   * One turn; turns run one after another.
   * @throws AudioError, PeerError of whatever takes part; `audio-too-long` for a question, `job-timed-out` for an answer
   * that takes more than `limits.ask_seconds`; `engine-busy` where there are too many.
   */
  ask(input: TurnInput, options: AskOptions): AsyncGenerator<TurnEvent> {
    return this.#services.admission.run("ask", () => this.#ask(input, options));
  }

  async *#ask(input: TurnInput, options: AskOptions): AsyncGenerator<TurnEvent> {
    const previous = this.#previous;
    const ended = Promise.withResolvers<void>();
    this.#previous = previous.then(() => ended.promise);
    try {
      await abortable(previous, options.signal, "waiting for the turn before");
      yield* this.#turn(input, options);
    } finally {
      ended.resolve();
    }
  }

  /**
   * A live conversation over `microphone`, mono at `SPEECH_RATE_HZ`, until it ends.
   * @throws AudioError of engines that do not come up; `engine-busy` where there are too many. What happens later comes with the
   * events.
   */
  async converse(microphone: AsyncIterable<Float32Array>, options: TalkOptions): Promise<LiveConversation> {
    const services = this.#services;
    const leave = this.#takePlace(options.signal);
    const { playback, echo, signal, mode, input, preference, interruptions, followUpMs, hearing, privacy, ...manner } =
      options;
    services.warm({ hear: true, speak: playback !== undefined });
    const [{ converse }, ears, tts, wake] = await Promise.all([
      import("@parley/audio/converse"),
      services.ears(signal, { privacy }),
      playback === undefined ? undefined : services.voice(signal, { privacy }),
      // Where only a wake word interrupts, one is listened for, whatever begins a turn.
      mode === "wake" || interruptions === "wake-word" ? services.wake(input, signal, { privacy }) : undefined,
    ]);
    const bidder = wake === undefined ? undefined : this.#bidder({ preference, speak: playback !== undefined, signal });
    const parts: ConversationParts = {
      ...ears,
      stt: urgentSpeechToText(ears.stt),
      wake,
      echo,
      arbitrate: bidder?.arbitrate.bind(bidder),
      think: (question, asked) =>
        services.think(
          prompt(this.#conversation, question),
          { ...services.generation(asked.signal), urgent: true },
          { privacy },
        ),
      voice: tts === undefined || playback === undefined ? undefined : { tts: urgentTextToSpeech(tts), playback },
    };
    const longestTurnMs = services.config.limits.turn_seconds * 1000;
    const live = converse(microphone, parts, {
      ...manner,
      ...(tts === undefined ? {} : services.voiceIn(tts, manner)),
      mode: hearing,
      hotWords: services.hotWordsFor(manner),
      speech: services.speech,
      // The machine's limit comes first: it keeps what is said behind it.
      endpoint: { longestMs: longestTurnMs + 1000 },
      bargeIn: interruptions === undefined ? {} : { policy: interruptions },
      interaction: {
        mode: mode === "open" ? "open" : "wake",
        maxUtteranceMs: longestTurnMs,
        ...(interruptions === undefined ? {} : { interruptions }),
        ...(followUpMs === undefined ? {} : { followUpMs }),
      },
      signal,
    });
    return withEvents(live, this.#remembering(live.events, bidder, leave));
  }

  /** One of the conversations that may be held at once, until it is left or `signal` aborts. @throws AudioError `engine-busy` */
  #takePlace(signal: AbortSignal): () => void {
    const leave = this.#services.admission.enter("talk");
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    return leave;
  }

  /** Its seat among those that listen for a wake word; left when the conversation is over. */
  #bidder(about: {
    readonly preference: number | undefined;
    readonly speak: boolean;
    readonly signal: AbortSignal;
  }): Bidder | undefined {
    const { preference = 0, speak, signal } = about;
    const services = this.#services;
    const seat = services.arbitration?.take();
    if (seat === undefined) return undefined;
    const bidder = new Bidder({ seat, preference, isReady: () => services.canAnswer({ speak }) });
    signal.addEventListener("abort", () => bidder.leave(), { once: true });
    if (signal.aborted) bidder.leave();
    return bidder;
  }

  /** What was said and heard is part of what is thought about next. */
  async *#remembering(
    events: AsyncIterable<ConversationEvent>,
    bidder: Bidder | undefined,
    leave: () => void,
  ): AsyncGenerator<ConversationEvent> {
    try {
      for await (const event of events) {
        bidder?.note(event);
        this.#remember(event);
        yield event;
      }
    } finally {
      bidder?.leave();
      leave();
    }
  }

  #remember(event: ConversationEvent): void {
    if (event.type !== "turn" || event.question === "") return;
    // What was said and cut before an answer began, by its length or by its speaker, was said all the same.
    if (event.heard === "" && event.outcome !== "interrupted") return;
    const wasInterrupted = event.outcome !== "complete";
    this.#conversation = remember(this.#conversation, event.question, event.heard, { wasInterrupted });
  }

  async *#turn(input: TurnInput, options: AskOptions): AsyncGenerator<TurnEvent> {
    const services = this.#services;
    const limitMs = services.config.limits.ask_seconds * 1000;
    const bound = "audio" in input ? { audio: bounded(input.audio, limitMs, "limits.ask_seconds") } : input;
    const deadline = new Deadline(limitMs, options.signal);
    const { signal } = deadline;
    services.warm({ hear: "audio" in input, speak: options.speak });
    const ask = { privacy: options.privacy };
    const parts = {
      hear: () => services.ears(signal, ask),
      think: (text: string) => services.think(prompt(this.#conversation, text), services.generation(signal), ask),
      voice: options.speak ? () => services.voice(signal, ask) : undefined,
    };
    let question = "";
    let answer = "";
    try {
      const hotWords = services.hotWordsFor(options);
      const speaking = services.answeringVoice(options);
      // Nobody is to think about what then cannot be said.
      if (options.speak && services.voices.length > 0) chooseVoice(services.voices, speaking);
      const how = { ...options, speaking, hotWords, speech: services.speech, signal };
      for await (const event of voiceTurn(bound, parts, how)) {
        if (event.type === "question") {
          question = event.text;
          deadline.start();
        }
        if (event.type === "text") answer += event.delta;
        yield event;
      }
    } catch (error) {
      throw deadline.expired ?? error;
    } finally {
      deadline.stop();
      // A cut answer is remembered as far as it went: the person has seen or heard it.
      if (answer !== "") this.#conversation = remember(this.#conversation, question, answer);
    }
  }
}

/** `live`, read through `events`. */
function withEvents(live: LiveConversation, events: AsyncIterable<ConversationEvent>): LiveConversation {
  return {
    events,
    get state() {
      return live.state;
    },
    press: (atMs) => live.press(atMs),
    release: (atMs) => live.release(atMs),
    strike: (atMs) => live.strike(atMs),
    cancel: () => live.cancel(),
  };
}

/** What a live conversation is made of, and what is heard of it. */
import type { SpeechToText, TextToSpeech, VoiceFrames, WakeWord } from "../../engines/contracts.ts";
import type { Pcm } from "../../format/pcm.ts";
import type { InteractionState, Signal, Stage, TurnOutcome } from "../../turn/interaction/index.ts";
import type { SpeechTiming } from "../../turn/timing/timing.ts";
import type { Tone } from "../../turn/tone/tone.ts";
import type { WakeOptions } from "../../turn/wake/index.ts";

/** Where a reply is heard: a loudspeaker, or a client that has one. One reply at a time; a stop or an end begins the next. */
export interface ReplyPlayback {
  /** How much of the reply in hand has been heard. */
  readonly heardMs: number;
  /** Adds sound to the reply; waits while much is queued. False when the reply was stopped: the sound is dropped. */
  play(pcm: Pcm, signal?: AbortSignal): Promise<boolean>;
  /** The reply is complete: resolves when all of it was heard, or it was stopped, with how much was heard. */
  finished(signal: AbortSignal): Promise<number>;
  /** Turns down to `gainDb` (below 0) within `fadeMs`. */
  duck(gainDb: number, fadeMs: number): void;
  restore(fadeMs: number): void;
  /** Silent as soon as can be; a client at a distance tells later how far it had got. */
  stop(): { readonly heardMs: number } | Promise<{ readonly heardMs: number }>;
}

/** One turn, for who answers it. */
export interface Asked {
  readonly turn: number;
  /**
   * Resolves once it is certain that the person has finished; never, when the turn is taken back (then `signal` aborts).
   * Until then nothing may be done that cannot be undone.
   */
  readonly certain: Promise<void>;
  readonly signal: AbortSignal;
}

/** Who hears, thinks and speaks. They are asked for when they are needed, so that each turn goes to the best there is. */
export interface ConversationParts {
  readonly vad: VoiceFrames;
  readonly stt: SpeechToText;
  /** Without it only keys, or in open mode speech, begin a turn. */
  readonly wake?: { readonly engine: WakeWord; readonly rules: WakeOptions } | undefined;
  readonly think: (question: string, asked: Asked) => AsyncIterable<string>;
  /** Without a voice, answers are text only. */
  readonly voice?: { readonly tts: TextToSpeech; readonly playback: ReplyPlayback } | undefined;
  /**
   * Settles with other hosts who answers to a wake word; alone when absent. The first verdict comes soon; one that comes
   * later takes its place, as when two that could not hear each other both had answered.
   */
  readonly arbitrate?: ((hit: WakeHeard, signal: AbortSignal) => AsyncIterable<Verdict>) | undefined;
  /** How likely the sound between two places of the captured stream is our own playback, or how much of it, 0 to 1. None when absent. */
  readonly echo?: ((fromMs: number, toMs: number) => number) | undefined;
}

/** Who answers to a wake word: this host, or another. */
export type Verdict = "won" | "lost";

/** A wake word as this host heard it. */
export interface WakeHeard {
  readonly word: string;
  readonly score: number;
  /** Level of the word and of the room before it, dBFS. */
  readonly levelDbfs: number;
  readonly floorDbfs: number;
  /** How long before it was heard it had ended, in captured sound: what the detector took. */
  readonly agoMs: number;
}

/** How a turn went, told once for each, in order. */
export interface TurnRecord {
  readonly turn: number;
  readonly outcome: TurnOutcome;
  /** Empty when nothing was recognised. */
  readonly question: string;
  /** All that was written of the answer. */
  readonly reply: string;
  /** What the person has heard of it; all of it when there is no voice. */
  readonly heard: string;
  readonly heardMs: number;
  readonly tone: Tone;
  /** From the end of speech, as it was found in the sound, to the first sound of the answer, on this side of the playback. */
  readonly firstAudioMs: number | undefined;
}

/** What happens in a conversation, in order. */
export type ConversationEvent =
  /** The first one says that ears listen. */
  | { readonly type: "state"; readonly state: InteractionState; readonly turn: number }
  | { readonly type: "signal"; readonly signal: Signal }
  | { readonly type: "wake"; readonly word: string; readonly score: number; readonly atMs: number }
  | { readonly type: "speech-start"; readonly turn: number; readonly atMs: number }
  /** What was understood so far; replaces the partial before it. */
  | { readonly type: "partial"; readonly turn: number; readonly text: string }
  /** What goes to the one who answers. A turn that goes on gets another, longer one. */
  | {
      readonly type: "question";
      readonly turn: number;
      readonly text: string;
      /** Where in the captured sound it ends; 0 for one that was heard elsewhere. */
      readonly throughMs: number;
      /** What it is called by whoever looks after turns; a conversation does not. */
      readonly id?: string | undefined;
    }
  | { readonly type: "text"; readonly turn: number; readonly delta: string }
  /** A chunk goes to the voice: what is written between `from` and `to`, in UTF-16 units of the answer. */
  | {
      readonly type: "sentence";
      readonly turn: number;
      readonly index: number;
      readonly text: string;
      readonly from: number;
      readonly to: number;
      /** Of the whole answer, where somebody knows that there is no more; a conversation does not. */
      readonly length?: number | undefined;
    }
  /** Word times and mouth shapes of a chunk, once its sound is complete. */
  | { readonly type: "timing"; readonly turn: number; readonly index: number; readonly timing: SpeechTiming }
  | { readonly type: "ducked" }
  | { readonly type: "restored" }
  | ({ readonly type: "turn" } & TurnRecord)
  /** Why a stage of a turn failed. */
  | { readonly type: "problem"; readonly turn: number; readonly stage: Stage; readonly error: unknown };

/** Time, as a conversation needs it. */
export interface ConversationClock {
  /** Monotonic. */
  now(): number;
  /** Calls `then` once after `ms`; the function that is returned takes it back. */
  after(ms: number, then: () => void): () => void;
}

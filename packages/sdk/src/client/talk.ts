/** A live conversation on the client's side: what comes is played, and how far it was heard is reported. */
import type { AudioFrame } from "../protocol/audio-frame.ts";
import { talkEventSchema } from "../protocol/talk.ts";
import type { TalkEvent, TalkHeard, TalkKey, TalkKeyStruck } from "../protocol/talk.ts";
import { EventQueue } from "./event-queue.ts";

/** A loudspeaker: a browser's audio context, a sound card, a file. One reply after the other. */
export interface Speaker {
  /** How much of the reply in hand was heard. */
  readonly heardMs: number;
  /** Adds mono sound to the reply in hand, or begins one. False: it was stopped meanwhile. Rejects when it cannot be played. */
  play(sound: { readonly sampleRateHz: number; readonly samples: Float32Array }): Promise<boolean>;
  /** The reply is complete: resolves when all of it was heard, or it was stopped, with how much was heard. */
  finished(): Promise<number>;
  /** Silent at once. */
  stop(): { readonly heardMs: number };
  /** Turns down to `gainDb` (below 0) within `fadeMs`. */
  duck(gainDb: number, fadeMs: number): void;
  restore(fadeMs: number): void;
}

/** What a microphone gave, by a client that knows what it plays itself. */
export interface CapturedSound {
  /** Mono at 16 kHz. */
  readonly samples: Float32Array;
  /**
   * How much of it our own playback explains, 0 to 1, whether or not that was taken out: it does not interrupt. Browsers cannot
   * tell, and leave it out.
   */
  readonly echo?: number | undefined;
}

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
  readonly signal?: AbortSignal;
}

/** A conversation under way. */
export interface TalkSession {
  /** What happens. Playing goes on whether or not they are read. @throws ParleyError when it ends badly. */
  readonly events: AsyncIterable<TalkEvent>;
  /**
   * A key: push-to-talk down and up, one that is struck, or no more of this; at once, or at a place in the microphone's sound.
   * Of those struck before the peer is ready it keeps the first few.
   * @throws RangeError when `atMs` is no place
   */
  key(key: TalkKey, atMs?: number): void;
}

/** Between reports while a reply plays. */
const REPORT_MS = 200;

type Tell = (
  ...told:
    [command: "talk.key", parameters: TalkKeyStruck] | [command: "talk.heard", parameters: Omit<TalkHeard, "commandId">]
) => void;

/** The conversation, and what the connection hands it. */
export class RunningTalk implements TalkSession {
  readonly events: EventQueue<TalkEvent>;
  onAbandon: () => void = () => undefined;
  readonly #speaker: Speaker | undefined;
  readonly #tell: Tell;
  readonly #sentMs: () => number;
  /** The reply whose frames come; 0 when they are to be dropped. */
  #reply = 0;
  /** Sounds are handed over one after the other. */
  #handing: Promise<unknown> = Promise.resolve();
  #reports: ReturnType<typeof setInterval> | undefined;

  /** @param sentMs how much of the microphone's sound has been sent */
  constructor(speaker: Speaker | undefined, tell: Tell, sentMs: () => number) {
    this.#speaker = speaker;
    this.#tell = tell;
    this.#sentMs = sentMs;
    this.events = new EventQueue(() => this.onAbandon());
  }

  key(key: TalkKey, atMs = this.#sentMs()): void {
    if (!(atMs >= 0 && Number.isFinite(atMs))) throw new RangeError(`atMs must be 0 or more, not ${atMs}`);
    this.#tell("talk.key", { key, atMs });
  }

  event(given: Readonly<Record<string, unknown>>): void {
    const parsed = talkEventSchema.safeParse(given);
    // A newer peer may say more than this client knows; what it does not know it passes over.
    if (!parsed.success) return;
    this.#follow(parsed.data);
    this.events.push(parsed.data);
  }

  audio({ sampleRateHz, samples }: AudioFrame): void {
    const reply = this.#reply;
    const speaker = this.#speaker;
    if (reply === 0 || speaker === undefined) return;
    this.#handing = this.#hand(this.#handing, reply, speaker, { sampleRateHz, samples });
    this.#handing.catch((error: unknown) => this.#broken(error));
  }

  end(): void {
    this.#quiet();
    this.events.end();
  }

  fail(error: unknown): void {
    this.#quiet();
    this.#speaker?.stop();
    this.events.fail(error);
  }

  #follow(event: TalkEvent): void {
    const speaker = this.#speaker;
    if (speaker === undefined) return;
    if (event.type === "duck") speaker.duck(event.gainDb, event.fadeMs);
    if (event.type === "restore") speaker.restore(event.fadeMs);
    if (event.type === "reply") this.#begin(event.reply, speaker);
    if (event.type === "reply-end") void this.#finish(event.reply, speaker);
    if (event.type === "stop") this.#stop(event.reply, speaker);
  }

  async #hand(before: Promise<unknown>, reply: number, speaker: Speaker, sound: Parameters<Speaker["play"]>[0]) {
    await before;
    if (this.#reply === reply) await speaker.play(sound);
  }

  #begin(reply: number, speaker: Speaker): void {
    this.#reply = reply;
    this.#quiet();
    this.#reports = setInterval(() => {
      this.#tell("talk.heard", { reply, heardMs: heardOf(speaker.heardMs), state: "playing" });
    }, REPORT_MS);
  }

  async #finish(reply: number, speaker: Speaker): Promise<void> {
    try {
      await this.#handing;
      if (this.#reply !== reply) return;
      const heardMs = await speaker.finished();
      if (this.#reply !== reply) return;
      this.#quiet();
      this.#reply = 0;
      this.#tell("talk.heard", { reply, heardMs: heardOf(heardMs), state: "finished" });
    } catch (error) {
      this.#broken(error);
    }
  }

  #stop(reply: number, speaker: Speaker): void {
    const { heardMs } = speaker.stop();
    this.#quiet();
    this.#reply = 0;
    this.#tell("talk.heard", { reply, heardMs: heardOf(heardMs), state: "stopped" });
  }

  /** The loudspeaker cannot be used: nobody would hear the rest. */
  #broken(error: unknown): void {
    this.fail(error);
    this.onAbandon();
  }

  #quiet(): void {
    clearInterval(this.#reports);
    this.#reports = undefined;
  }
}

/** Sound that is scheduled ahead makes some loudspeakers count from below 0, or not at all. */
function heardOf(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

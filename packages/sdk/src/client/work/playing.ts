/** The replies of a conversation on their way to a loudspeaker, one after the other, and how far each was heard. */
import type { TalkHeard } from "../../protocol/talk.ts";

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

/** Between reports while a reply plays. */
const REPORT_MS = 200;

type Report = Omit<TalkHeard, "commandId">;

/** Plays; replies are numbered by whoever calls, none twice. */
export class Playing {
  readonly #speaker: Speaker;
  readonly #tell: (report: Report) => void;
  readonly #onBroken: (error: unknown) => void;
  /** The reply whose sound comes; 0 when it is to be dropped. */
  #reply = 0;
  /** Of the sound in the loudspeaker's hands, what belongs to earlier parts of the same answer. */
  #beforeMs = 0;
  /** Of what the loudspeaker has in its hands. */
  #givenMs = 0;
  /** Sounds are handed over one after the other. */
  #handing: Promise<unknown> = Promise.resolve();
  #reports: ReturnType<typeof setInterval> | undefined;

  /** @param onBroken the loudspeaker cannot be used: nobody would hear the rest */
  constructor(speaker: Speaker, tell: (report: Report) => void, onBroken: (error: unknown) => void) {
    this.#speaker = speaker;
    this.#tell = tell;
    this.#onBroken = onBroken;
  }

  duck(gainDb: number, fadeMs: number): void {
    this.#speaker.duck(gainDb, fadeMs);
  }

  restore(fadeMs: number): void {
    this.#speaker.restore(fadeMs);
  }

  sound(sound: Parameters<Speaker["play"]>[0]): void {
    const reply = this.#reply;
    if (reply === 0) return;
    this.#givenMs += (1000 * sound.samples.length) / sound.sampleRateHz;
    this.#handing = this.#hand(this.#handing, reply, sound);
    this.#handing.catch((error: unknown) => this.#onBroken(error));
  }

  begin(reply: number): void {
    this.#beforeMs = 0;
    this.#givenMs = 0;
    this.#play(reply);
  }

  /** The rest of the answer in hand comes as this reply: it is played behind what there is, and counted from its own beginning. */
  goOn(reply: number): void {
    this.#beforeMs = this.#givenMs;
    this.#play(reply);
  }

  #play(reply: number): void {
    this.#reply = reply;
    this.quiet();
    this.#reports = setInterval(() => {
      this.#tell({ reply, heardMs: this.#heard(this.#speaker.heardMs), state: "playing" });
    }, REPORT_MS);
  }

  #heard(ms: number): number {
    return Math.max(0, heardOf(ms) - this.#beforeMs);
  }

  /** All of the reply's sound was given. */
  async finish(reply: number): Promise<void> {
    try {
      await this.#handing;
      if (this.#reply !== reply) return;
      const heardMs = await this.#speaker.finished();
      if (this.#reply !== reply) return;
      this.quiet();
      this.#reply = 0;
      this.#givenMs = 0;
      this.#tell({ reply, heardMs: this.#heard(heardMs), state: "finished" });
    } catch (error) {
      this.#onBroken(error);
    }
  }

  stop(reply: number): void {
    const heardMs = this.silence();
    this.#tell({ reply, heardMs, state: "stopped" });
  }

  /** Silent at once, and nobody is told. @returns how much was heard */
  silence(): number {
    const { heardMs } = this.#speaker.stop();
    this.quiet();
    this.#reply = 0;
    this.#givenMs = 0;
    return this.#heard(heardMs);
  }

  /** No more reports. */
  quiet(): void {
    clearInterval(this.#reports);
    this.#reports = undefined;
  }

  async #hand(before: Promise<unknown>, reply: number, sound: Parameters<Speaker["play"]>[0]): Promise<void> {
    await before;
    if (this.#reply === reply) await this.#speaker.play(sound);
  }
}

/** Sound that is scheduled ahead makes some loudspeakers count from below 0, or not at all. */
function heardOf(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

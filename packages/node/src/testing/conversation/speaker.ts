/** A loudspeaker in real time that writes down what is done with it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Speaker } from "@parley/sdk";

/** One reply as it came to the loudspeaker. Times are of `performance.now()`. */
export interface PlayedReply {
  /** When its first sound was handed over, which is when it begins to be heard. */
  readonly startedMs: number;
  /** Of all its sound. */
  lengthMs: number;
  /** When it was stopped, and how much of it had been heard by then. */
  stopped?: { readonly atMs: number; readonly heardMs: number };
  /** All of it was heard. */
  isFinished: boolean;
}

/** Something else that was done with it. */
export interface SpeakerDeed {
  readonly deed: "duck" | "restore";
  readonly atMs: number;
}

const LOOK_MS = 10;

/** Plays in real time, and makes no sound. */
export class LiveSpeaker implements Speaker {
  readonly replies: PlayedReply[] = [];
  readonly deeds: SpeakerDeed[] = [];
  #reply: PlayedReply | undefined;
  /** When the reply would have begun had there been no gaps. */
  #originMs = 0;

  get heardMs(): number {
    return this.#reply === undefined ? 0 : Math.min(this.#reply.lengthMs, performance.now() - this.#originMs);
  }

  async play({ sampleRateHz, samples }: Parameters<Speaker["play"]>[0]): Promise<boolean> {
    const nowMs = performance.now();
    if (this.#reply === undefined) {
      this.#originMs = nowMs;
      this.#reply = { startedMs: nowMs, lengthMs: 0, isFinished: false };
      this.replies.push(this.#reply);
    }
    // What came late left a gap.
    this.#originMs = Math.max(this.#originMs, nowMs - this.#reply.lengthMs);
    this.#reply.lengthMs += (1000 * samples.length) / sampleRateHz;
    return true;
  }

  async finished(): Promise<number> {
    const reply = this.#reply;
    if (reply === undefined) return 0;
    while (this.#reply === reply && this.heardMs < reply.lengthMs) await sleep(LOOK_MS);
    if (this.#reply !== reply) return reply.stopped?.heardMs ?? 0;
    this.#reply = undefined;
    reply.isFinished = true;
    return reply.lengthMs;
  }

  stop(): { readonly heardMs: number } {
    const { heardMs } = this;
    if (this.#reply !== undefined) this.#reply.stopped = { atMs: performance.now(), heardMs };
    this.#reply = undefined;
    return { heardMs };
  }

  duck(): void {
    this.deeds.push({ deed: "duck", atMs: performance.now() });
  }

  restore(): void {
    this.deeds.push({ deed: "restore", atMs: performance.now() });
  }
}

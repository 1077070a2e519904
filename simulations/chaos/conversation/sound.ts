/** Sound in real time: into a microphone, and out of a loudspeaker that writes down when what came. */
import { setTimeout as sleep } from "node:timers/promises";
import { LiveSpeaker } from "@parley/node/testing";
import type { Speaker } from "@parley/sdk";

const RATE_HZ = 16_000;
const BLOCK_MS = 20;

/** So much sound was there at that moment, in milliseconds of `performance.now()`. */
export interface Arrival {
  readonly atMs: number;
  readonly ms: number;
}

/** Silence within what is played as it comes, in milliseconds. */
export function silenceIn(arrivals: readonly Arrival[]): number {
  let [playedUntilMs, silentMs] = [arrivals[0]?.atMs ?? 0, 0];
  for (const { atMs, ms } of arrivals) {
    silentMs += Math.max(0, atMs - playedUntilMs);
    playedUntilMs = Math.max(playedUntilMs, atMs) + ms;
  }
  return silentMs;
}

/** `sound` as a device captures it, and half a second of silence behind it. @param told how much of `sound` was captured, 0 to 1 */
export async function* captured(sound: Float32Array, told: (share: number) => void): AsyncGenerator<Float32Array> {
  const block = (RATE_HZ * BLOCK_MS) / 1_000;
  const all = new Float32Array(sound.length + RATE_HZ / 2);
  all.set(sound);
  const startedMs = performance.now();
  for (let at = 0; at < all.length; at += block) {
    const waitMs = startedMs + ((at + block) * 1_000) / RATE_HZ - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    told(Math.min(1, (at + block) / sound.length));
    yield all.slice(at, at + block);
  }
}

/** Plays in real time, and notes when each piece came. */
export class NotingSpeaker implements Speaker {
  readonly #inner = new LiveSpeaker();
  readonly #came: (arrival: Arrival) => void;

  constructor(came: (arrival: Arrival) => void) {
    this.#came = came;
  }

  get heardMs(): number {
    return this.#inner.heardMs;
  }

  async play(sound: Parameters<Speaker["play"]>[0]): Promise<boolean> {
    this.#came({ atMs: performance.now(), ms: (1_000 * sound.samples.length) / sound.sampleRateHz });
    return this.#inner.play(sound);
  }

  finished(): Promise<number> {
    return this.#inner.finished();
  }

  stop(): { readonly heardMs: number } {
    return this.#inner.stop();
  }

  duck(): void {
    this.#inner.duck();
  }

  restore(): void {
    this.#inner.restore();
  }
}

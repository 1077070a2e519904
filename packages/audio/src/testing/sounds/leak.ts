/** A loudspeaker that leaks into a microphone: delayed, bent, through a room. Block by block, as it is played. */
import { chanceOf } from "./chance.ts";

/** One loudspeaker, one room, one microphone. */
export interface LeakOptions {
  /** From the loudspeaker's buffer to the microphone's. */
  readonly delayMs: number;
  /** Level of the echo against what is played. */
  readonly gainDb: number;
  /** The room fades by 60 dB in so long. */
  readonly fadeMs: number;
  readonly seed: number;
}

/** Reflections; enough for a filter that has to be learned, few enough to be computed quickly. */
const TAPS = 96;
/** Longest delay and reflection: a second. */
const MEMORY = 16_384;

/** Mono at `SPEECH_RATE_HZ`. */
export class Leak {
  /** May jump: another buffer, another device. */
  delayMs: number;
  readonly #taps: readonly { readonly at: number; readonly gain: number }[];
  readonly #played = new Float32Array(MEMORY);
  #at = 0;

  constructor({ delayMs, gainDb, fadeMs, seed }: LeakOptions) {
    const chance = chanceOf(seed);
    const fade = 16 * fadeMs;
    const taps = Array.from({ length: TAPS }, (_, n) => {
      const at = n === 0 ? 0 : Math.floor(((n + chance() - 0.5) * fade) / TAPS);
      return { at, gain: (n === 0 ? 1 : 1.2 * (chance() - 0.5)) * 10 ** ((-3 * at) / fade) };
    });
    const factor = 10 ** (gainDb / 20) / Math.sqrt(taps.reduce((sum, { gain }) => sum + gain * gain, 0));
    this.delayMs = delayMs;
    this.#taps = taps.map(({ at, gain }) => ({ at, gain: factor * gain }));
  }

  /** What the microphone hears while `played` is played. */
  heard(played: Float32Array): Float32Array {
    const delay = Math.round(16 * this.delayMs);
    return played.map((sample) => {
      // Small loudspeakers bend what is loud.
      this.#played[this.#at % MEMORY] = Math.tanh(2 * sample) / 2;
      let sum = 0;
      for (const { at, gain } of this.#taps) sum += gain * (this.#played[(this.#at - delay - at) & (MEMORY - 1)] ?? 0);
      this.#at += 1;
      return sum;
    });
  }
}

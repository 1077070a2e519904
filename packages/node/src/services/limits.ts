/** The longest audio that is taken in, and the longest an answer may take. */
import { AudioError, SPEECH_RATE_HZ } from "@parley/audio";

/**
 * Passes audio at `SPEECH_RATE_HZ` through until there is more of it than `maxMs`.
 * @throws AudioError `audio-too-long`, naming `setting` as what allows more.
 */
export async function* bounded(
  audio: AsyncIterable<Float32Array>,
  maxMs: number,
  setting: string,
): AsyncGenerator<Float32Array> {
  const maxSamples = (maxMs / 1000) * SPEECH_RATE_HZ;
  let samples = 0;
  for await (const chunk of audio) {
    samples += chunk.length;
    if (samples > maxSamples) {
      throw new AudioError("audio-too-long", `the audio is longer than ${spell(maxMs)}`, {
        nextStep: `Send a shorter piece, or raise ${setting} in the configuration.`,
        details: { maxMs },
      });
    }
    yield chunk;
  }
}

function spell(ms: number): string {
  return ms < 600_000 ? `${ms / 1000} s` : `${ms / 60_000} minutes`;
}

/** A time limit that begins to run when it is told to. Its signal also aborts with `outer`, and then nothing runs any more. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #timeout = new AbortController();
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#ms = ms;
    const own = this.#timeout.signal;
    this.signal = outer === undefined ? own : AbortSignal.any([outer, own]);
    // Whatever is to come to an end now may not: its timer would hold the process.
    this.signal.addEventListener("abort", () => this.stop(), { once: true });
  }

  /** Why the signal aborted, when it was the limit: engines only know that they were cancelled. */
  get expired(): AudioError | undefined {
    const { reason } = this.#timeout.signal;
    return reason instanceof AudioError ? reason : undefined;
  }

  start(): void {
    if (this.signal.aborted) return;
    this.#timer ??= setTimeout(() => this.#timeout.abort(this.#error()), this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #error(): AudioError {
    return new AudioError("job-timed-out", `the answer was not complete within ${spell(this.#ms)}`, {
      nextStep: "Ask for something shorter, or raise limits.ask_seconds in the configuration.",
      details: { limitMs: this.#ms },
    });
  }
}

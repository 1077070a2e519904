/**
 * A stream over a recogniser that hears only whole stretches: what was said so far is decoded again and again while it
 * grows, honestly, with all of its sound, within a budget.
 */
import { joinSamples } from "../../format/join.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { PartialPolicy, SpeechStream, SpeechToText, StreamOptions, Transcript } from "../contracts.ts";
import { StreamEvents } from "./events.ts";
import { refuseHotWords, refuseTooLong, streamOver } from "./limits.ts";

const FIRST_PARTIAL_MS = 1000;
/** All partials of a stretch together compute for at most this part of its length. */
const MOST_SHARE = 0.5;

/**
 * Length at which a stretch of `lengthMs`, whose decoding took `computeMs`, is decoded again. The steps grow, so that all
 * partials of a stretch decode at most about three times its sound; and a slow engine waits until it has earned the time,
 * so that they compute for at most half as long as it lasts.
 */
export function nextPartialAtMs(lengthMs: number, computeMs = 0): number {
  return Math.max(lengthMs + FIRST_PARTIAL_MS, lengthMs * 1.5, lengthMs + computeMs / MOST_SHARE);
}

/** Makes a stream of `stt.transcribe`. @throws AudioError `input-refused` for hot words that are none */
export function redecodedStream(stt: SpeechToText, options: StreamOptions = {}): SpeechStream {
  refuseHotWords(options.hotWords);
  return new RedecodedStream(stt, options);
}

class RedecodedStream implements SpeechStream {
  readonly events = new StreamEvents();
  readonly #stt: SpeechToText;
  readonly #options: StreamOptions;
  readonly #partials: PartialPolicy;
  readonly #parts: Float32Array[] = [];
  readonly #cancelled = new AbortController();
  #samples = 0;
  #nextMs: number;
  #decoding: { readonly over: AbortController; readonly done: Promise<void> } | undefined;
  #ended = false;

  constructor(stt: SpeechToText, options: StreamOptions) {
    this.#stt = stt;
    this.#options = options;
    this.#nextMs = nextPartialAtMs(options.knownMs ?? 0);
    this.#partials = stt.redecodes === false ? "off" : (options.partials ?? "live");
  }

  async feed(samples: Float32Array, mayBeLast = false): Promise<void> {
    this.#refuse();
    refuseTooLong(this.#samples + samples.length);
    this.#parts.push(samples);
    this.#samples += samples.length;
    // Most engines cannot be stopped: the final would wait for a partial that nobody wants any more.
    if (!mayBeLast) this.#considerPartial();
    if (this.#partials === "every") await this.#decoding?.done;
  }

  async end(): Promise<Transcript> {
    this.#refuse();
    this.#ended = true;
    this.#decoding?.over.abort();
    try {
      const transcript = await this.#transcribe(this.#cancelled.signal);
      this.events.final(transcript);
      return transcript;
    } catch (error) {
      this.events.fail(error);
      throw error;
    }
  }

  cancel(): void {
    this.#cancelled.abort(streamOver("was cancelled"));
    this.#decoding?.over.abort();
    this.events.stop();
  }

  #refuse(): void {
    if (this.#cancelled.signal.aborted) throw streamOver("was cancelled");
    if (this.#ended) throw streamOver("has ended");
  }

  get #lengthMs(): number {
    return (this.#samples * 1000) / SPEECH_RATE_HZ;
  }

  #considerPartial(): void {
    if (this.#partials === "off" || this.#decoding !== undefined || this.#lengthMs < this.#nextMs) return;
    const over = new AbortController();
    const done = this.#decode(over.signal).finally(() => {
      this.#decoding = undefined;
    });
    this.#decoding = { over, done };
  }

  async #decode(signal: AbortSignal): Promise<void> {
    const throughMs = this.#lengthMs;
    this.#nextMs = nextPartialAtMs(throughMs);
    // A lost partial costs nothing: the final decoding meets the same engine and says what is wrong with it.
    const said = await this.#transcribe(signal).catch(() => undefined);
    if (said === undefined) return;
    this.#nextMs = nextPartialAtMs(throughMs, throughMs * said.realTimeFactor);
    if (said.text.trim() !== "" && !signal.aborted) this.events.partial(said.text.trim(), throughMs);
  }

  async #transcribe(own: AbortSignal): Promise<Transcript> {
    const { signal, urgent, mode, hotWords, language } = this.#options;
    if (this.#samples === 0) return { text: "", language: this.#stt.languages[0] ?? "", realTimeFactor: 0 };
    const either = signal === undefined ? own : AbortSignal.any([signal, own]);
    return await this.#stt.transcribe(joinSamples(this.#parts), { mode, hotWords, language, urgent, signal: either });
  }
}

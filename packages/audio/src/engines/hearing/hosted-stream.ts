/** A stream of an engine that recognises while it hears, in its host: method `stream`, sound in, partials out. */
import { BoundedQueue } from "../../format/queue.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { SpeechStream, StreamOptions, Transcript } from "../contracts.ts";
import type { Job, JobRunner } from "../host/index.ts";
import { StreamEvents } from "./events.ts";
import { refuseHotWords, refuseTooLong, streamOver } from "./limits.ts";

/** Blocks that may wait for the engine before whoever feeds is held. */
const BLOCKS_WAITING = 32;
/** What is fed at once goes over in pieces of this, so that a cancel finds the engine soon. */
const PIECE_SAMPLES = SPEECH_RATE_HZ / 2;

/** How what comes from the engine is read. */
export interface StreamReaders {
  readonly transcript: (value: unknown) => Transcript;
  readonly partial: (value: unknown) => { readonly text: string; readonly throughMs: number };
}

/** Starts one. @throws AudioError `input-refused` for hot words that are none */
export function hostedStream(runner: JobRunner, options: StreamOptions, readers: StreamReaders): SpeechStream {
  refuseHotWords(options.hotWords);
  return new HostedStream(runner, options, readers);
}

class HostedStream implements SpeechStream {
  readonly events = new StreamEvents();
  readonly #cancelled = new AbortController();
  readonly #input = new BoundedQueue<Float32Array>({ capacity: BLOCKS_WAITING });
  readonly #transcript: Promise<Transcript>;
  #samples = 0;
  #ended = false;

  constructor(runner: JobRunner, options: StreamOptions, readers: StreamReaders) {
    const { signal: given, urgent, mode, hotWords, language, partials } = options;
    const own = this.#cancelled.signal;
    const signal = given === undefined ? own : AbortSignal.any([given, own]);
    const params = { mode, hotWords, language, partials: partials !== "off" };
    const job = runner.run("stream", params, { input: this.#input, signal, urgent });
    this.#transcript = this.#follow(job, readers);
    // Whoever feeds, ends or reads meets the failure; nobody may be there yet.
    this.#transcript.catch(() => undefined);
  }

  async feed(samples: Float32Array): Promise<void> {
    this.#refuse();
    refuseTooLong(this.#samples + samples.length);
    this.#samples += samples.length;
    for (let at = 0; at < samples.length; at += PIECE_SAMPLES) {
      if (await this.#input.push(samples.subarray(at, at + PIECE_SAMPLES))) continue;
      this.#refuse();
      // The engine reads no more: it says why.
      await this.#transcript;
      throw streamOver("has ended");
    }
  }

  async end(): Promise<Transcript> {
    this.#refuse();
    this.#ended = true;
    this.#input.close();
    return await this.#transcript;
  }

  cancel(): void {
    this.events.stop();
    this.#cancelled.abort(streamOver("was cancelled"));
    void this.#input.return();
  }

  #refuse(): void {
    if (this.#cancelled.signal.aborted) throw this.#cancelled.signal.reason;
    if (this.#ended) throw streamOver("has ended");
  }

  async #follow(job: Job, readers: StreamReaders): Promise<Transcript> {
    try {
      for await (const value of job.output) {
        const { text, throughMs } = readers.partial(value);
        if (text.trim() !== "") this.events.partial(text.trim(), throughMs);
      }
      const transcript = readers.transcript(await job.result);
      this.events.final(transcript);
      return transcript;
    } catch (error) {
      // An answer that makes no sense ends the job as well.
      this.#cancelled.abort(error);
      void this.#input.return();
      this.events.fail(error);
      throw error;
    }
  }
}

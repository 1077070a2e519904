/** A recogniser that hears while somebody speaks, as an engine: methods `stream` and `transcribe`. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { AudioError } from "../../errors.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { Transcript } from "../contracts.ts";
import type { Engine, JobHandler } from "../module.ts";
import { checked } from "../checked.ts";
import { streamParams, transcribeParams } from "../hearing/wire.ts";
import type { NativeOnlineRecognizer, NativeOnlineStream } from "./native.ts";
import { confidenceOf, timedWords } from "./timed-words.ts";

/** Other streams of this host get their turn in between. */
const SLICE_SAMPLES = SPEECH_RATE_HZ / 2;
/** Behind the end of a stream, so that the last word is decided: models look ahead. */
const TAIL = new Float32Array(SPEECH_RATE_HZ / 2);

/** What the engine is made of. */
export interface StreamingParts {
  readonly id: string;
  readonly languages: readonly string[];
  /** The recogniser that listens for these words in particular; the plain one when there are none. */
  readonly recognizerFor: (hotWords: readonly string[]) => Promise<NativeOnlineRecognizer>;
  /** The model knows capital letters only. */
  readonly capitals: boolean;
}

/** See {@link StreamingParts}. */
export function streamingEngine(parts: StreamingParts): Engine {
  const stream: JobHandler = async (given, io): Promise<Transcript> => {
    const { hotWords, partials = true } = checked(streamParams, given, "parameters of stream");
    const heard = new HeardStream(await parts.recognizerFor(hotWords ?? []), parts);
    let told = "";
    for await (const samples of io.input) {
      if (!(samples instanceof Float32Array)) throw noAudio();
      for (let at = 0; at < samples.length; at += SLICE_SAMPLES) {
        io.signal.throwIfAborted();
        const text = heard.push(samples.subarray(at, at + SLICE_SAMPLES));
        if (partials && text !== told && text !== "") await io.emit({ text, throughMs: heard.throughMs });
        told = text;
        await nextTurn();
      }
    }
    io.signal.throwIfAborted();
    return heard.end();
  };
  const transcribe: JobHandler = async (given, io): Promise<Transcript> => {
    const { samples, hotWords } = checked(transcribeParams, given, "parameters of transcribe");
    const heard = new HeardStream(await parts.recognizerFor(hotWords ?? []), parts);
    for (let at = 0; at < samples.length; at += SLICE_SAMPLES) {
      io.signal.throwIfAborted();
      heard.push(samples.subarray(at, at + SLICE_SAMPLES));
      await nextTurn();
    }
    io.signal.throwIfAborted();
    return heard.end();
  };
  return { info: { id: parts.id, languages: parts.languages, streams: true }, methods: { stream, transcribe } };
}

/** One stretch of speech in a native recogniser. */
class HeardStream {
  readonly #recognizer: NativeOnlineRecognizer;
  readonly #stream: NativeOnlineStream;
  readonly #parts: StreamingParts;
  #samples = 0;
  #computeMs = 0;

  constructor(recognizer: NativeOnlineRecognizer, parts: StreamingParts) {
    this.#recognizer = recognizer;
    this.#parts = parts;
    this.#stream = recognizer.createStream();
  }

  get throughMs(): number {
    return (this.#samples * 1000) / SPEECH_RATE_HZ;
  }

  /** All that was understood so far. */
  push(samples: Float32Array): string {
    this.#samples += samples.length;
    this.#stream.acceptWaveform({ samples, sampleRate: SPEECH_RATE_HZ });
    this.#decode();
    return this.#written(this.#recognizer.getResult(this.#stream).text);
  }

  end(): Transcript {
    const language = this.#parts.languages[0] ?? "";
    if (this.#samples === 0) return { text: "", language, realTimeFactor: 0 };
    this.#stream.acceptWaveform({ samples: TAIL, sampleRate: SPEECH_RATE_HZ });
    this.#stream.inputFinished();
    this.#decode();
    const { text, tokens, timestamps, ys_probs: logProbs } = this.#recognizer.getResult(this.#stream);
    return {
      text: this.#written(text),
      language,
      realTimeFactor: this.#computeMs / this.throughMs,
      confidence: confidenceOf({ tokens, logProbs }),
      words: timedWords({ tokens: tokens?.map((token) => this.#cased(token)), timestamps, logProbs }),
    };
  }

  #decode(): void {
    const startedAtMs = performance.now();
    while (this.#recognizer.isReady(this.#stream)) this.#recognizer.decode(this.#stream);
    this.#computeMs += performance.now() - startedAtMs;
  }

  #written(text: string): string {
    return this.#cased(text.trim());
  }

  #cased(text: string): string {
    return this.#parts.capitals ? text.toLowerCase() : text;
  }
}

function noAudio(): AudioError {
  return new AudioError("input-refused", "the audio is no Float32Array", {
    nextStep: "Stream mono floats in [-1, 1] at 16 kHz.",
  });
}

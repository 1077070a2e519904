/**
 * The streaming recogniser's engine over a stand-in for the native library, for which no model can be had here. It hears
 * what `recording` of the pipeline's tests says: a letter for each 100 ms, `_` begins a word; one letter later than it was
 * said, as recognisers that look ahead do. With hot words it takes a letter beside a hot word for the hot word's.
 */
import { streamingEngine } from "../../../src/engines/sherpa/streaming-engine.ts";
import type { NativeOnlineRecognizer, NativeOnlineStream } from "../../../src/engines/sherpa/native.ts";
import type { Engine } from "../../../src/engines/module.ts";

const FRAME = 1600;

interface Heard {
  readonly pending: number[];
  readonly ready: number[];
  readonly tokens: string[];
  readonly timestamps: number[];
  frames: number;
  finished: boolean;
}

export class StandInRecognizer implements NativeOnlineRecognizer {
  readonly #streams = new Map<NativeOnlineStream, Heard>();
  readonly #hotWords: readonly string[];

  constructor(hotWords: readonly string[] = []) {
    this.#hotWords = hotWords;
  }

  createStream(): NativeOnlineStream {
    const heard: Heard = { pending: [], ready: [], tokens: [], timestamps: [], frames: 0, finished: false };
    const stream: NativeOnlineStream = {
      acceptWaveform: ({ samples, sampleRate }) => {
        if (sampleRate !== 16_000) throw new Error(`sampled at ${sampleRate}`);
        heard.pending.push(...samples);
        while (heard.pending.length >= FRAME) heard.ready.push(heard.pending.splice(0, FRAME)[0] ?? 0);
      },
      inputFinished: () => {
        heard.finished = true;
      },
    };
    this.#streams.set(stream, heard);
    return stream;
  }

  isReady(stream: NativeOnlineStream): boolean {
    const { ready, finished } = this.#heard(stream);
    return ready.length > (finished ? 0 : 1);
  }

  decode(stream: NativeOnlineStream): void {
    const heard = this.#heard(stream);
    const level = heard.ready.shift() ?? 0;
    const letter = level === 0 ? "" : String.fromCharCode(Math.round(level * 1000));
    if (letter !== "") {
      const begins = letter === "_" || heard.tokens.length === 0;
      heard.tokens.push(begins ? `▁${letter === "_" ? "" : letter}` : letter);
      heard.timestamps.push(heard.frames / 10);
    }
    heard.frames += 1;
  }

  getResult(stream: NativeOnlineStream) {
    const { tokens, timestamps } = this.#heard(stream);
    const text = tokens.join("").replaceAll("▁", " ").trim();
    const biased = this.#hotWords.reduce((said, hot) => said.replaceAll(`${hot.slice(0, -1)}?`, hot), text);
    return { text: biased, tokens, timestamps, ys_probs: tokens.map(() => Math.log(0.8)) };
  }

  #heard(stream: NativeOnlineStream): Heard {
    const heard = this.#streams.get(stream);
    if (heard === undefined) throw new Error("a stream of another recogniser");
    return heard;
  }
}

/** See {@link EngineModule}. */
export async function createEngine(): Promise<Engine> {
  const plain = new StandInRecognizer();
  return streamingEngine({
    id: "stand-in-streaming",
    languages: ["en"],
    recognizerFor: async (hotWords) => (hotWords.length === 0 ? plain : new StandInRecognizer(hotWords)),
    capitals: false,
  });
}

/** Words spotted in one stream by a native spotter. */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { WakeStep } from "../contracts.ts";
import type { NativeKeywordSpotter, NativeOnlineStream } from "./native.ts";

/** Behind the end of a stream, so that the last word is decided: models look ahead. */
const TAIL = new Float32Array(SPEECH_RATE_HZ / 2);

/** One stream's state. */
export class KeywordStream {
  readonly #spotter: NativeKeywordSpotter;
  readonly #words: readonly string[];
  readonly #stream: NativeOnlineStream;
  #samples = 0;

  /** `words` by the number under which the spotter was told of them. */
  constructor(spotter: NativeKeywordSpotter, words: readonly string[]) {
    this.#spotter = spotter;
    this.#words = words;
    this.#stream = spotter.createStream();
  }

  /** What the next samples hold. */
  push(samples: Float32Array): WakeStep[] {
    this.#samples += samples.length;
    this.#stream.acceptWaveform({ samples, sampleRate: SPEECH_RATE_HZ });
    return this.#heard();
  }

  /** The stream is over: what it still held. */
  end(): WakeStep[] {
    this.#stream.acceptWaveform({ samples: TAIL, sampleRate: SPEECH_RATE_HZ });
    this.#stream.inputFinished();
    return this.#heard();
  }

  #heard(): WakeStep[] {
    const steps: WakeStep[] = [];
    while (this.#spotter.isReady(this.#stream)) {
      this.#spotter.decode(this.#stream);
      const word = this.#wordOf(this.#spotter.getResult(this.#stream).keyword ?? "");
      if (word === undefined) continue;
      this.#spotter.reset(this.#stream);
      steps.push({ atMs: (this.#samples * 1000) / SPEECH_RATE_HZ, scores: { [word]: 1 } });
    }
    return steps;
  }

  #wordOf(keyword: string): string | undefined {
    return keyword === "" ? undefined : this.#words[Number(keyword)];
  }
}

/**
 * The spotter's list of words: tokens, boost, threshold, and as name the word's number, since a name may hold no space
 * (k2-fsa.github.io/sherpa/onnx/kws).
 */
export function keywordLines(
  keywords: readonly { readonly tokens: readonly string[]; readonly boost: number; readonly threshold: number }[],
): string {
  return keywords
    .map(({ tokens, boost, threshold }, index) => `${tokens.join(" ")} :${boost} #${threshold} @${index}\n`)
    .join("");
}

/** Those of `tokens` that the model's list, lines of a token and its number, does not have. */
export function unknownTokens(list: string, tokens: readonly string[]): readonly string[] {
  const known = new Set(list.split("\n").map((line) => line.slice(0, line.search(/\s+\d+\s*$/))));
  return tokens.filter((token) => !known.has(token));
}

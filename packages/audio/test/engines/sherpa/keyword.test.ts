import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keywordHost, startEngineHost, type WakeStep } from "../../../src/engines/index.ts";
import { keywordLines, KeywordStream, unknownTokens } from "../../../src/engines/sherpa/keyword-stream.ts";
import type { NativeKeywordSpotter, NativeOnlineStream } from "../../../src/engines/sherpa/native.ts";
import { rejection } from "../host/hosts.ts";

const FRAME = 1600;

/**
 * Stands in for sherpa's spotter, for which no model can be had here: a frame of 100 ms whose first sample is n tenths
 * is word n - 1. It goes on telling the word until it is reset, as the native one does.
 */
class StandInSpotter implements NativeKeywordSpotter {
  #waiting: number[] = [];
  #keyword = "";
  #pending: number[] = [];

  createStream(): NativeOnlineStream {
    return {
      acceptWaveform: ({ samples, sampleRate }) => {
        if (sampleRate !== 16_000) throw new Error(`sampled at ${sampleRate}`);
        this.#pending.push(...samples);
        while (this.#pending.length >= FRAME) this.#waiting.push(this.#pending.splice(0, FRAME)[0] ?? 0);
      },
      inputFinished: () => undefined,
    };
  }

  isReady(): boolean {
    return this.#waiting.length > 0;
  }

  decode(): void {
    const level = Math.round((this.#waiting.shift() ?? 0) * 10);
    if (level > 0) this.#keyword = String(level - 1);
  }

  reset(): void {
    this.#keyword = "";
  }

  getResult(): { readonly keyword: string } {
    return { keyword: this.#keyword };
  }
}

function spot(audio: Float32Array, cuts: readonly number[]): WakeStep[] {
  const stream = new KeywordStream(new StandInSpotter(), ["nova", "hey jarvis"]);
  const steps: WakeStep[] = [];
  let at = 0;
  for (const cut of [...cuts, audio.length]) {
    steps.push(...stream.push(audio.subarray(at, at + cut)));
    at += cut;
  }
  return [...steps, ...stream.end()];
}

describe("the keyword spotter's stream", () => {
  it("tells each word once, when it was heard", () => {
    const audio = new Float32Array(10 * FRAME).fill(0.2, 2 * FRAME, 3 * FRAME).fill(0.1, 5 * FRAME, 6 * FRAME);
    expect(spot(audio, [3 * FRAME, 3 * FRAME])).toEqual([
      { atMs: 300, scores: { "hey jarvis": 1 } },
      { atMs: 600, scores: { nova: 1 } },
    ]);
  });

  it("tells the same words however the audio is cut, the last one too when the stream ends in it", () => {
    const said = fc.array(fc.constantFrom(0, 0, 0.1, 0.2), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(said, fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 8 }), (levels, cuts) => {
        const audio = Float32Array.from(
          { length: levels.length * FRAME - 7 },
          (_, n) => levels[Math.floor(n / FRAME)] ?? 0,
        );
        const words = spot(audio, cuts).flatMap(({ scores }) => Object.keys(scores));
        expect(words).toEqual(levels.flatMap((level) => (level === 0 ? [] : [level === 0.1 ? "nova" : "hey jarvis"])));
      }),
    );
  });

  it("writes its list as the spotter reads it, and finds tokens that the model does not have", () => {
    expect(keywordLines([{ tokens: ["▁HE", "Y", "▁NO", "VA"], boost: 1.5, threshold: 0.35 }])).toBe(
      "▁HE Y ▁NO VA :1.5 #0.35 @0\n",
    );
    expect(unknownTokens("<blk> 0\n▁HE 1\nY 2\n", ["▁HE", "Y", "VA", "2"])).toEqual(["VA", "2"]);
  });
});

describe("the keyword spotter without a model", () => {
  let scratch: string;
  const keywords = [{ word: "nova", tokens: ["▁NO", "VA"] }];

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "parley-models-"));
  });

  afterAll(async () => {
    await rm(scratch, { recursive: true, force: true });
  });

  const failure = (folder: string, words: Parameters<typeof keywordHost>[0]["keywords"]) =>
    rejection(startEngineHost(keywordHost({ folder, keywords: words })));

  it("says which file is missing", async () => {
    expect(await failure(join(scratch, "nowhere"), keywords)).toMatchObject({
      code: "model-missing",
      message: expect.stringContaining("encoder.onnx"),
      nextStep: expect.stringContaining("parley models pull nowhere"),
    });
  });

  it("refuses words that are none, and tokens that the model does not have", async () => {
    expect(await failure(scratch, [])).toMatchObject({ code: "input-refused" });
    expect(await failure(scratch, [{ word: "nova", tokens: ["NO VA"] }])).toMatchObject({ code: "input-refused" });
    const folder = join(scratch, "spotter");
    await mkdir(folder);
    for (const file of ["encoder.onnx", "decoder.onnx", "joiner.onnx"]) await writeFile(join(folder, file), "x");
    await writeFile(join(folder, "tokens.txt"), "<blk> 0\n▁NO 1\n");
    expect(await failure(folder, keywords)).toMatchObject({
      code: "input-refused",
      message: expect.stringContaining("no token VA for the word nova"),
    });
  });
});

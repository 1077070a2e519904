import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { speechToText, startEngineHost, streamingSttHost, type JobRunner } from "../../../src/engines/index.ts";
import { bpeVocabulary, hasCapitalsOnly, hotWordLines, piecesOf } from "../../../src/engines/sherpa/hot-words.ts";
import { confidenceOf, timedWords } from "../../../src/engines/sherpa/timed-words.ts";
import { rejection } from "../host/hosts.ts";

const TOKENS = "<blk> 0\n<sos/eos> 1\n<unk> 2\nS 3\n▁THE 4\n▁A 5\n▁HEL 6\nLO 7\n";

describe("hot words, as the native library takes them", () => {
  it("reads the pieces of a model, and ranks them as they were merged", () => {
    const pieces = piecesOf(TOKENS);
    expect(pieces).toEqual(["<blk>", "<sos/eos>", "<unk>", "S", "▁THE", "▁A", "▁HEL", "LO"]);
    expect(bpeVocabulary(pieces)).toBe("<blk>\t0\n<sos/eos>\t0\n<unk>\t0\nS\t0\n▁THE\t-1\n▁A\t-2\n▁HEL\t-3\nLO\t-4\n");
    expect(hasCapitalsOnly(pieces)).toBe(true);
    expect(hasCapitalsOnly(["▁the", "A"])).toBe(false);
  });

  it("writes a phrase a line, in the model's letters, and nothing that could be read as a score", () => {
    expect(hotWordLines(["Parley", " kitchen  light ", "O'Brien", "at :9.5 #now", "…"], true)).toBe(
      "PARLEY\nKITCHEN LIGHT\nO'BRIEN\nAT 9 5 NOW\n",
    );
    fc.assert(
      fc.property(fc.array(fc.string()), fc.boolean(), (words, capitals) => {
        const lines = hotWordLines(words, capitals).split("\n");
        expect(lines.pop()).toBe("");
        expect(lines.length).toBeLessThanOrEqual(words.length);
        for (const line of lines) expect(line).toMatch(/^[\p{L}\p{N}\p{M}']+( [\p{L}\p{N}\p{M}']+)*$/u);
      }),
    );
  });
});

describe("words in time", () => {
  it("come from tokens that the engine has times for", () => {
    const tokens = [" And", " so", ",", " my", " fel", "low"];
    const timestamps = [0.1, 0.4, 0.5, 0.9, 1.2, 1.4];
    expect(timedWords({ tokens, timestamps })).toEqual([
      { text: "And", startMs: 100 },
      { text: "so,", startMs: 400 },
      { text: "my", startMs: 900 },
      { text: "fellow", startMs: 1200 },
    ]);
    const durations = [0.1, 0.05, 0, 0.1, 0.1, 0.3];
    const logProbs = [0, -1, -1, 0, -0.5, -0.5];
    const words = timedWords({ tokens, timestamps, durations, logProbs });
    expect(words?.map(({ endMs }) => endMs)).toEqual([200, 500, 1000, 1700]);
    expect(words?.[1]?.confidence).toBeCloseTo(Math.exp(-1), 9);
    expect(confidenceOf({ tokens, logProbs })).toBeCloseTo(Math.exp(-0.5), 9);
  });

  it("are none where the engine tells none: Moonshine gives tokens only", () => {
    expect(timedWords({ tokens: [" And", " so"], timestamps: [], durations: [] })).toBeUndefined();
    expect(confidenceOf({ tokens: [" And"], logProbs: [] })).toBeUndefined();
    expect(timedWords({ tokens: [" And"], timestamps: [Number.NaN] })).toBeUndefined();
  });

  it("are in order whatever an engine says", () => {
    const token = fc.record({ text: fc.string(), at: fc.double({ min: 0, max: 500, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(token), (tokens) => {
        const words = timedWords({ tokens: tokens.map(({ text }) => text), timestamps: tokens.map(({ at }) => at) });
        let beforeMs = 0;
        for (const { text, startMs } of words ?? []) {
          expect(text.trim()).not.toBe("");
          expect(startMs).toBeGreaterThanOrEqual(beforeMs);
          beforeMs = startMs;
        }
      }),
    );
  });
});

describe("what another process says it has heard", () => {
  const answering = (result: unknown): JobRunner => ({
    info: () => ({ id: "stranger", languages: ["en"] }),
    run: () => ({ result: Promise.resolve(result), output: (async function* none() {})() }),
  });
  const fine = { text: "hello", language: "en", realTimeFactor: 0.1 };

  it("is taken when it makes sense", async () => {
    const words = [{ text: "hello", startMs: 10, endMs: 400, confidence: 0.5 }];
    const answer = { ...fine, words, confidence: 1 };
    expect(await speechToText(answering(answer)).transcribe(new Float32Array(1))).toEqual(answer);
  });

  it.each([
    ["no text", { language: "en", realTimeFactor: 0 }],
    ["a confidence above 1", { ...fine, confidence: 1.2 }],
    ["words that are not in order", { ...fine, words: [9, 3].map((startMs) => ({ text: "a", startMs })) }],
    ["a word that ends before it begins", { ...fine, words: [{ text: "a", startMs: 9, endMs: 3 }] }],
    ["a word from another day", { ...fine, words: [{ text: "a", startMs: 86_400_000 }] }],
    ["more text than was ever said", { ...fine, text: "a".repeat(100_001) }],
  ])("is refused with %s", async (_, answer) => {
    const heard = speechToText(answering(answer)).transcribe(new Float32Array(1));
    expect(await rejection(heard)).toMatchObject({ code: "engine-failed" });
  });
});

describe("the streaming recogniser without a model", () => {
  let scratch: string;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "parley-models-"));
  });

  afterAll(async () => {
    await rm(scratch, { recursive: true, force: true });
  });

  it("says which file is missing", async () => {
    const folder = join(scratch, "nowhere");
    expect(await rejection(startEngineHost(streamingSttHost({ folder })))).toMatchObject({
      code: "model-missing",
      message: expect.stringContaining("encoder-epoch-99-avg-1.int8.onnx"),
      nextStep: expect.stringContaining("parley models pull nowhere"),
    });
  });

  it("fails to start with files that are no model, and does not take its parent along", async () => {
    const folder = join(scratch, "broken");
    await mkdir(folder);
    const { options } = streamingSttHost({ folder });
    const files = (options as { readonly files: Readonly<Record<string, string>> }).files;
    for (const file of Object.values(files)) await writeFile(join(folder, file), file === "tokens.txt" ? TOKENS : "x");
    const error = await rejection(startEngineHost(streamingSttHost({ folder })));
    expect(["engine-start-failed", "engine-crashed"]).toContain(Object(error).code);
  });
});

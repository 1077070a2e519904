import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEngineHost, wakeHost, wakeWord, type EngineHost, type WakeStep } from "../../../src/engines/index.ts";
import { siblingModule } from "../../../src/engines/host/index.ts";
import { collect, rejection } from "../host/hosts.ts";
import { frames, modelFolder, readClip } from "../models.ts";

const folder = modelFolder("wake/openwakeword");
const novaFolder = modelFolder("wake/hey-nova-own");
const speechFolder = modelFolder("speech");
const present = folder !== undefined && novaFolder !== undefined && speechFolder !== undefined;

/** Two seconds of steps. */
const LEAD_IN_STEPS = 26;

const heads = [
  { word: "hey nova", folder: String(novaFolder), file: "hey_nova.onnx" },
  { word: "hey jarvis", folder: String(folder), file: "hey_jarvis_v0.1.onnx" },
];
const choice = { folder: String(folder), heads };

describe.skipIf(!present)("the wake-word engine on onnxruntime", () => {
  let wake: EngineHost;
  const jfk = present ? readClip(join(speechFolder, "wav/jfk.wav")).subarray(0, 50 * 1280) : new Float32Array(0);

  beforeAll(async () => {
    wake = await startEngineHost(wakeHost(choice));
  });

  afterAll(async () => {
    await wake.close();
  });

  it("scores all its words each 80 ms, whatever the size of the chunks, one stream apart from the other", async () => {
    const engine = wakeWord(wake);
    expect(engine).toMatchObject({ id: "openwakeword", words: ["hey nova", "hey jarvis"], stepMs: 80 });
    const [whole = [], ...others] = await Promise.all(
      [jfk.length, 333, 1280].map((size) => collect(engine.scores(frames(jfk, size)))),
    );
    expect(whole.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 50 }, (_, n) => (n + 1) * 80));
    for (const { scores } of whole) expect(Object.keys(scores)).toEqual(["hey nova", "hey jarvis"]);
    for (const other of others) expect(other).toEqual(whole);
  });

  it("gives the scores that the networks give over the whole clip at once", async () => {
    const batch = await startEngineHost({
      ...wakeHost(choice),
      module: siblingModule(import.meta.url, "./wake-batch-module"),
    });
    try {
      const streamed = await collect(wakeWord(wake).scores(frames(jfk, 500)));
      const job = batch.run("scores", {}, { input: frames(jfk, jfk.length) });
      const [first, second] = [scoresOf(streamed, "hey nova"), await job.result];
      if (!Array.isArray(second)) throw new Error("no scores");
      expect(second).toHaveLength(first.length);
      // The spectrogram's network cuts off what is 80 dB below the loudest of what it is shown at once: beside a speech
      // that is a little of the faint hiss before it, which is in sight for the first two seconds.
      for (const [n, score] of first.entries()) {
        expect(Math.abs(score - Number(second[n]))).toBeLessThan(n < LEAD_IN_STEPS ? 5e-3 : 1e-5);
      }
      expect(new Set(first.slice(LEAD_IN_STEPS)).size).toBeGreaterThan(10);
    } finally {
      await batch.close();
    }
  });

  it("is sure of no word in a speech that has none", async () => {
    const steps = await collect(wakeWord(wake).scores(frames(jfk, 1280)));
    expect(Math.max(...scoresOf(steps, "hey jarvis"))).toBeLessThan(0.1);
  });

  it("names the head whose file is missing, and refuses two heads for one word", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "parley-models-"));
    try {
      const missing = { ...choice, heads: [{ word: "hey you", folder: scratch, file: "hey_you.onnx" }] };
      expect(await rejection(startEngineHost(wakeHost(missing)))).toMatchObject({
        code: "model-missing",
        message: expect.stringContaining("hey_you.onnx"),
      });
      const twice = { ...choice, heads: [...heads, ...heads] };
      expect(await rejection(startEngineHost(wakeHost(twice)))).toMatchObject({ code: "input-refused" });
      const other = { ...choice, files: { melspectrogram: "embedding_model.onnx", embedding: "embedding_model.onnx" } };
      expect(await rejection(startEngineHost(wakeHost(other)))).toMatchObject({ code: "model-corrupt" });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
});

function scoresOf(steps: readonly WakeStep[], word: string): number[] {
  return steps.map(({ scores }) => scores[word] ?? Number.NaN);
}

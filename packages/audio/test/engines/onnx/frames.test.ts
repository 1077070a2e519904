import { cp, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { framesHost, startEngineHost, voiceFrames, type EngineHost } from "../../../src/engines/index.ts";
import { collect, rejection } from "../host/hosts.ts";
import { frames, joined, modelFolder, readClip } from "../models.ts";

const folder = modelFolder("vad/silero-v5");
const speechFolder = modelFolder("speech");
const present = folder !== undefined && speechFolder !== undefined;

function start(): Promise<EngineHost> {
  return startEngineHost(framesHost({ folder: String(folder) }));
}

describe.skipIf(!present)("the voice-activity engine on onnxruntime", () => {
  let vad: EngineHost;
  const jfk = present ? readClip(join(speechFolder, "wav/jfk.wav")) : new Float32Array(0);

  beforeAll(async () => {
    vad = await start();
  });

  afterAll(async () => {
    await vad.close();
  });

  it("gives a frame for every 32 ms, the last one filled up with silence, whatever the size of the chunks", async () => {
    const engine = voiceFrames(vad);
    expect(engine).toMatchObject({ id: "silero-v5", frameMs: 32 });
    const clip = jfk.subarray(0, 5 * 16_000 + 100);
    const [whole = [], ...others] = await Promise.all(
      [clip.length, 320, 777].map((size) => collect(engine.frames(frames(clip, size)))),
    );
    expect(whole.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 157 }, (_, n) => n * 32));
    for (const other of others) expect(other).toEqual(whole);
    expect(await collect(engine.frames(frames(new Float32Array(0), 512)))).toEqual([]);
  });

  it("is sure of a voice and of a pause, as the network's authors run it", async () => {
    const said = await collect(voiceFrames(vad).frames(frames(jfk, 512)));
    const at = (ms: number) => said[ms / 32]?.probability;
    // Computed once by a plain loop over the network with the authors' context and state; without either it differs.
    for (const [ms, probability] of [
      [320, 0.81],
      [640, 0.92],
      [3_328, 0.49],
      [3_360, 0.6],
      [5_408, 0.73],
      [8_640, 0.96],
      [10_528, 0.5],
    ] as const) {
      expect(at(ms)).toBeCloseTo(probability, 2);
    }
    expect(at(2_720)).toBeLessThan(0.01);
    expect(at(4_800)).toBeLessThan(0.01);
  });

  it("hears a word behind long silence as well as behind a short one", async () => {
    // Half a second of a voice, in a room in which nobody spoke before.
    const word = jfk.subarray(0.32 * 16_000, 0.82 * 16_000);
    const evidence = async (silenceS: number): Promise<number> => {
      const silence = new Float32Array(silenceS * 16_000).map((_, at) => 1e-4 * Math.sin(at * at));
      const said = await collect(
        voiceFrames(vad).frames(frames(joined([silence, word, new Float32Array(8_000)]), 512)),
      );
      return said
        .filter(({ atMs }) => atMs >= silenceS * 1_000 - 32)
        .reduce((sum, { probability }) => sum + probability, 0);
    };
    const behindLittle = await evidence(1.024);
    expect(behindLittle).toBeGreaterThan(8);
    expect((await evidence(30.72)) / behindLittle).toBeGreaterThan(0.97);
  });

  it("keeps streams apart", async () => {
    const engine = voiceFrames(vad);
    const [alone, beside] = await Promise.all([
      collect(engine.frames(frames(jfk.subarray(0, 32_000), 512))),
      collect(engine.frames(frames(joined([new Float32Array(16_000), jfk.subarray(0, 32_000)]), 512))),
    ]);
    expect(await collect(engine.frames(frames(jfk.subarray(0, 32_000), 512)))).toEqual(alone);
    expect(beside).not.toEqual(alone);
  });

  it("answers while the stream goes on", async () => {
    const live = Promise.withResolvers<void>();
    const audio = (async function* () {
      yield jfk.subarray(0, 512);
      await live.promise;
    })();
    const heard: number[] = [];
    for await (const { atMs } of voiceFrames(vad).frames(audio)) {
      heard.push(atMs);
      live.resolve();
    }
    expect(heard).toEqual([0]);
  });

  it("refuses what is no audio, and stays well", async () => {
    const job = vad.run("frames", {}, { input: wrong() });
    expect(await rejection(job.result)).toMatchObject({ code: "input-refused" });
    expect(await collect(voiceFrames(vad).frames(frames(jfk.subarray(0, 512), 512)))).toHaveLength(1);
  });

  it("killed while listening fails that stream, and a new host works", async () => {
    const doomed = await start();
    const stream = collect(voiceFrames(doomed).frames(endless()));
    process.kill(doomed.status().pid, "SIGKILL");
    expect(await rejection(stream)).toMatchObject({ code: "engine-crashed" });
    const next = await start();
    expect(await collect(voiceFrames(next).frames(frames(jfk.subarray(0, 1_024), 512)))).toHaveLength(2);
    await next.close();
  });

  it("says which file is missing, empty, damaged or of another kind", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "parley-models-"));
    try {
      const model = join(scratch, "silero_vad_v5.onnx");
      const failure = () => rejection(startEngineHost(framesHost({ folder: scratch })));
      expect(await failure()).toMatchObject({ code: "model-missing", message: expect.stringContaining(model) });
      await writeFile(model, "");
      expect(await failure()).toMatchObject({ code: "model-corrupt" });
      await cp(join(String(folder), "silero_vad_v5.onnx"), model);
      await truncate(model, 100_000);
      expect(await failure()).toMatchObject({ code: "engine-start-failed" });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
});

async function* wrong(): AsyncGenerator {
  yield "no audio";
}

async function* endless(): AsyncGenerator<Float32Array> {
  for (;;) {
    yield new Float32Array(512);
    await new Promise(setImmediate);
  }
}

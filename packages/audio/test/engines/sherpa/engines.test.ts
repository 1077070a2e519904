import { cp, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  speechToText,
  startEngineHost,
  sttHost,
  textToSpeech,
  ttsHost,
  type EngineHost,
} from "../../../src/engines/index.ts";
import { resamplePcm } from "../../../src/format/index.ts";
import { KOKORO_ENGLISH_VOICES } from "../../../src/models/prepare/kokoro-metadata.ts";
import { wordErrors } from "../../../src/testing/index.ts";
import { collect, rejection } from "../host/hosts.ts";
import { frames, joined, modelFolder, readClip } from "../models.ts";

const sttFolder = modelFolder("stt/moonshine-tiny-en-q8");
const ttsFolder = modelFolder("tts/kokoro-82m-w8");
const espeakFolder = modelFolder("tts/espeak-ng-data-en");
const speechFolder = modelFolder("speech");
const present = [sttFolder, ttsFolder, espeakFolder, speechFolder].every((folder) => folder !== undefined);

const voices = [...KOKORO_ENGLISH_VOICES];

function startStt(): Promise<EngineHost> {
  return startEngineHost(sttHost({ folder: String(sttFolder), threads: 2 }));
}

function startTts(): Promise<EngineHost> {
  return startEngineHost(
    ttsHost({ folder: String(ttsFolder), espeakFolder: String(espeakFolder), threads: 2, voices }),
  );
}

describe.skipIf(!present)("the real engines, hosted", () => {
  let stt: EngineHost;
  let tts: EngineHost;
  const jfk = present ? readClip(join(String(speechFolder), "wav/jfk.wav")) : new Float32Array(0);

  beforeAll(async () => {
    stt = await startStt();
    tts = await startTts();
  });

  afterAll(async () => {
    await Promise.all([stt, tts].map((host) => host.close()));
  });

  it("hear a human", async () => {
    const { text, language, realTimeFactor } = await speechToText(stt).transcribe(jfk);
    expect(text).toBe(
      "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.",
    );
    expect(language).toBe("en");
    expect(realTimeFactor).toBeGreaterThan(0);
  });

  it("hear nothing in nothing", async () => {
    for (const samples of [new Float32Array(0), new Float32Array(100)]) {
      expect(await speechToText(stt).transcribe(samples)).toMatchObject({ text: "" });
    }
  });

  it("understand what they say themselves, in any voice", async () => {
    const sentence = "The meeting starts at noon in the large room upstairs.";
    const speaker = textToSpeech(tts);
    expect(speaker.voices).toHaveLength(28);
    expect(speaker.voices).toContainEqual({ name: "bf_emma", language: "en-GB" });
    for (const voice of ["af_heart", "bm_george"]) {
      const parts: Float32Array[] = [];
      for await (const chunk of speaker.synthesize(sentence, { voice })) parts.push(chunk.samples);
      const { text } = await speechToText(stt).transcribe(
        resamplePcm({ samples: joined(parts), sampleRateHz: speaker.sampleRateHz }, 16_000).samples,
      );
      // Voice and recogniser together are allowed one slip of ten words ("in" was once heard as "and").
      expect(wordErrors(text, sentence).errors).toBeLessThanOrEqual(1);
    }
  });

  it("speak faster when asked to", async () => {
    const lengths: number[] = [];
    for (const speed of [1, 1.6]) {
      let samples = 0;
      for await (const chunk of textToSpeech(tts).synthesize("Good morning.", { speed }))
        samples += chunk.samples.length;
      lengths.push(samples);
    }
    expect(lengths[1]).toBeLessThan(Number(lengths[0]));
  });

  it("give the first sentence before the last, and stop when nobody listens", async () => {
    const text = "This is the first sentence of the answer. Here is the second one. And this is the third.";
    for await (const chunk of textToSpeech(tts).synthesize(text)) {
      expect(chunk.samples.length).toBeGreaterThan(0);
      expect(tts.status().running).toBe(1);
      break;
    }
    const spoken: number[] = [];
    for await (const chunk of textToSpeech(tts).synthesize("Next.")) spoken.push(chunk.samples.length);
    expect(spoken).toHaveLength(1);
  });

  it("say nothing when there is nothing to say, and refuse a voice they do not have", async () => {
    const speaker = textToSpeech(tts);
    expect(await collect(speaker.synthesize(" … "))).toEqual([]);
    const error = await rejection(collect(speaker.synthesize("Hello.", { voice: "hal" })));
    expect(error).toMatchObject({ code: "input-refused", nextStep: expect.stringContaining("af_heart") });
  });

  it.each([
    ["hearing", startStt, "transcribe", { samples: jfk }],
    ["speaking", startTts, "synthesize", { text: "This will never be heard to its very end. ".repeat(5) }],
  ] as const)("killed while %s fail that job, and a new host works", async (_what, start, method, params) => {
    const doomed = await start();
    const input = frames(joined([jfk, jfk]), 512);
    const job = doomed.run(method, params, { input });
    process.kill(doomed.status().pid, "SIGKILL");
    expect(await rejection(job.result)).toMatchObject({ code: "engine-crashed", details: { signal: "SIGKILL" } });
    const next = await start();
    const again = next.run(method, method === "synthesize" ? { text: "Well." } : params, { input });
    await collect(again.output);
    await again.result;
    await next.close();
  });
});

describe.skipIf(!present)("a model that is not whole", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "parley-models-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it("is reported missing, with the file's name", async () => {
    const error = await rejection(startEngineHost(sttHost({ folder: join(folder, "nowhere") })));
    expect(error).toMatchObject({
      code: "model-missing",
      message: expect.stringContaining("encoder_model.onnx"),
      nextStep: expect.stringContaining("parley models pull nowhere"),
    });
    const noEspeak = ttsHost({ folder: String(ttsFolder), espeakFolder: folder, voices });
    expect(await rejection(startEngineHost(noEspeak))).toMatchObject({ code: "model-missing" });
  });

  it("is reported corrupt when empty, and fails to start when damaged", async () => {
    const files = ["encoder_model.onnx", "decoder_model_merged.onnx", "tokens.txt"];
    for (const file of files) await cp(join(String(sttFolder), file), join(folder, file));
    await writeFile(join(folder, "tokens.txt"), "");
    expect(await rejection(startEngineHost(sttHost({ folder })))).toMatchObject({ code: "model-corrupt" });
    await cp(join(String(sttFolder), "tokens.txt"), join(folder, "tokens.txt"));
    await truncate(join(folder, "encoder_model.onnx"), 100_000);
    const damaged = await rejection(startEngineHost(sttHost({ folder })));
    expect(["engine-start-failed", "engine-crashed"]).toContain(Object(damaged).code);
  });

  it("options that make no sense are refused", async () => {
    const options = sttHost({ folder: String(sttFolder), threads: 0 });
    expect(await rejection(startEngineHost(options))).toMatchObject({ code: "input-refused" });
  });
});

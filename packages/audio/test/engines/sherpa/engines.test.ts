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
  vadHost,
  voiceActivity,
  type EngineHost,
} from "../../../src/engines/index.ts";
import { resamplePcm } from "../../../src/format/index.ts";
import { KOKORO_ENGLISH_VOICES } from "../../../src/models/prepare/kokoro-metadata.ts";
import { collect, rejection } from "../host/hosts.ts";
import { frames, joined, modelFolder, readClip, wordErrors } from "../models.ts";

const sttFolder = modelFolder("stt/moonshine-tiny-en-q8");
const ttsFolder = modelFolder("tts/kokoro-82m-w8");
const espeakFolder = modelFolder("tts/espeak-ng-data-en");
const vadFolder = modelFolder("vad/silero-v5");
const speechFolder = modelFolder("speech");
const present = [sttFolder, ttsFolder, espeakFolder, vadFolder, speechFolder].every((folder) => folder !== undefined);

const voices = [...KOKORO_ENGLISH_VOICES];

const SILENCE = new Float32Array(2 * 16_000);

function startStt(): Promise<EngineHost> {
  return startEngineHost(sttHost({ folder: String(sttFolder), threads: 2 }));
}

function startTts(): Promise<EngineHost> {
  return startEngineHost(
    ttsHost({ folder: String(ttsFolder), espeakFolder: String(espeakFolder), threads: 2, voices }),
  );
}

function startVad(): Promise<EngineHost> {
  return startEngineHost(vadHost({ folder: String(vadFolder) }));
}

describe.skipIf(!present)("the real engines, hosted", () => {
  let stt: EngineHost;
  let tts: EngineHost;
  let vad: EngineHost;
  const jfk = present ? readClip(join(String(speechFolder), "wav/jfk.wav")) : new Float32Array(0);

  beforeAll(async () => {
    stt = await startStt();
    tts = await startTts();
    vad = await startVad();
  });

  afterAll(async () => {
    await Promise.all([stt, tts, vad].map((host) => host.close()));
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
      expect(wordErrors(text, sentence)).toBeLessThanOrEqual(1);
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

  it("find the speech between silences, whatever the size of the frames", async () => {
    const audio = joined([SILENCE, jfk, SILENCE]);
    const runs = [];
    for (const size of [320, 777, audio.length]) {
      runs.push(await collect(voiceActivity(vad).detect(frames(audio, size))));
    }
    const [first = []] = runs;
    for (const run of runs) expect(run).toEqual(first);
    const starts = first.filter((event) => event.type === "speech-start");
    const ends = first.filter((event) => event.type === "speech-end");
    expect(ends).toHaveLength(4);
    for (const [index, end] of ends.entries()) {
      expect(end.startMs).toBeGreaterThan(1_900);
      expect(end.endMs).toBeLessThan(2_000 + 11_000 + 100);
      expect(end.endMs).toBeGreaterThan(end.startMs);
      expect(Math.abs(Number(starts[index]?.atMs) - end.startMs)).toBeLessThanOrEqual(32);
    }
  });

  it("announce speech while it is being spoken, and close it when the stream ends", async () => {
    const live = Promise.withResolvers<void>();
    const audio = (async function* () {
      yield* frames(jfk.subarray(0, 16_000), 320);
      await live.promise;
    })();
    const types: string[] = [];
    for await (const event of voiceActivity(vad).detect(audio)) {
      types.push(event.type);
      live.resolve();
    }
    expect(types).toEqual(["speech-start", "speech-end"]);
  });

  it("lose little of what is recognised when the detector cuts it", async () => {
    const whole = await speechToText(stt).transcribe(jfk);
    const heard: string[] = [];
    const audio = joined([SILENCE, jfk]);
    for await (const event of voiceActivity(vad).detect(frames(audio, 512))) {
      if (event.type !== "speech-end") continue;
      const cut = audio.slice(event.startMs * 16, event.endMs * 16);
      heard.push((await speechToText(stt).transcribe(cut)).text);
    }
    // Out of 22 words. The bound guards against getting worse; three was what the bare engines did.
    expect(wordErrors(heard.join(" "), whole.text)).toBeLessThanOrEqual(4);
  });

  it.each([
    ["hearing", startStt, "transcribe", { samples: jfk }],
    ["speaking", startTts, "synthesize", { text: "This will never be heard to its very end. ".repeat(5) }],
    ["listening", startVad, "detect", {}],
  ] as const)("killed while %s fail that job, and a new host works", async (_what, start, method, params) => {
    const doomed = await start();
    const input = frames(joined([jfk, jfk]), 512);
    const job = doomed.run(method, params, { input: method === "detect" ? endless() : input });
    process.kill(doomed.status().pid, "SIGKILL");
    expect(await rejection(job.result)).toMatchObject({ code: "engine-crashed", details: { signal: "SIGKILL" } });
    const next = await start();
    const again = next.run(method, method === "synthesize" ? { text: "Well." } : params, { input });
    await collect(again.output);
    await again.result;
    await next.close();
  });
});

async function* endless(): AsyncGenerator<Float32Array> {
  for (;;) {
    yield SILENCE;
    await new Promise(setImmediate);
  }
}

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
    const model = join(folder, "silero_vad_v5.onnx");
    await writeFile(model, "");
    expect(await rejection(startEngineHost(vadHost({ folder })))).toMatchObject({ code: "model-corrupt" });
    await cp(join(String(vadFolder), "silero_vad_v5.onnx"), model);
    await truncate(model, 100_000);
    expect(await rejection(startEngineHost(vadHost({ folder })))).toMatchObject({ code: "engine-start-failed" });
  });

  it("options that make no sense are refused", async () => {
    const options = vadHost({ folder: String(vadFolder), threshold: 7 });
    expect(await rejection(startEngineHost(options))).toMatchObject({ code: "input-refused" });
  });
});

import { afterEach, expect, it } from "vitest";
import {
  speechToText,
  startEngineHost,
  textToSpeech,
  voiceFrames,
  type EngineHost,
  type EngineHostOptions,
} from "../../src/engines/index.ts";
import {
  energyVadHost,
  fixedDelaySttHost,
  fixedDelayTtsHost,
  spokenInTones,
  toneSttHost,
} from "../../src/testing/index.ts";
import { frames, joined } from "../engines/models.ts";
import { collect, rejection } from "../engines/host/hosts.ts";

const started: EngineHost[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((host) => host.close()));
});

async function start(options: EngineHostOptions): Promise<EngineHost> {
  const host = await startEngineHost(options);
  started.push(host);
  return host;
}

it("the fixed-delay recogniser gives its texts in turn, not before its delay", async () => {
  const stt = speechToText(await start(fixedDelaySttHost({ delayMs: 40, texts: ["one", "two"] })));
  const startedAtMs = performance.now();
  const texts = [];
  for (let n = 0; n < 3; n += 1) texts.push((await stt.transcribe(new Float32Array(1_600))).text);
  expect(texts).toEqual(["one", "two", "one"]);
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(3 * 40 - 3);
});

it("the ears for tones understand every word, miss what is cut, and hear twice what is said twice", async () => {
  const words = ["kettle", "cat", "lamp", "door"];
  const stt = speechToText(await start(toneSttHost({ delayMs: 1, words })));
  const heard = async (samples: Float32Array): Promise<string> => (await stt.transcribe(samples)).text;
  const said = spokenInTones("cat lamp lamp door kettle", words);
  expect(await heard(said)).toBe("cat lamp lamp door kettle");
  expect(await heard(joined([new Float32Array(3_333), said]))).toBe("cat lamp lamp door kettle");
  expect(await heard(said.subarray(2_000))).toBe("lamp lamp door kettle");
  expect(await heard(new Float32Array(16_000))).toBe("");
  expect(() => spokenInTones("dog", words)).toThrow(RangeError);
});

it("the fixed-delay voice speaks as long as the text is, half as long at double speed", async () => {
  const tts = textToSpeech(await start(fixedDelayTtsHost()));
  const chunks = await collect(tts.synthesize("0123456789"));
  expect(joined(chunks.map(({ samples }) => samples))).toHaveLength(0.6 * tts.sampleRateHz);
  const fast = await collect(tts.synthesize("0123456789", { speed: 2 }));
  expect(joined(fast.map(({ samples }) => samples))).toHaveLength(0.3 * tts.sampleRateHz);
});

it("the energy detector finds exactly what is loud", async () => {
  const vad = voiceFrames(await start(energyVadHost()));
  const tone = Float32Array.from({ length: 16_000 }, (_, n) => 0.3 * Math.sin(n / 5));
  const audio = joined([new Float32Array(8_000), tone, new Float32Array(8_000), tone]);
  const found = await collect(vad.frames(frames(audio, 333)));
  expect(found.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 300 }, (_, n) => 10 * n));
  for (const { atMs, probability } of found) {
    const loud = (atMs >= 500 && atMs < 1_500) || atMs >= 2_000;
    expect([atMs, probability]).toEqual([atMs, loud ? 1 : 0]);
  }
});

it("an engine of another kind is told apart", async () => {
  const host = await start(energyVadHost());
  expect(() => speechToText(host)).toThrow(/makes no sense/);
  expect(() => textToSpeech(host)).toThrow(/makes no sense/);
});

it("a cancelled call says so", async () => {
  const stt = speechToText(await start(fixedDelaySttHost({ delayMs: 60_000 })));
  const signal = AbortSignal.timeout(20);
  expect(await rejection(stt.transcribe(new Float32Array(1), { signal }))).toMatchObject({ code: "job-timed-out" });
});

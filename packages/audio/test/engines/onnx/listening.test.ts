/** What `npm run bench -- voice` measures at length, in short: two voices, one sentence, a minute of noise. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  framesHost,
  startEngineHost,
  textToSpeech,
  ttsHost,
  voiceFrames,
  wakeHost,
  wakeWord,
  type EngineHost,
} from "../../../src/engines/index.ts";
import { resamplePcm } from "../../../src/format/index.ts";
import { KOKORO_ENGLISH_VOICES } from "../../../src/models/prepare/kokoro-metadata.ts";
import {
  babble,
  cough,
  doorKnock,
  joinedSounds,
  keyboard,
  mixedAt,
  music,
  pinkNoise,
  scoreFrames,
  speechLabels,
} from "../../../src/testing/sounds/index.ts";
import { createSpeechTracker } from "../../../src/turn/speech/index.ts";
import { createWakeWatch } from "../../../src/turn/wake/index.ts";
import { frames, modelFolder, readClip } from "../models.ts";

const ttsFolder = modelFolder("tts/kokoro-82m-w8");
const espeakFolder = modelFolder("tts/espeak-ng-data-en");
const vadFolder = modelFolder("vad/silero-v5");
const wakeFolder = modelFolder("wake/openwakeword");
const speechFolder = modelFolder("speech/wav");
const folders = [ttsFolder, espeakFolder, vadFolder, wakeFolder, speechFolder];

const WORD = "hey jarvis";
const SECOND = new Float32Array(16_384);

describe.skipIf(folders.includes(undefined))("always listening", { timeout: 120_000 }, () => {
  let vad: EngineHost;
  let wake: EngineHost;
  let sentence: Float32Array;
  let calls: readonly Float32Array[];

  beforeAll(async () => {
    const heads = [{ word: WORD, folder: String(wakeFolder), file: "hey_jarvis_v0.1.onnx" }];
    vad = await startEngineHost(framesHost({ folder: String(vadFolder) }));
    wake = await startEngineHost(wakeHost({ folder: String(wakeFolder), heads }));
    const tts = await startEngineHost(
      ttsHost({ folder: String(ttsFolder), espeakFolder: String(espeakFolder), voices: [...KOKORO_ENGLISH_VOICES] }),
    );
    try {
      sentence = await said(tts, "The train to the coast leaves at half past nine.", "bf_emma");
      calls = [await said(tts, "Hey Jarvis!", "am_adam"), await said(tts, "Hey Jarvis!", "bf_isabella")];
    } finally {
      await tts.close();
    }
  }, 120_000);

  afterAll(async () => {
    await Promise.all([vad, wake].map((host) => host.close()));
  });

  it.each([
    ["clean", 0.95, (clean: Float32Array) => clean],
    ["pink noise at 10 dB", 0.9, (clean: Float32Array) => mixedAt(clean, pinkNoise(clean.length, 1), 10)],
    ["music at 10 dB", 0.9, (clean: Float32Array) => mixedAt(clean, music(clean.length, 1), 10)],
  ])("finds the frames of speech: %s, F1 of at least %d", async (_name, goal, change) => {
    const clean = joinedSounds([SECOND, sentence, SECOND, sentence, SECOND]);
    const labels = speechLabels(clean, 512, 200);
    const { f1 } = scoreFrames(await speechFrames(change(clean)), labels);
    expect(f1).toBeGreaterThanOrEqual(goal);
  });

  it.each([
    ["a knock at the door", doorKnock],
    ["a keyboard", (seed: number) => keyboard(2000, seed)],
  ])("takes %s for no speech", async (_name, make) => {
    for (const seed of [1, 2, 3]) expect([seed, await isSpeech(make(seed))]).toEqual([seed, false]);
  });

  it("takes a cough for speech less often than not: what that stops is for the barge-in to decide", async () => {
    const taken: number[] = [];
    for (let seed = 0; seed < 10; seed += 1) if (await isSpeech(cough(seed))) taken.push(seed);
    expect(taken.length).toBeLessThanOrEqual(5);
  });

  it("hears the wake word of each voice once, at once and after a pause, clean and in noise", async () => {
    for (const call of calls) {
      const clip = joinedSounds([SECOND, call, SECOND]);
      expect(await hits(joinedSounds([call, SECOND]))).toBe(1);
      expect(await hits(clip)).toBe(1);
      expect(await hits(mixedAt(clip, pinkNoise(clip.length, 1), 10))).toBe(1);
    }
  });

  it("hears no wake word in people, music and household sounds", async () => {
    const files = readdirSync(String(speechFolder)).filter((name) => name.endsWith(".wav"));
    const clips = files.map((name) => readClip(join(String(speechFolder), name)));
    const sounds = [music(160_000, 1), babble(clips, 160_000, 1), cough(1), SECOND, doorKnock(1), keyboard(3000, 1)];
    expect(await hits(joinedSounds([...clips, ...sounds]))).toBe(0);
  });

  async function isSpeech(sound: Float32Array): Promise<boolean> {
    return (await speechFrames(joinedSounds([SECOND, sound, SECOND]))).includes(true);
  }

  async function speechFrames(audio: Float32Array): Promise<boolean[]> {
    const engine = voiceFrames(vad);
    const tracker = createSpeechTracker(engine.frameMs, { silenceTimeoutMs: 200 });
    const found: boolean[] = [];
    const events = [];
    for await (const frame of engine.frames(frames(audio, 512))) {
      found.push(false);
      events.push(...tracker.push(frame).events);
    }
    for (const event of [...events, ...tracker.end()]) {
      if (event.type === "speech-end") found.fill(true, event.startMs / engine.frameMs, event.endMs / engine.frameMs);
    }
    return found;
  }

  async function hits(audio: Float32Array): Promise<number> {
    const watch = createWakeWatch({ words: { [WORD]: {} } });
    let heard = 0;
    for await (const step of wakeWord(wake).scores(frames(audio, 1280))) {
      if (watch.push({ input: "test", ...step }) !== undefined) heard += 1;
    }
    return heard;
  }
});

async function said(host: EngineHost, text: string, voice: string): Promise<Float32Array> {
  const tts = textToSpeech(host);
  const parts: Float32Array[] = [];
  for await (const { samples } of tts.synthesize(text, { voice })) parts.push(samples);
  return resamplePcm({ samples: joinedSounds(parts), sampleRateHz: tts.sampleRateHz }, 16_000).samples;
}

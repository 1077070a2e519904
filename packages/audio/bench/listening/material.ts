/** What the measurements listen to: recordings of people, and voices synthesised for them. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  startEngineHost,
  textToSpeech,
  ttsHost,
  type EngineHost,
  type EngineHostOptions,
} from "../../src/engines/index.ts";
import { openAudioFile, resamplePcm, toSpeech } from "../../src/format/index.ts";
import { KOKORO_ENGLISH_VOICES } from "../../src/models/prepare/kokoro-metadata.ts";
import { joinedSounds } from "../../src/testing/sounds/index.ts";

/** The models folder. @throws Error when one of `needed` is not in it. */
export function modelsWith(...needed: readonly string[]): (path: string) => string {
  const models = process.env["PARLEY_MODELS"];
  const missing = needed.filter((path) => models === undefined || !existsSync(join(models, path)));
  if (models === undefined || missing.length > 0) {
    throw new Error(`set PARLEY_MODELS to a folder that holds ${missing.join(", ")}`);
  }
  return (path) => join(models, path);
}

/** The recordings of people, 16 kHz mono. */
export async function recordings(folder: string): Promise<readonly Float32Array[]> {
  const clips: Float32Array[] = [];
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".wav")).toSorted()) {
    const blocks: Float32Array[] = [];
    for await (const block of toSpeech((await openAudioFile(join(folder, file))).pcm)) blocks.push(block);
    clips.push(joinedSounds(blocks));
  }
  return clips;
}

export const VOICES: readonly string[] = KOKORO_ENGLISH_VOICES;

/** Speaks with `voice`: 16 kHz mono. */
export type Speak = (text: string, voice: string, speed?: number) => Promise<Float32Array>;

/** Runs `work` with a voice, which is closed behind it. */
export async function withVoices<T>(at: (path: string) => string, work: (speak: Speak) => Promise<T>): Promise<T> {
  const choice = { folder: at("tts/kokoro-82m-w8"), espeakFolder: at("tts/espeak-ng-data-en"), voices: [...VOICES] };
  return await withHost(ttsHost(choice), async (host) => {
    const tts = textToSpeech(host);
    return await work(async (text, voice, speed = 1) => {
      const parts: Float32Array[] = [];
      for await (const { samples } of tts.synthesize(text, { voice, speed })) parts.push(samples);
      return resamplePcm({ samples: joinedSounds(parts), sampleRateHz: tts.sampleRateHz }, 16_000).samples;
    });
  });
}

/** Runs `work` with an engine, which is closed behind it. */
export async function withHost<T>(options: EngineHostOptions, work: (host: EngineHost) => Promise<T>): Promise<T> {
  const host = await startEngineHost(options);
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}

/** `audio` in chunks of 100 ms, as a client sends it. */
export async function* chunks(audio: Float32Array): AsyncGenerator<Float32Array> {
  for (let at = 0; at < audio.length; at += 1600) yield audio.subarray(at, at + 1600);
}

/**
 * What the measurements listen to: recordings of people, and voices synthesised for them. What was synthesised once is kept
 * below the folder for temporary files, by its content, so that a second run costs no synthesis.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { endianness, tmpdir } from "node:os";
import { join } from "node:path";
import { startEngineHost, textToSpeech, ttsHost, type EngineHost, type EngineHostOptions } from "@parley/audio/engines";
import { openAudioFile, resamplePcm, toSpeech } from "@parley/audio/format";
import { CATALOGUE } from "@parley/audio/models";
import { joinedSounds } from "@parley/audio/testing";
import { MaterialMissing } from "./part.ts";

/** The path of a model such as `vad/silero-v5`. */
export type Models = (path: string) => string;

/** The models folder. @throws MaterialMissing when one of `needed` is not in it */
export function modelsWith(...needed: readonly string[]): Models {
  const models = process.env["PARLEY_MODELS"];
  const missing = needed.filter((path) => models === undefined || !existsSync(join(models, path)));
  if (models === undefined || missing.length > 0) {
    throw new MaterialMissing(`set PARLEY_MODELS to a folder that holds ${missing.join(", ")}`);
  }
  return (path) => join(models, path);
}

/** What {@link withVoices} needs. */
export const VOICE_MODELS = ["tts/kokoro-82m-w8", "tts/espeak-ng-data-en"] as const;

/** A recording, 16 kHz mono. */
export async function recording(path: string): Promise<Float32Array> {
  const blocks: Float32Array[] = [];
  for await (const block of toSpeech((await openAudioFile(path)).pcm)) blocks.push(block);
  return joinedSounds(blocks);
}

/** The recordings of people, 16 kHz mono. */
export async function recordings(folder: string): Promise<readonly Float32Array[]> {
  const clips: Float32Array[] = [];
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".wav")).toSorted()) {
    clips.push(await recording(join(folder, file)));
  }
  return clips;
}

/** The voices that {@link Speak} knows. */
export const VOICES: readonly string[] = CATALOGUE.find(({ name }) => name === "kokoro-82m-w8")?.voices ?? [];

/** Speaks with `voice`: 16 kHz mono. */
export type Speak = (text: string, voice: string, speed?: number) => Promise<Float32Array>;

/** Runs `work` with a voice. Its engine is only started for what is not in the cache, and closed behind it. */
export async function withVoices<T>(at: Models, work: (speak: Speak) => Promise<T>): Promise<T> {
  const folder = at("tts/kokoro-82m-w8");
  const espeakFolder = at("tts/espeak-ng-data-en");
  const { size } = await stat(join(folder, "model.onnx"));
  let host: Promise<EngineHost> | undefined;
  const speak = async (text: string, voice: string, speed: number): Promise<Float32Array> => {
    host ??= startEngineHost(ttsHost({ folder, espeakFolder, voices: [...VOICES] }));
    const tts = textToSpeech(await host);
    const parts: Float32Array[] = [];
    for await (const { samples } of tts.synthesize(text, { voice, speed })) parts.push(samples);
    return resamplePcm({ samples: joinedSounds(parts), sampleRateHz: tts.sampleRateHz }, 16_000).samples;
  };
  try {
    return await work((text, voice, speed = 1) =>
      cached(["kokoro-82m-w8", String(size), voice, String(speed), text], () => speak(text, voice, speed)),
    );
  } finally {
    await (await host)?.close();
  }
}

/**
 * The sound that `make` makes of `recipe`, which says all that it depends on. Whoever makes the same at the same moment
 * writes the same: a file is complete as soon as it has its name.
 */
async function cached(recipe: readonly string[], make: () => Promise<Float32Array>): Promise<Float32Array> {
  const folder = join(tmpdir(), "parley-bench-clips");
  const name = createHash("sha256")
    .update(JSON.stringify([endianness(), ...recipe]))
    .digest("hex");
  const path = join(folder, `${name}.f32`);
  if (existsSync(path)) {
    const bytes = await readFile(path);
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  }
  const samples = await make();
  await mkdir(folder, { recursive: true });
  const draft = `${path}.${process.pid}-${draftNumber++}`;
  await writeFile(draft, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  await rename(draft, path);
  return samples;
}

let draftNumber = 0;

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

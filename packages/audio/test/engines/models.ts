/** The real models and clips for the tests that need them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export { joinSamples as joined } from "../../src/format/join.ts";

const models = process.env["PARLEY_MODELS"];

/** The folder of a model such as `stt/moonshine-tiny-en-q8`, or undefined; the reason is printed. */
export function modelFolder(path: string): string | undefined {
  if (models !== undefined && existsSync(join(models, path))) return join(models, path);
  console.log(`skipped: set PARLEY_MODELS to a folder that holds ${path}`);
  return undefined;
}

/** A 16-bit mono clip at 16 kHz with a plain 44-byte header. */
export function readClip(path: string): Float32Array {
  const bytes = readFileSync(path).subarray(44);
  return Float32Array.from({ length: bytes.length >> 1 }, (_, n) => bytes.readInt16LE(2 * n) / 32_768);
}

/** `audio` in frames of `frameSamples`. */
export async function* frames(audio: Float32Array, frameSamples: number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < audio.length; at += frameSamples) yield audio.subarray(at, at + frameSamples);
}

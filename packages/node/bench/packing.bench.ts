/**
 * `npm run bench -- packing`: how much smaller sound is that travels packed, in frames of 100 ms as it does, and what that costs. What
 * people and voices said is listened to where models are (`PARLEY_MODELS`); what is made by rule tells nothing of speech.
 */
import { packSamples, unpackSamples } from "@parley/audio/format";
import { laughter, pinkNoise } from "@parley/audio/testing";
import { runParts } from "../../../tools/bench/parts.ts";
import { below, informs, most } from "../../../tools/bench/rows.ts";
import type { Bench, BenchRow } from "../../../tools/bench/types.ts";
import { modelsWith, recordings, VOICE_MODELS, VOICES, withVoices } from "./voice/material.ts";
import { MaterialMissing } from "./voice/part.ts";

const SENTENCES = [
  "Good morning. I would like a pot of tea, please, and two slices of toast.",
  "The train to the coast leaves at half past nine from platform four.",
  "It rained all night, and in the morning the garden was full of puddles.",
];
const RATE_HZ = 16_000;
const FRAME = RATE_HZ / 10;
const GOALS = { ratio: 0.6, cpuMs: 5 };
const ROUNDS = 5;

const bench: Bench = (args) =>
  runParts(
    "packing",
    {
      people: () => whereThereAre("people", () => recordings(modelsWith("speech/wav")("speech/wav"))),
      voices: () => whereThereAre("voices", spoken),
      made: async function* () {
        yield* rowsOf(
          "laughter, made",
          Array.from({ length: 20 }, (_, seed) => laughter(seed)),
        );
        yield* rowsOf("pink noise, made", [pinkNoise(10 * RATE_HZ, 1)]);
        yield* rowsOf("silence", [new Float32Array(10 * RATE_HZ)]);
      },
    },
    args,
  );
export default bench;

function spoken(): Promise<readonly Float32Array[]> {
  return withVoices(modelsWith(...VOICE_MODELS), (speak) =>
    Promise.all(SENTENCES.map((text, n) => speak(text, VOICES[(3 * n) % VOICES.length] ?? ""))),
  );
}

/** Of speech, the ratio is promised. */
async function* whereThereAre(
  what: string,
  material: () => Promise<readonly Float32Array[]>,
): AsyncGenerator<BenchRow> {
  try {
    const [ratio, ...costs] = await Array.fromAsync(rowsOf(what, await material()));
    if (ratio !== undefined) yield below(GOALS.ratio, ratio);
    yield* costs;
  } catch (error) {
    if (!(error instanceof MaterialMissing)) throw error;
    process.stderr.write(`${what} is left out: ${error.message}\n`);
  }
}

async function* rowsOf(what: string, clips: readonly Float32Array[]): AsyncGenerator<BenchRow> {
  const frames = clips.flatMap((clip) => [...framesOf(clip)]);
  const packed = frames.map((frame) => packSamples(frame));
  const bytes = frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const packedBytes = packed.reduce((sum, { length }) => sum + length, 0);
  yield informs(`${what}: packed to 16-bit bytes`, packedBytes / bytes, "x");
  const seconds = bytes / 2 / RATE_HZ;
  const packing = await cpuMs(() => frames.forEach((frame) => packSamples(frame)));
  yield below(GOALS.cpuMs, informs(`${what}: CPU to pack a second`, packing / seconds, "ms"));
  const unpacking = await cpuMs(() => packed.forEach((block) => unpackSamples(block)));
  yield below(GOALS.cpuMs, informs(`${what}: CPU to unpack a second`, unpacking / seconds, "ms"));
}

/** Of the least disturbed round. */
async function cpuMs(work: () => void): Promise<number> {
  const rate = await most(ROUNDS, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return Promise.resolve(1 / Math.max(1, user + system));
  });
  return 1 / rate / 1000;
}

function* framesOf(clip: Float32Array): Generator<Int16Array> {
  const samples = Int16Array.from(clip, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
  for (let at = 0; at < samples.length; at += FRAME) yield samples.subarray(at, at + FRAME);
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeOpus, openAudio, toPcm16, wavHeader } from "../../../src/format/index.ts";
import type { Pcm } from "../../../src/format/index.ts";
import { concat, sine } from "../kit.ts";

/** A pipe that stays open when its bytes have been read. */
async function* pipe(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  await new Promise(() => undefined);
}

/** Samples that come out of `bytes` while the pipe stays open, until it has been idle for some turns of the event loop. */
async function heardSoFar(bytes: Uint8Array): Promise<number> {
  const stop = new AbortController();
  let samples = 0;
  const reading = (async () => {
    for await (const block of (await openAudio(pipe(bytes), { signal: stop.signal })).pcm)
      samples += block.samples.length;
  })();
  const ended = reading.then(
    () => "the end",
    (error: unknown) => error,
  );
  let idle = 0;
  for (let before = -1; idle < 20; idle = samples === before && samples > 0 ? idle + 1 : 0) {
    before = samples;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  stop.abort();
  expect(await ended).toMatchObject({ code: "job-cancelled" });
  return samples;
}

describe("what comes through a pipe that stays open is heard before it ends", () => {
  test("WAV: every sample that is there", async () => {
    const bytes = concat(wavHeader(16_000), toPcm16(sine(300, 16_000, 800)));
    expect(await heardSoFar(bytes)).toBe(800);
  });

  test("Ogg Opus: every page but the pre-skip", async () => {
    const pages: Uint8Array[] = [];
    async function* second(): AsyncGenerator<Pcm> {
      yield { sampleRateHz: 48_000, samples: sine(300, 48_000, 48_000) };
    }
    for await (const page of encodeOpus(second(), { pageMs: 20 })) pages.push(page);
    // Five pages of 20 ms behind two of headers: 436 bytes a tenth of a second, far from any look-ahead.
    expect(await heardSoFar(concat(...pages.slice(0, 7)))).toBe(5 * 960 - 312);
  });

  const ffmpeg = (process.env["PATH"] ?? "").split(delimiter).some((path) => existsSync(join(path, "ffmpeg")));
  if (!ffmpeg) console.log("skipped: ffmpeg is not installed");
  const formats = [
    ["wav", []],
    ["mp3", []],
    ["flac", []],
    ["ogg", ["-c:a", "libopus"]],
    ["ogg", ["-c:a", "libvorbis"]],
  ] as const;
  test.skipIf(!ffmpeg).each(formats)(
    "two minutes of %s %j from an endless program: flat memory",
    async (format, codec) => {
      const program = spawn(
        "ffmpeg",
        ["-v", "error", "-f", "lavfi", "-i", "sine=440:sample_rate=16000", ...codec, "-f", format, "pipe:1"],
        { stdio: ["ignore", "pipe", "ignore"] },
      );
      try {
        const audio = await openAudio(program.stdout);
        let samples = 0;
        let early = 0;
        for await (const block of audio.pcm) {
          samples += block.samples.length;
          const { arrayBuffers } = process.memoryUsage();
          if (early === 0 && samples > 15 * audio.sampleRateHz) early = arrayBuffers;
          if (samples > 120 * audio.sampleRateHz) {
            expect(arrayBuffers).toBeLessThan(early + 32 * 1024 * 1024);
            break;
          }
        }
        expect(samples).toBeGreaterThan(120 * audio.sampleRateHz);
      } finally {
        program.kill("SIGKILL");
        await once(program, "close");
      }
    },
  );
});

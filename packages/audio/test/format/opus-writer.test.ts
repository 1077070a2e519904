import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeOpus, openAudio, writeOpusFile, writeOpusStream } from "../../src/format/index.ts";
import type { Pcm, WriteOpusOptions } from "../../src/format/index.ts";
import { blocks, concat, decode, oggCrc, pieces, sine } from "./kit.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-opus-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function installed(program: string): boolean {
  const found = (process.env["PATH"] ?? "").split(delimiter).some((path) => existsSync(join(path, program)));
  if (!found) console.log(`skipped: ${program} is not installed`);
  return found;
}

async function encoded(pcm: AsyncIterable<Pcm>, options?: WriteOpusOptions): Promise<Uint8Array> {
  const pages: Uint8Array[] = [];
  for await (const page of encodeOpus(pcm, options)) pages.push(page);
  return concat(...pages);
}

/** Pages as RFC 3533 lays them out, read independently of the house's reader. */
function pagesOf(file: Uint8Array): { granule: bigint; flags: number; sequence: number; crcIsRight: boolean }[] {
  const found = [];
  for (let at = 0; at < file.length;) {
    const view = new DataView(file.buffer, file.byteOffset + at);
    const segments = file[at + 26] ?? 0;
    let size = 27 + segments;
    for (const lacing of file.subarray(at + 27, at + 27 + segments)) size += lacing;
    const page = file.slice(at, at + size);
    const crc = view.getInt32(22, true);
    page.fill(0, 22, 26);
    found.push({
      granule: view.getBigInt64(6, true),
      flags: file[at + 5] ?? 0,
      sequence: view.getUint32(18, true),
      crcIsRight: oggCrc(page) === crc,
    });
    at += size;
  }
  return found;
}

describe("Ogg Opus out", () => {
  test("one second in is one second out, whatever the rate, the length and the blocks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(8000, 16_000, 22_050, 24_000, 44_100, 48_000),
        fc.integer({ min: 1, max: 9000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 20, max: 1000 }),
        async (rateHz, samples, size, pageMs) => {
          const file = await encoded(blocks(sine(440, rateHz, samples), size, rateHz), { pageMs });
          const out = await decode(file);
          expect(out.code).toBeUndefined();
          expect(out.samples.length).toBe(Math.ceil((samples * 48_000) / rateHz));
        },
      ),
      { numRuns: 40 },
    );
  });

  test("keeps the sound in its place, to the sample", async () => {
    const tone = sine(440, 24_000, 24_000);
    const { samples } = await decode(await encoded(blocks(tone, 1000, 24_000), { content: "music" }));
    const wanted = sine(440, 48_000, 48_000);
    let error = 0;
    for (let i = 4800; i < 43_200; i++) error += ((samples[i] ?? 0) - (wanted[i] ?? 0)) ** 2;
    // A shift by one sample alone would be -25 dB.
    expect(10 * Math.log10(error / 38_400 / 0.125)).toBeLessThan(-28);
  });

  test("keeps speech in its place within a tenth of a millisecond, and its level", async () => {
    // A sweep from 200 to 1700 Hz has one place only where it fits.
    const sweep = Float32Array.from({ length: 48_000 }, (_, i) => {
      return 0.4 * Math.sin(2 * Math.PI * (200 + (750 * i) / 48_000) * (i / 48_000));
    });
    const { samples } = await decode(await encoded(blocks(sweep, 960, 48_000)));
    const match = (lag: number): number => {
      let sum = 0;
      for (let i = 4800; i < 43_200; i++) sum += (sweep[i] ?? 0) * (samples[i + lag] ?? 0);
      return sum;
    };
    const lags = Array.from({ length: 201 }, (_, n) => n - 100);
    const best = lags.reduce((found, lag) => (match(lag) > match(found) ? lag : found), 0);
    expect(Math.abs(best)).toBeLessThanOrEqual(4);
    expect(match(best) / (38_400 * 0.08)).toBeCloseTo(1, 1);
  });

  test("pages are as RFC 3533 and RFC 7845 want them", async () => {
    const pages = pagesOf(await encoded(blocks(sine(440, 16_000, 16_000), 160, 16_000), { pageMs: 100 }));
    expect(pages.every(({ crcIsRight }) => crcIsRight)).toBe(true);
    expect(pages.map(({ sequence }) => sequence)).toEqual(pages.map((_, n) => n));
    expect(pages.map(({ flags }) => flags)).toEqual(
      pages.map((_, n) => (n === 0 ? 2 : n === pages.length - 1 ? 4 : 0)),
    );
    expect(pages.slice(0, 4).map(({ granule }) => granule)).toEqual([0n, 0n, 4800n, 9600n]);
    // Pre-skip of libopus at 48 kHz plus one second.
    expect(pages.at(-1)?.granule).toBe(48_312n);
  });

  test("comes page by page while the sound is still being made, and nothing piles up", async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<Pcm> {
      for (;;) {
        made += 1600;
        yield { sampleRateHz: 16_000, samples: sine(300, 16_000, 1600) };
      }
    }
    let pages = 0;
    for await (const page of encodeOpus(endless())) {
      expect(page.length).toBeLessThan(65_307);
      if (++pages === 52) break;
    }
    // 50 pages of 200 ms: the source was asked for little more than that.
    expect(made / 16_000).toBeLessThan(10.6);
  });

  test("noise at the highest bit rate fits into pages of a second", async () => {
    const loud = Float32Array.from({ length: 96_000 }, (_, i) => Math.sin(i * i));
    const file = await encoded(blocks(loud, 4800, 48_000), { bitsPerSecond: 510_000, pageMs: 1000, content: "music" });
    expect((await decode(file)).samples.length).toBe(96_000);
  });

  test("a file appears only when complete; a stream gets the same bytes", async () => {
    const tone = sine(440, 16_000, 8000);
    const path = join(folder, "out.opus");
    const options = { serial: 7 };
    const written = await writeOpusFile(path, blocks(tone, 500, 16_000), options);
    const audio = await encoded(blocks(tone, 500, 16_000), options);
    expect(written).toEqual({ sampleRateHz: 16_000, samples: 24_000, bytes: audio.length });
    const out = new PassThrough();
    const read = out.toArray();
    expect(await writeOpusStream(out, blocks(tone, 500, 16_000), options)).toEqual(written);
    out.end();
    expect(concat(...((await read) as Uint8Array[]))).toEqual(audio);

    async function* broken(): AsyncGenerator<Pcm> {
      yield { sampleRateHz: 16_000, samples: tone };
      throw new Error("the voice broke");
    }
    await expect(writeOpusFile(join(folder, "half.opus"), broken())).rejects.toThrow("the voice broke");
    expect(readdirSync(folder)).toEqual(["out.opus"]);
  });

  test("refuses silence that is no sound at all, a rate that changes, and options beyond Opus", async () => {
    await expect(encoded(blocks(new Float32Array(0), 1, 16_000))).rejects.toMatchObject({ code: "audio-empty" });
    async function* changing(): AsyncGenerator<Pcm> {
      yield* blocks(new Float32Array(100), 100, 16_000);
      yield* blocks(new Float32Array(100), 100, 24_000);
    }
    await expect(encoded(changing())).rejects.toMatchObject({ code: "input-refused" });
    await expect(encoded(blocks(new Float32Array(9), 9, 16_000), { pageMs: 5 })).rejects.toThrow(RangeError);
    await expect(encoded(blocks(new Float32Array(9), 9, 16_000), { bitsPerSecond: 5 })).rejects.toThrow(RangeError);
  });
});

describe("other people's readers agree", () => {
  const path = (): string => join(folder, "checked.opus");
  const second = sine(440, 16_000, 16_000);

  test.skipIf(!installed("opusinfo"))("opusinfo finds nothing to complain of", async () => {
    writeFileSync(path(), await encoded(blocks(second, 320, 16_000)));
    const report = execFileSync("opusinfo", [path()], { encoding: "utf8" });
    expect(report).not.toMatch(/warning|error/i);
    expect(report).toContain("Playback length: 0m:01.000s");
  });

  test.skipIf(!installed("ffmpeg"))("ffmpeg decodes one second from it", async () => {
    writeFileSync(path(), await encoded(blocks(second, 320, 16_000)));
    const args = ["-v", "warning", "-i", path(), "-f", "s16le", "-ac", "1", "-"];
    const bytes = execFileSync("ffmpeg", args, { stdio: ["ignore", "pipe", "inherit"] });
    expect(bytes.length / 2).toBe(48_000);
  });

  test.skipIf(!installed("ffmpeg"))("what ffmpeg encodes comes in at its exact length, too", async () => {
    const source = "sine=frequency=440:sample_rate=16000:duration=1.5";
    const args = ["-v", "error", "-f", "lavfi", "-i", source, "-c:a", "libopus", "-f", "ogg", "-"];
    const bytes = execFileSync("ffmpeg", args);
    const audio = await openAudio(pieces(new Uint8Array(bytes)));
    let samples = 0;
    for await (const block of audio.pcm) samples += block.samples.length;
    expect(samples).toBe(72_000);
  });
});

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeWav, toPcm16, writeWavFile, writeWavStream } from "../../src/format/index.ts";
import type { Pcm } from "../../src/format/index.ts";
import { blocks, decode, sine } from "./kit.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-wav-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const tone = sine(440, 24_000, 5000);

async function* failing(): AsyncGenerator<Pcm> {
  yield { sampleRateHz: 24_000, samples: tone };
  throw new Error("the voice broke");
}

async function* stuck(): AsyncGenerator<Pcm> {
  yield { sampleRateHz: 24_000, samples: tone };
  await new Promise(() => undefined);
}

async function* changing(): AsyncGenerator<Pcm> {
  yield { sampleRateHz: 24_000, samples: tone };
  yield { sampleRateHz: 16_000, samples: tone };
}

describe("in memory", () => {
  test("what is encoded decodes to the same, within half a step", async () => {
    const { audio, samples } = await decode(encodeWav({ sampleRateHz: 24_000, samples: tone }));
    expect(audio).toMatchObject({ sampleRateHz: 24_000, channels: 1 });
    expect(samples.length).toBe(tone.length);
    expect(samples.every((x, i) => Math.abs(x - (tone[i] ?? 9)) <= 0.5 / 32_768 + 1e-9)).toBe(true);
  });

  test("loud is clipped and not-a-number is silence", () => {
    const view = new DataView(toPcm16(Float32Array.of(1, -1, 3, -3, Number.NaN)).buffer);
    expect([0, 2, 4, 6, 8].map((at) => view.getInt16(at, true))).toEqual([32_767, -32_768, 32_767, -32_768, 0]);
  });
});

describe("to a file", () => {
  test("it is the same file as in memory, and alone in its folder", async () => {
    const path = join(folder, "out.wav");
    const written = await writeWavFile(path, blocks(tone, 333, 24_000));
    expect(written).toEqual({ sampleRateHz: 24_000, samples: 5000, bytes: 10_044 });
    expect(new Uint8Array(readFileSync(path))).toEqual(encodeWav({ sampleRateHz: 24_000, samples: tone }));
    expect(readdirSync(folder)).toEqual(["out.wav"]);
  });

  test("nothing is at its name before it is complete", async () => {
    const path = join(folder, "out.wav");
    async function* looking(): AsyncGenerator<Pcm> {
      for await (const block of blocks(tone, 1000, 24_000)) {
        expect(readdirSync(folder)).toEqual(["out.wav.partial"]);
        yield block;
      }
    }
    await writeWavFile(path, looking());
    expect(existsSync(path)).toBe(true);
  });

  test.each([
    ["its source fails", failing, undefined, { message: "the voice broke" }],
    ["it is aborted while waiting", stuck, 20, { code: "job-timed-out" }],
    ["the rate changes", changing, undefined, { code: "input-refused" }],
    ["no sound comes", () => blocks(tone.subarray(0, 0), 1, 1), undefined, { code: "audio-empty" }],
  ])("when %s the old file stays and nothing else", async (_, source, timeoutMs, error) => {
    const path = join(folder, "out.wav");
    writeFileSync(path, "the old one");
    const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    await expect(writeWavFile(path, source(), { signal })).rejects.toMatchObject(error);
    expect(readdirSync(folder)).toEqual(["out.wav"]);
    expect(readFileSync(path, "utf8")).toBe("the old one");
  });

  test("a partial file left by a crash is in nobody's way", async () => {
    const path = join(folder, "out.wav");
    writeFileSync(`${path}.partial`, new Uint8Array(90_000));
    await writeWavFile(path, blocks(tone, 1000, 24_000));
    expect(readFileSync(path).length).toBe(10_044);
    expect(readdirSync(folder)).toEqual(["out.wav"]);
  });

  test("a link stays a link", async () => {
    mkdirSync(join(folder, "far"));
    writeFileSync(join(folder, "far", "real.wav"), "old");
    symlinkSync(join(folder, "far", "real.wav"), join(folder, "out.wav"));
    await writeWavFile(join(folder, "out.wav"), blocks(tone, 1000, 24_000));
    expect(readFileSync(join(folder, "far", "real.wav")).length).toBe(10_044);
  });

  test.each([
    ["a folder that is missing", () => join(folder, "no", "out.wav")],
    ["a directory", () => folder],
    ["a device, which a rename would replace", () => "/dev/null"],
  ])("%s is refused", async (_, path) => {
    await expect(writeWavFile(path(), blocks(tone, 1000, 24_000))).rejects.toMatchObject({ code: "file-unwritable" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk is told as such", async () => {
    const full = join(folder, "out.wav.partial");
    symlinkSync("/dev/full", full);
    await expect(writeWavFile(join(folder, "out.wav"), blocks(tone, 1000, 24_000))).rejects.toMatchObject({
      code: "disk-full",
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("to a stream", () => {
  test("it is a WAV until the end, and the stream stays open", async () => {
    const out = new PassThrough({ highWaterMark: 100_000 });
    const written = await writeWavStream(out, blocks(tone, 700, 24_000));
    expect(written.samples).toBe(5000);
    expect(out.writable).toBe(true);
    const { audio, samples, code } = await decode(new Uint8Array(out.read() as Buffer));
    expect(code).toBeUndefined();
    expect(audio?.sampleRateHz).toBe(24_000);
    expect(samples.length).toBe(5000);
  });

  test("a slow reader holds the source back", async () => {
    let pulled = 0;
    async function* counted(): AsyncGenerator<Pcm> {
      for await (const block of blocks(sine(1, 8000, 80_000), 1000, 8000)) {
        pulled++;
        yield block;
      }
    }
    let release = (): void => undefined;
    const out = new Writable({
      highWaterMark: 4000,
      write: (_chunk, _encoding, done) => {
        release = done;
      },
    });
    const abort = new AbortController();
    const writing = writeWavStream(out, counted(), { signal: abort.signal });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pulled).toBeLessThan(10);
    release();
    abort.abort();
    await expect(writing).rejects.toMatchObject({ code: "job-cancelled" });
  });

  test("a reader that goes away is told as such", async () => {
    const out = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
    });
    await expect(writeWavStream(out, blocks(tone, 700, 24_000))).rejects.toMatchObject({
      code: "file-unwritable",
      nextStep: expect.stringContaining("ended early"),
    });
  });

  test("no sound at all is an error, as for a file", async () => {
    const empty = blocks(tone.subarray(0, 0), 1, 1);
    await expect(writeWavStream(new PassThrough(), empty)).rejects.toMatchObject({ code: "audio-empty" });
  });
});

import { describe, expect, test } from "vitest";
import { openAudio } from "../../src/format/index.ts";
import { amplitudeAt, concat, decode, sine } from "./kit.ts";

const RATE_HZ = 8000;

function u16(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

function u32(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function chunk(id: string, body: Uint8Array, size = body.length): Uint8Array {
  return concat(id, u32(size), body, body.length % 2 === 1 ? "\0" : "");
}

function fmt(tag: number, channels: number, bits: number, frameBytes = (channels * bits) / 8): Uint8Array {
  return chunk("fmt ", concat(u16(tag, channels), u32(RATE_HZ, RATE_HZ * frameBytes), u16(frameBytes, bits)));
}

function riff(...chunks: readonly Uint8Array[]): Uint8Array {
  const body = concat("WAVE", ...chunks);
  return concat("RIFF", u32(body.length), body);
}

const tone = sine(440, RATE_HZ, 800);

/** Writes one sample; an encoder of our own for each encoding, the plain way. */
const ENCODINGS: Readonly<Record<string, { tag: number; bits: number; error: number; encode(x: number): Uint8Array }>> =
  {
    "8-bit PCM": { tag: 1, bits: 8, error: 0.005, encode: (x) => Uint8Array.of(Math.round(x * 128) + 128) },
    "16-bit PCM": { tag: 1, bits: 16, error: 2e-5, encode: (x) => u32(Math.round(x * 2 ** 15)).slice(0, 2) },
    "24-bit PCM": { tag: 1, bits: 24, error: 1e-7, encode: (x) => u32(Math.round(x * 2 ** 23)).slice(0, 3) },
    "32-bit PCM": { tag: 1, bits: 32, error: 1e-7, encode: (x) => u32(Math.round(x * 2 ** 31)) },
    "32-bit float": { tag: 3, bits: 32, error: 0, encode: (x) => new Uint8Array(Float32Array.of(x).buffer) },
    "64-bit float": { tag: 3, bits: 64, error: 0, encode: (x) => new Uint8Array(Float64Array.of(x).buffer) },
    "A-law": { tag: 6, bits: 8, error: 0.017, encode: (x) => Uint8Array.of(toALaw(x)) },
    "mu-law": { tag: 7, bits: 8, error: 0.017, encode: (x) => Uint8Array.of(toMuLaw(x)) },
  };

function toALaw(x: number): number {
  const magnitude = Math.min(32_767, Math.round(Math.abs(x) * 32_768)) >> 4;
  const exponent = magnitude < 32 ? (magnitude < 16 ? 0 : 1) : 28 - Math.clz32(magnitude);
  const mantissa = (exponent < 2 ? magnitude : magnitude >> (exponent - 1)) & 15;
  return ((x >= 0 ? 0x80 : 0) | (exponent << 4) | mantissa) ^ 0x55;
}

function toMuLaw(x: number): number {
  const magnitude = Math.min(32_635, Math.round(Math.abs(x) * 32_768)) + 132;
  const exponent = 24 - Math.clz32(magnitude);
  return ~((x < 0 ? 0x80 : 0) | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 0xff;
}

function encoded(samples: Float32Array, name: string, channels = 1): Uint8Array {
  const encode = ENCODINGS[name]?.encode ?? (() => new Uint8Array(0));
  return concat(...[...samples].flatMap((x) => Array.from({ length: channels }, () => encode(x))));
}

function largestError(got: Float32Array, wanted: Float32Array): number {
  return wanted.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (got[i] ?? 0))), 0);
}

describe("every WAV encoding", () => {
  test.each(Object.entries(ENCODINGS))("%s decodes to the samples that went in", async (name, { tag, bits, error }) => {
    const { audio, samples, code } = await decode(riff(fmt(tag, 1, bits), chunk("data", encoded(tone, name))));
    expect(code).toBeUndefined();
    expect(audio).toMatchObject({ format: "wav", sampleRateHz: RATE_HZ, channels: 1, declaredDurationMs: 100 });
    expect(samples.length).toBe(tone.length);
    expect(largestError(samples, tone)).toBeLessThanOrEqual(error);
  });

  test.each(Object.keys(ENCODINGS))("%s reads its extremes as full scale and silence", async (name) => {
    const { tag = 0, bits = 0 } = ENCODINGS[name] ?? {};
    const extremes = Float32Array.of(-1, 0, 0.99);
    const { samples } = await decode(riff(fmt(tag, 1, bits), chunk("data", encoded(extremes, name))));
    expect(largestError(samples, extremes)).toBeLessThan(0.04);
  });

  test("WAVE_FORMAT_EXTENSIBLE says the encoding in its sub-format", async () => {
    const extension = concat(u16(22, 16), u32(3), u16(1), new Uint8Array(14));
    const body = concat(u16(0xfffe, 2), u32(RATE_HZ, RATE_HZ * 4), u16(4, 16), extension);
    const { audio, samples } = await decode(riff(chunk("fmt ", body), chunk("data", encoded(tone, "16-bit PCM", 2))));
    expect(audio?.channels).toBe(2);
    expect(largestError(samples, tone)).toBeLessThan(2e-5);
  });

  test("channels are averaged", async () => {
    const data = new Uint8Array(Float32Array.of(0.5, -0.25, 1, 0).buffer);
    const { samples } = await decode(riff(fmt(3, 2, 32), chunk("data", data)));
    expect([...samples]).toEqual([0.125, 0.5]);
  });

  test("floats beyond full scale are clipped and not-a-number is silence", async () => {
    const data = new Uint8Array(Float32Array.of(1.5, -7, Number.NaN, Number.POSITIVE_INFINITY, 0.25).buffer);
    const { samples } = await decode(riff(fmt(3, 1, 32), chunk("data", data)));
    expect([...samples]).toEqual([1, -1, 0, 1, 0.25]);
  });
});

describe("the chunks of a WAV", () => {
  const data = encoded(tone, "16-bit PCM");

  test("may stand in any order around it, of odd sizes, unknown", async () => {
    const file = riff(
      chunk("JUNK", new Uint8Array(31)),
      chunk("LIST", concat("INFOIART", u32(3), "me\0\0")),
      fmt(1, 1, 16),
      chunk("fact", u32(800)),
      chunk("odd ", new Uint8Array(70_001)),
      chunk("data", data),
      chunk("LIST", new Uint8Array(99)),
    );
    const { samples, code } = await decode(file, [7]);
    expect(code).toBeUndefined();
    expect(samples.length).toBe(800);
  });

  test.each([
    ["zero", 0],
    ["all ones (ffmpeg)", 0xffff_ffff],
    ["all ones less the header", 0xffff_ffff - 36],
    ["0x7ffff000 (sox)", 0x7fff_f000],
    ["0x80000000 (arecord)", 0x8000_0000],
  ])("a size of %s, as pipes leave it, means until the end", async (_, size) => {
    const { audio, samples, code } = await decode(riff(fmt(1, 1, 16), chunk("data", data, size)));
    expect(code).toBeUndefined();
    expect(audio?.declaredDurationMs).toBeUndefined();
    expect(samples.length).toBe(800);
  });

  test("RF64 keeps its size in ds64", async () => {
    const ds64 = chunk("ds64", concat(u32(0, 0, data.length, 0, 800, 0), u32(0)));
    const file = concat("RF64", u32(0xffff_ffff), "WAVE", ds64, fmt(1, 1, 16), chunk("data", data, 0xffff_ffff));
    const { audio, samples, code } = await decode(concat(file, chunk("LIST", new Uint8Array(500))));
    expect(code).toBeUndefined();
    expect(audio?.declaredDurationMs).toBe(100);
    expect(samples.length).toBe(800);
  });

  test("less sound than promised is delivered, then told", async () => {
    const { samples, code, message } = await decode(riff(fmt(1, 1, 16), chunk("data", data.subarray(0, 600), 1600)));
    expect(samples.length).toBe(300);
    expect(code).toBe("audio-truncated");
    expect(message).toContain("promises 1600 bytes of sound, 600 are there");
  });

  test.each([
    ["nothing at all", new Uint8Array(0), "audio-empty"],
    ["a header and no sound", riff(fmt(1, 1, 16), chunk("data", new Uint8Array(0))), "audio-empty"],
    ["a header without data", riff(fmt(1, 1, 16)), "audio-empty"],
    ["half a header", riff(fmt(1, 1, 16)).subarray(0, 30), "audio-truncated"],
    ["its first bytes only", riff().subarray(0, 7), "audio-truncated"],
    ["sound before its description", riff(chunk("data", data), fmt(1, 1, 16)), "audio-corrupt"],
    ["no channels", riff(fmt(1, 0, 16, 2), chunk("data", data)), "audio-corrupt"],
    ["frames too small for its channels", riff(fmt(1, 2, 16, 3), chunk("data", data)), "audio-corrupt"],
    ["12-bit floats", riff(fmt(3, 1, 12, 2), chunk("data", data)), "audio-corrupt"],
    ["a short format", riff(chunk("fmt ", u16(1, 1)), chunk("data", data)), "audio-corrupt"],
    ["IMA ADPCM", riff(fmt(0x11, 1, 4, 256), chunk("data", data)), "audio-unsupported"],
  ])("%s is refused with its own error", async (_, bytes, code) => {
    expect(await decode(bytes)).toMatchObject({ code, samples: new Float32Array(0) });
  });
});

test("eight hours stream through without being kept", async () => {
  const hours = 8;
  const totalBytes = hours * 3600 * RATE_HZ;
  const period = encoded(sine(500, RATE_HZ, 16 * 4096), "mu-law");
  let open = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    open++;
    try {
      yield concat("RIFF", u32(0xffff_ffff), "WAVE", fmt(7, 1, 8), "data", u32(totalBytes));
      for (let left = totalBytes; left > 0; left -= period.length)
        yield period.subarray(0, Math.min(left, period.length));
    } finally {
      open--;
    }
  }
  const audio = await openAudio(endless());
  expect(audio.declaredDurationMs).toBe(hours * 3_600_000);
  const before = process.memoryUsage();
  let samples = 0;
  let peakBytes = 0;
  let largest = 0;
  for await (const block of audio.pcm) {
    samples += block.samples.length;
    largest = Math.max(largest, block.samples.length);
    if (samples % (1 << 22) < block.samples.length) {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      peakBytes = Math.max(peakBytes, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers);
    }
    if (samples <= block.samples.length)
      expect(amplitudeAt(block.samples.subarray(0, 8000), 500, RATE_HZ)).toBeCloseTo(0.5, 2);
  }
  expect(samples).toBe(totalBytes);
  expect(largest).toBeLessThanOrEqual(32_768);
  // As floats it is 920 MB; what is measured is garbage not yet collected.
  expect(peakBytes).toBeLessThan(200 * 1024 * 1024);
  expect(open).toBe(0);
});

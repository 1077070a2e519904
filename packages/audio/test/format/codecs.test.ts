import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { encodeWav, openAudioFile } from "../../src/format/index.ts";
import { amplitudeAt, concat, decode, fixture, FIXTURES, joined, oggPage } from "./kit.ts";

const EXPECTED = [
  ["tone.mp3", "mp3", 16_000, 2, 8000, 500],
  ["tone-bare.mp3", "mp3", 16_000, 2, 9216, undefined],
  ["tone.mp2", "mp3", 16_000, 2, 8064, undefined],
  ["tone.flac", "flac", 16_000, 2, 8000, 500],
  ["tone-vorbis.ogg", "ogg-vorbis", 16_000, 2, 8000, undefined],
  ["tone-opus.ogg", "ogg-opus", 48_000, 2, 24_000, undefined],
  ["tone-opus-mono.ogg", "ogg-opus", 48_000, 1, 24_000, undefined],
] as const;

describe("each codec", () => {
  test.each(EXPECTED)("decodes %s to its tone, to the sample", async (name, format, rateHz, channels, length, ms) => {
    const { audio, samples, code } = await decode(fixture(name));
    expect(code).toBeUndefined();
    expect(audio).toMatchObject({ format, sampleRateHz: rateHz, channels, declaredDurationMs: ms });
    expect(samples.length).toBe(length);
    const middle = samples.subarray(length / 4, (3 * length) / 4);
    expect(amplitudeAt(middle, 440, rateHz)).toBeGreaterThan(0.46);
    expect(amplitudeAt(middle, 440, rateHz)).toBeLessThan(0.54);
    expect(amplitudeAt(middle, 1320, rateHz)).toBeLessThan(0.01);
  });

  test("gives the same samples however the bytes are cut", async () => {
    const whole = new Map(
      await Promise.all(FIXTURES.map(async (name) => [name, await decode(fixture(name))] as const)),
    );
    const cuts = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9000 })), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...FIXTURES), cuts, async (name, sizes) => {
        expect((await decode(fixture(name), sizes)).samples).toEqual(whole.get(name)?.samples);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a file cut short", () => {
  test.each(["tone.mp3", "tone-bare.mp3", "tone.flac", "tone-opus-mono.ogg"])(
    "%s gives what decodes, then audio-truncated",
    async (name) => {
      const bytes = fixture(name);
      const whole = await decode(bytes);
      const { samples, code } = await decode(bytes.subarray(0, Math.floor(bytes.length * 0.74)));
      expect(code).toBe("audio-truncated");
      expect(samples.length).toBeGreaterThan(whole.samples.length / 3);
      expect(samples.length).toBeLessThan(whole.samples.length);
    },
  );

  test.each(["tone.mp3", "tone.flac"])("%s says how much is there and how much was promised", async (name) => {
    const bytes = fixture(name);
    expect((await decode(bytes.subarray(0, bytes.length / 2))).message).toMatch(/promises \d+ \w+, \d+ are there/u);
  });

  test.each(FIXTURES.filter((name) => name !== "tone-bare.mp3"))(
    "%s at any length ends in a typed error",
    async (name) => {
      const bytes = fixture(name);
      const whole = await decode(bytes);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
          const { samples, code } = await decode(bytes.subarray(0, length));
          expect(["audio-truncated", "audio-empty", "audio-unsupported"]).toContain(code);
          expect(whole.samples.subarray(0, samples.length)).toEqual(samples);
        }),
        { numRuns: 40 },
      );
    },
  );
});

describe("a damaged file", () => {
  test.each(["tone.flac", "tone-opus-mono.ogg"])(
    "%s with wrong bits loses that place only, then says so",
    async (name) => {
      const bytes = fixture(name);
      const whole = await decode(bytes);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      const { samples, code } = await decode(bytes);
      expect(code).toBe("audio-corrupt");
      expect(samples.length).toBeGreaterThan(0);
      expect(samples.length).toBeLessThan(whole.samples.length);
    },
  );

  test("MP3 frames overwritten in the middle are skipped and counted", async () => {
    const bytes = fixture("tone.mp3");
    bytes.fill(0x55, 2000, 2600);
    const { samples, code, message } = await decode(bytes);
    expect(code).toBe("audio-corrupt");
    expect(message).toMatch(/\d{3} bytes of it are not MP3 frames/u);
    expect(samples.length).toBeGreaterThan(5000);
  });

  test("a header whose codec set-up is rubbish is refused", async () => {
    const head = concat("OpusHead\u0001\u0009", new Uint8Array(9));
    expect((await decode(oggPage(head, 2, 0))).code).toBe("audio-corrupt");
  });
});

describe("around the sound", () => {
  test("tags before and behind are skipped", async () => {
    const id3 = concat("ID3\u0004\0\0\0\0\u0010\0", new Uint8Array(2048));
    const id3v1 = concat("TAG", new Uint8Array(125));
    for (const name of ["tone-bare.mp3", "tone.flac"]) {
      const whole = await decode(fixture(name));
      const tagged = await decode(concat(id3, fixture(name), id3v1));
      expect(tagged.code).toBeUndefined();
      expect(tagged.samples).toEqual(whole.samples);
    }
  });

  test("a tag with no sound behind it is empty", async () => {
    expect((await decode(concat("ID3\u0004\0\0\0\0\0\u0010", new Uint8Array(16)))).code).toBe("audio-empty");
  });

  test("FLAC, Vorbis and Opus headers without sound are empty or cut short", async () => {
    expect((await decode(fixture("tone.flac").subarray(0, 42))).code).toBe("audio-truncated");
    const opus = fixture("tone-opus.ogg");
    expect((await decode(opus.subarray(0, 47))).code).toBe("audio-empty");
  });

  test("chained Ogg streams of one rate play one after the other", async () => {
    for (const name of ["tone-vorbis.ogg", "tone-opus.ogg"]) {
      const once = await decode(fixture(name));
      const twice = await decode(concat(fixture(name), fixture(name)));
      expect(twice.code).toBeUndefined();
      expect(twice.samples).toEqual(joined([once.samples, once.samples]));
    }
  });

  test("a chain that changes its rate gives the first part, then says so", async () => {
    const { samples, code } = await decode(concat(fixture("tone-vorbis.ogg"), fixture("tone-opus.ogg")));
    expect(samples.length).toBe(8000);
    expect(code).toBe("audio-unsupported");
  });
});

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!hasFfmpeg) console.log("skipped: comparison with ffmpeg's decoders (ffmpeg is not installed)");

describe.skipIf(!hasFfmpeg)("what ffmpeg encodes", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-format-"));
  const source = join(folder, "in.wav");
  const chirp = Float32Array.from({ length: 66_150 }, (_, i) => 0.4 * Math.sin((i * i) / 90_000));
  writeFileSync(source, encodeWav({ sampleRateHz: 22_050, samples: chirp }));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["a.mp3", ["-b:a", "96k"], 0.05],
    ["b.mp3", ["-q:a", "4", "-ac", "2", "-ar", "48000"], 0.05],
    ["c.flac", ["-compression_level", "12"], 1e-4],
    ["d.flac", ["-sample_fmt", "s32", "-ac", "2"], 1e-4],
    ["e.ogg", ["-c:a", "libvorbis", "-q:a", "7"], 0.05],
    ["f.opus", ["-c:a", "libopus", "-b:a", "96k"], 0.05],
    ["g.wav", ["-c:a", "pcm_alaw"], 0.02],
    ["h.wav", ["-c:a", "pcm_mulaw", "-ac", "2"], 0.02],
    ["i.wav", ["-c:a", "pcm_s24le", "-rf64", "always"], 1e-4],
    ["j.wav", ["-c:a", "pcm_u8"], 0.02],
    ["k.wav", ["-c:a", "pcm_f64le"], 1e-4],
  ] as const)("%s decodes as ffmpeg decodes it", async (name, flags, tolerance) => {
    const path = join(folder, name);
    expect(spawnSync("ffmpeg", ["-v", "error", "-y", "-i", source, ...flags, path]).status).toBe(0);
    const audio = await openAudioFile(path);
    const parts: Float32Array[] = [];
    for await (const block of audio.pcm) parts.push(block.samples);
    const ours = joined(parts);
    const raw = spawnSync("ffmpeg", ["-v", "error", "-i", path, "-f", "f32le", "-"], {
      maxBuffer: 1 << 26,
    });
    const interleaved = new Float32Array(new Uint8Array(raw.stdout).buffer);
    const theirs = Float32Array.from({ length: interleaved.length / audio.channels }, (_, i) => {
      const frame = interleaved.subarray(i * audio.channels, (i + 1) * audio.channels);
      return frame.reduce((sum, x) => sum + x, 0) / frame.length;
    });
    expect(ours.length).toBe(theirs.length);
    // A lossy decoder may differ by rounding; a shift or a lost frame would differ by the whole amplitude.
    let worst = 0;
    for (let i = 0; i < ours.length; i++) worst = Math.max(worst, Math.abs((ours[i] ?? 0) - (theirs[i] ?? 0)));
    expect(worst).toBeLessThan(tolerance);
  });
});

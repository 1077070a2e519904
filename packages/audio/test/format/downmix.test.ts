import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createRawDecoder } from "../../src/format/index.ts";
import { gainsOf, rolesOfMask, VORBIS_ORDER, WAVE_ORDER } from "../../src/format/downmix.ts";
import { amplitudeAt, concat, decode, sine } from "./kit.ts";

const RATE_HZ = 48_000;
/** The rest of every sub-format GUID. */
const SUB_FORMAT = Uint8Array.of(0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71);
const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!hasFfmpeg) console.warn("no ffmpeg here: the channel orders of FLAC, Opus and Vorbis files are not checked");

/** A float WAV, with a channel mask or with the plain old header, in which only channel `only` has a tone of amplitude 1. */
function wav(channels: number, only: number, mask?: number): Uint8Array {
  const tone = sine(440, RATE_HZ, 4800, 1);
  const data = new Float32Array(tone.length * channels);
  for (const [i, sample] of tone.entries()) data[i * channels + only] = sample;
  const u16 = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
  const u32 = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
  const plain = concat(u16(mask === undefined ? 3 : 0xfffe, channels), u32(RATE_HZ, RATE_HZ * channels * 4));
  const sizes = u16(channels * 4, 32);
  const extension = mask === undefined ? new Uint8Array(0) : concat(u16(22, 32), u32(mask), u16(3), SUB_FORMAT);
  const header = concat(plain, sizes, extension);
  const bytes = new Uint8Array(data.buffer);
  const body = concat("WAVEfmt ", u32(header.length), header, "data", u32(bytes.length), bytes);
  return concat("RIFF", u32(body.length), body);
}

async function heard(bytes: Uint8Array): Promise<number> {
  const { samples, code } = await decode(bytes);
  expect(code).toBeUndefined();
  return amplitudeAt(samples.subarray(samples.length / 4, (3 * samples.length) / 4), 440, RATE_HZ);
}

const decibels = (gain: number | undefined): number => 20 * Math.log10(gain ?? 0);

describe("surround sound as one channel", () => {
  it.each([
    ["WAVE and FLAC", WAVE_ORDER, 2],
    ["Vorbis and Opus", VORBIS_ORDER, 1],
  ])(
    "is mostly its centre, never its low-frequency effects, and the fronts do not overflow: %s",
    (_, orders, centre) => {
      for (const channels of [3, 5, 6, 7, 8]) {
        const roles = orders[channels] ?? [];
        const gains = gainsOf(channels, roles);
        expect(roles).toHaveLength(channels);
        expect(Math.max(...gains)).toBe(gains[centre]);
        expect(decibels(gains[centre])).toBeGreaterThan(-8);
        expect(gains.filter((_gain, i) => roles[i] === "low").every((gain) => gain === 0)).toBe(true);
        const fronts = gains.filter((_gain, i) => roles[i] === "front" || roles[i] === "centre");
        expect(fronts.reduce((sum, gain) => sum + gain, 0)).toBeCloseTo(1, 9);
        // BS.775: the sides 3 dB, what is around 6 dB below the centre.
        expect(decibels(gains[0]) - decibels(gains[centre])).toBeCloseTo(-3.01, 2);
        if (channels > 3)
          expect(decibels(gains.at(channels === 5 ? -1 : -2)) - decibels(gains[centre])).toBeCloseTo(-6.02, 2);
      }
    },
  );

  it.each([
    ["5.1 without a mask", 6, undefined],
    ["5.1", 6, 0x3f],
    ["5.1 with sides", 6, 0x60f],
    ["7.1", 8, 0x63f],
  ])("keeps speech in the centre of a WAV, and leaves out the rumble: %s", async (_, channels, mask) => {
    expect(await heard(wav(channels, 2, mask))).toBeCloseTo(0.414, 2);
    expect(await heard(wav(channels, 0, mask))).toBeCloseTo(0.293, 2);
    expect(await heard(wav(channels, 3, mask))).toBe(0);
  });

  it.each([
    ["one without places", 6, 0],
    ["a mask for fewer", 6, 0x3],
    ["four microphones", 4, undefined],
    ["stereo", 2, 0x3],
    ["low effects and sides", 3, 0x608],
  ])("is the average where nobody knows what is what: %s", async (_, channels, mask) => {
    for (const only of [0, channels - 1]) {
      expect(await heard(wav(channels, only, mask))).toBeCloseTo(1 / channels, 3);
    }
  });

  it("knows the loudspeakers of a mask in the order of its bits", () => {
    expect(rolesOfMask(0x60f, 6)).toEqual(["front", "front", "centre", "low", "surround", "surround"]);
    expect(rolesOfMask(0x4, 1)).toEqual(["centre"]);
    expect(rolesOfMask(0x3, 3)).toBeUndefined();
  });

  it.skipIf(!hasFfmpeg).each([
    ["flac", "flac"],
    ["ogg", "libvorbis"],
    ["opus", "libopus"],
  ])("finds the centre and the rumble of a %s file", async (format, codec) => {
    const written = async (only: number): Promise<number> => {
      const args = ["-v", "error", "-i", "-", "-c:a", codec, ...(codec === "libopus" ? ["-mapping_family", "1"] : [])];
      const { status, stdout, stderr } = spawnSync("ffmpeg", [...args, "-f", format, "-"], {
        input: wav(6, only, 0x3f),
        maxBuffer: 1 << 24,
      });
      expect(status, stderr.toString()).toBe(0);
      return heard(new Uint8Array(stdout));
    };
    expect(await written(2)).toBeGreaterThan(0.36);
    expect(await written(0)).toBeLessThan(0.32);
    expect(await written(3)).toBeLessThan(0.05);
  });
});

describe("raw floats", () => {
  it("are brought into full scale, and what is no number is silence", () => {
    const data = new Uint8Array(Float32Array.of(1.5, -7, Number.NaN, Number.POSITIVE_INFINITY, 0.25).buffer);
    const decoder = createRawDecoder({ encoding: "float32", channels: 1 });
    expect([...decoder.push(data)]).toEqual([1, -1, 0, 1, 0.25]);
  });
});

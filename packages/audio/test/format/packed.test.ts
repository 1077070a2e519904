/** Blocks of sound that travel: what comes out is what was put in, in no more bytes; and whatever comes in is that, or is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAudioError } from "../../src/errors.ts";
import { MOST_PACKED_SAMPLES, packSamples, unpackSamples } from "../../src/format/index.ts";
import { laughter, whiteNoise } from "../../src/testing/index.ts";
import { sine } from "./kit.ts";

const HEAD_BYTES = 4;
const STRETCH = 128;

function asInt16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
}

const loudness = fc.constantFrom(0, 1, 2, 50, 3_000, 32_767);
const length = fc.integer({ min: 0, max: 700 });
const sample = fc.oneof(fc.integer({ min: -32_768, max: 32_767 }), fc.constantFrom(-32_768, 32_767, 0));
/** Of one kind of sound; several of them behind one another make a block. */
const stretch = fc.oneof(
  fc.array(sample, { maxLength: 300 }),
  fc.tuple(length, loudness).map(([n, most]) => Array.from({ length: n }, () => most)),
  fc
    .tuple(length, loudness, fc.integer({ min: 1, max: 90 }))
    .map(([n, most, half]) =>
      Array.from({ length: n }, (_, at) => (Math.floor(at / half) % 2 === 0 ? most : -most - 1)),
    ),
  fc
    .tuple(length, loudness, fc.integer())
    .map(([n, most, seed]) =>
      [...whiteNoise(n, seed)].map((each) => Math.trunc(Math.max(-1, Math.min(1, each)) * most)),
    ),
  fc
    .tuple(length, loudness, fc.double({ min: 0.001, max: 3, noNaN: true }))
    .map(([n, most, step]) => Array.from({ length: n }, (_, at) => Math.round(most * Math.sin(step * at)))),
);
const block = fc.array(stretch, { maxLength: 5 }).map((parts) => Int16Array.from(parts.flat()));

function isRefusedOrSound(bytes: Uint8Array, most: number): Int16Array | undefined {
  try {
    const samples = unpackSamples(bytes, most);
    expect(samples.length).toBeLessThanOrEqual(most);
    return samples;
  } catch (error) {
    expect(isAudioError(error, "audio-corrupt"), String(error)).toBe(true);
    return undefined;
  }
}

describe("a packed block", () => {
  it("comes out as it was put in, and is hardly longer than its samples, whatever they are", () => {
    fc.assert(
      fc.property(block, fc.nat(7), (samples, offset) => {
        const packed = packSamples(samples);
        expect(packed.length).toBeLessThanOrEqual(
          HEAD_BYTES + samples.byteLength + Math.ceil(samples.length / STRETCH),
        );
        // Wherever in its frame it lies.
        const frame = new Uint8Array(offset + packed.length + 5).fill(0xff);
        frame.set(packed, offset);
        expect(unpackSamples(frame.subarray(offset, offset + packed.length))).toEqual(samples);
      }),
      { numRuns: 500 },
    );
  });

  it.each([0, 1, 2, 3, 4, 5, 127, 128, 129, 16_000, MOST_PACKED_SAMPLES])("may have %d samples", (samples) => {
    const noise = asInt16(whiteNoise(samples, samples));
    expect(unpackSamples(packSamples(noise))).toEqual(noise);
    const edge = new Int16Array(samples).fill(-32_768);
    expect(unpackSamples(packSamples(edge))).toEqual(edge);
  });

  it("is much shorter where there is something to be foretold", () => {
    const share = (samples: Int16Array): number => packSamples(samples).length / samples.byteLength;
    const silence = new Int16Array(2_205);
    // Three of head, and one for each stretch.
    expect(packSamples(silence).length).toBe(3 + Math.ceil(silence.length / STRETCH));
    expect(share(asInt16(sine(220, 24_000, 2_400)))).toBeLessThan(0.25);
    expect(share(asInt16(sine(440, 16_000, 1_600)))).toBeLessThan(0.4);
    expect(share(asInt16(laughter(1)))).toBeLessThan(0.6);
  });

  it("may not be longer than is said to be the most", () => {
    expect(() => packSamples(new Int16Array(MOST_PACKED_SAMPLES + 1))).toThrow(RangeError);
    const packed = packSamples(new Int16Array(1_601));
    expect(isRefusedOrSound(packed, 1_600)).toBeUndefined();
    expect(isRefusedOrSound(packed, 1_601)?.length).toBe(1_601);
  });
});

describe("no bytes break whoever unpacks them", () => {
  it("any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (noise, hasHead) => {
        isRefusedOrSound(hasHead ? Uint8Array.of(1, ...noise) : noise, 16_000);
      }),
      { numRuns: 2_000 },
    );
  });

  it("blocks with bits turned over, cut, and with more behind them", () => {
    const hurts = fc.record({
      bits: fc.array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(7)), {
        maxLength: 6,
      }),
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
      more: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(block, hurts, (samples, { bits, keep, more }) => {
        const packed = packSamples(samples);
        for (const [spot, bit] of bits) {
          const at = Math.floor(spot * packed.length);
          packed[at] = (packed[at] ?? 0) ^ (1 << bit);
        }
        isRefusedOrSound(Buffer.concat([packed.subarray(0, Math.ceil(keep * packed.length)), more]), 16_000);
      }),
      { numRuns: 1_000 },
    );
  });

  it("each block that is cut short, or that something follows", () => {
    const packed = packSamples(asInt16(laughter(2)).subarray(0, 1_600));
    for (let end = 0; end < packed.length; end += 1) {
      expect(isRefusedOrSound(packed.subarray(0, end), MOST_PACKED_SAMPLES)).toBeUndefined();
    }
    for (const more of [[0], [1], [0, 0, 0, 0]]) {
      expect(isRefusedOrSound(Uint8Array.of(...packed, ...more), MOST_PACKED_SAMPLES)).toBeUndefined();
    }
  });

  it.each<[string, readonly number[]]>([
    ["is empty", []],
    ["version 2", [2, 0]],
    ["how long", [1, 0x80, 0x80, 0x80, 0x80, 1]],
    ["too long", [1, 0xff, 0xff, 0x7f]],
    // All of them, and no bytes for that.
    ["cut short", [1, 0x80, 0x80, 0x08]],
    ["unknown manner", [1, 1, 0xe0, 0, 0]],
    ["unknown manner", [1, 1, 0x1e, 0, 0]],
    ["more is foretold", [1, 1, 0x80, 0, 0, 0, 0]],
    // From 32767 on, one more.
    ["16 bits", [1, 2, 0x20, 0x7f, 0xff, 0b0010_0000, 0]],
    ["follows", [1, 0, 0]],
    // A one in what is left of the last byte.
    ["follows", [1, 1, 0x00, 0b1000_0001]],
    // Zeros that never end.
    ["cut short", [1, 1, 0x00, ...new Uint8Array(4_000)]],
  ])("one that says: %s", (what, bytes) => {
    expect(() => unpackSamples(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: "audio-corrupt" }));
    expect(() => unpackSamples(Uint8Array.from(bytes))).toThrow(what);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeAudioFrame, decodeOpusFrame, encodeAudioFrame, encodeOpusFrame, MAX_FRAME_BYTES } from "../src/index.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

describe("a frame of compressed sound", () => {
  it("comes out as it went in, wherever it lies in memory, and is no frame of samples", () => {
    fc.assert(
      fc.property(
        uint32,
        uint32,
        fc.uint8Array({ maxLength: 300 }),
        fc.nat({ max: 7 }),
        (stream, sequence, bytes, at) => {
          const encoded = encodeOpusFrame({ stream, sequence, bytes });
          const elsewhere = new Uint8Array(encoded.length + at);
          elsewhere.set(encoded, at);
          expect(decodeOpusFrame(elsewhere.subarray(at))).toEqual({ stream, sequence, bytes });
          expect(typeof decodeAudioFrame(encoded)).toBe("string");
        },
      ),
    );
  });

  it("is told from everything else", () => {
    const samples = new Float32Array(4);
    const pcm = encodeAudioFrame({ stream: 1, sequence: 0, timestampMs: 0, sampleRateHz: 24_000, samples });
    expect(decodeOpusFrame(pcm)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const frame = decodeOpusFrame(bytes);
        if (frame !== undefined) expect([bytes[0], bytes[1]]).toEqual([0x50, 3]);
      }),
    );
  });

  it("is refused when it is too large for a frame", () => {
    expect(() => encodeOpusFrame({ stream: 1, sequence: 0, bytes: new Uint8Array(MAX_FRAME_BYTES) })).toThrow(
      RangeError,
    );
  });
});

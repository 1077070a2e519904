import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeAudioFrame, encodeAudioFrame, FRAME_HEADER_BYTES, MAX_FRAME_BYTES } from "../src/index.ts";

const frames = fc.record({
  stream: fc.integer({ min: 0, max: 0xffff_ffff }),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  timestampMs: fc.integer({ min: 0, max: 0xffff_ffff }),
  sampleRateHz: fc.integer({ min: 1, max: 0xffff }).map((rate) => rate * 100),
  samples: fc.float32Array({ min: -1, max: 1, noNaN: true, maxLength: 500 }),
});

/** Anything, and what begins like a frame. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 40 }))
    .map(([kind, rest]) => Uint8Array.of(0x50, kind, ...rest)),
);

describe("an audio frame", () => {
  it("brings how much of it is the sender's own playback, and is as before when nobody can tell", () => {
    fc.assert(
      fc.property(frames, fc.double({ min: 0, max: 1, noNaN: true }), (frame, echo) => {
        const plain = encodeAudioFrame(frame);
        const told = encodeAudioFrame({ ...frame, echo });
        expect([plain[1], plain.length]).toEqual([1, FRAME_HEADER_BYTES + 2 * frame.samples.length]);
        const [back, backPlain] = [decodeAudioFrame(told), decodeAudioFrame(plain)];
        if (typeof back === "string" || typeof backPlain === "string") throw new Error("not decoded");
        expect(backPlain.echo).toBeUndefined();
        expect(Math.abs((back.echo ?? -1) - echo)).toBeLessThan(1 / 65_535);
        expect({ ...back, echo: undefined }).toEqual({ ...backPlain, echo: undefined });
      }),
    );
    for (const echo of [-0.1, 1.1, Number.NaN]) {
      const frame = { stream: 1, sequence: 0, timestampMs: 0, sampleRateHz: 16_000, samples: new Float32Array(1) };
      expect(() => encodeAudioFrame({ ...frame, echo })).toThrow(RangeError);
    }
  });

  it("comes back as it was sent, samples to within half a step of 16 bits", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const back = decodeAudioFrame(encodeAudioFrame(frame));
        if (typeof back === "string") throw new Error(back);
        const { samples, ...head } = back;
        const { samples: sent, ...sentHead } = frame;
        expect(head).toEqual(sentHead);
        expect(samples.length).toBe(sent.length);
        for (const [i, sample] of samples.entries()) expect(Math.abs(sample - (sent[i] ?? 0))).toBeLessThan(1 / 16_384);
      }),
    );
  });

  it("clips what is louder than full scale", () => {
    const loud = { stream: 1, sequence: 0, timestampMs: 0, sampleRateHz: 16_000, samples: Float32Array.of(3, -3) };
    const back = decodeAudioFrame(encodeAudioFrame(loud));
    expect(typeof back === "string" ? back : [...back.samples].map((sample) => Math.round(sample * 100))).toEqual([
      100, -100,
    ]);
  });

  it("is refused with a sentence, never an exception, whatever bytes come", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const decoded = decodeAudioFrame(bytes);
        if (typeof decoded === "string") expect(decoded).toMatch(/\w+ \w+/);
        else {
          const header = FRAME_HEADER_BYTES + (decoded.echo === undefined ? 0 : 2);
          expect(decoded.samples.length).toBe((bytes.length - header) / 2);
        }
      }),
    );
  });

  it("of more than the largest size is neither made nor taken", () => {
    const samples = new Float32Array(MAX_FRAME_BYTES / 2);
    expect(() => encodeAudioFrame({ stream: 1, sequence: 0, timestampMs: 0, sampleRateHz: 16_000, samples })).toThrow(
      RangeError,
    );
    expect(decodeAudioFrame(new Uint8Array(MAX_FRAME_BYTES + 2))).toMatch(/exceeds/);
  });
});

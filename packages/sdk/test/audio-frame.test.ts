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

describe("an audio frame", () => {
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
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeAudioFrame(bytes);
        if (typeof decoded === "string") expect(decoded).toMatch(/\w+ \w+/);
        else expect(decoded.samples.length).toBe((bytes.length - FRAME_HEADER_BYTES) / 2);
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

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPeerError } from "../../../src/errors.ts";
import { framePrefix, FrameSplitter, PREFIX_BYTES } from "../../../src/mesh/wire/frame-splitter.ts";

const MAX_BYTES = 1_000;

/** Bytes in chunks that end where `cuts` say. */
function chunksOf(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((from, i) => bytes.subarray(from, ends[i] ?? bytes.length));
}

describe("frames on a stream of bytes", () => {
  it("are the same however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }),
        fc.array(fc.nat(5_000), { maxLength: 40 }),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.flatMap((frame) => [framePrefix(frame.length), frame]));
          const splitter = new FrameSplitter(MAX_BYTES);
          const found = chunksOf(bytes, cuts).flatMap((chunk) => [...splitter.framesOf(chunk)]);
          expect(found.map((frame) => Buffer.from(frame))).toEqual(frames.map((frame) => Buffer.from(frame)));
        },
      ),
    );
  });

  it("come one byte at a time, too", () => {
    const body = Uint8Array.from({ length: MAX_BYTES }, (_, i) => i & 0xff);
    const splitter = new FrameSplitter(MAX_BYTES);
    const found = [...framePrefix(body.length), ...body].flatMap((byte) => [...splitter.framesOf(Uint8Array.of(byte))]);
    expect(found.map((frame) => [...frame])).toEqual([[...body]]);
  });

  it("are refused as soon as their length is known to be too much, and nothing else goes wrong with any bytes", () => {
    const splitter = new FrameSplitter(MAX_BYTES);
    expect(() => [...splitter.framesOf(framePrefix(MAX_BYTES + 1))]).toThrow(
      expect.objectContaining({ code: "bad-frame" }),
    );
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        const any = new FrameSplitter(MAX_BYTES);
        try {
          for (const chunk of chunks)
            for (const frame of any.framesOf(chunk)) expect(frame.length).toBeLessThanOrEqual(MAX_BYTES);
        } catch (error) {
          expect(isPeerError(error, "bad-frame")).toBe(true);
        }
      }),
    );
  });

  it("take no more memory than has come, whatever they claim", () => {
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 100 }, () => {
      const splitter = new FrameSplitter(256 * 1024 * 1024);
      expect([...splitter.framesOf(Buffer.concat([framePrefix(256 * 1024 * 1024), new Uint8Array(10)]))]).toEqual([]);
      return splitter;
    });
    expect(splitters.length).toBe(100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 2 * 64 * 1024 + PREFIX_BYTES);
  });
});

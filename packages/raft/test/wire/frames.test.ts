import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRaftError } from "../../src/errors.ts";
import { encodeFrame, FRAME_HEADER_BYTES, FrameSplitter, WIRE_VERSION } from "../../src/wire/frames.ts";
import { cut } from "./arbitraries.ts";

const anyFrame = fc.record({ kind: fc.nat(255), body: fc.uint8Array({ maxLength: 500 }) }, { noNullPrototype: true });

function splitAll(splitter: FrameSplitter, chunks: readonly Uint8Array[]): { kind: number; body: Uint8Array }[] {
  return chunks.flatMap((chunk) => [...splitter.framesOf(chunk)]);
}

describe("frames of a stream", () => {
  it("come out whole and in order, whatever the chunks", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 60 })),
        (frames, lengths) => {
          const bytes = Buffer.concat(frames.map(({ kind, body }) => encodeFrame(kind, body)));
          expect(splitAll(new FrameSplitter(), cut(bytes, lengths))).toStrictEqual(frames);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("come out when every byte comes alone", () => {
    const frames = [1, 0, 700, 3].map((length, kind) => ({ kind, body: new Uint8Array(length).fill(kind) }));
    const bytes = Buffer.concat(frames.map(({ kind, body }) => encodeFrame(kind, body)));
    expect(splitAll(new FrameSplitter(), cut(bytes, Array<number>(bytes.length).fill(1)))).toStrictEqual(frames);
  });

  it("come out when they are larger than what is set aside at once", () => {
    const body = Buffer.alloc(5 * 1024 * 1024, "frame");
    const bytes = Buffer.concat([encodeFrame(3, body), encodeFrame(4, Buffer.from("next"))]);
    const read = splitAll(new FrameSplitter(), cut(bytes, Array<number>(200).fill(65_536)));
    expect(read.map(({ kind }) => kind)).toStrictEqual([3, 4]);
    expect(Buffer.compare(read[0]?.body ?? new Uint8Array(), body)).toBe(0);
    expect(Buffer.from(read[1]?.body ?? []).toString()).toBe("next");
  });

  it("may fill the limit but not pass it, and this is told before the body comes", () => {
    const largest = encodeFrame(1, new Uint8Array(100 - FRAME_HEADER_BYTES));
    expect(splitAll(new FrameSplitter(100), [largest])).toHaveLength(1);
    const tooLarge = encodeFrame(1, new Uint8Array(101 - FRAME_HEADER_BYTES));
    const corrupt = expect.objectContaining({ code: "corrupt" });
    expect(() => splitAll(new FrameSplitter(100), [tooLarge.slice(0, 4)])).toThrow(corrupt);
    expect(() => splitAll(new FrameSplitter(100), cut(tooLarge, [1, 1, 1, 1, 1]))).toThrow(corrupt);
  });

  it("are refused when they are of another version or too short to have one", () => {
    const other = encodeFrame(1, new Uint8Array(3));
    other[4] = WIRE_VERSION + 1;
    const corrupt = expect.objectContaining({ code: "corrupt" });
    expect(() => splitAll(new FrameSplitter(), [other])).toThrow(corrupt);
    expect(() => splitAll(new FrameSplitter(), cut(other, [5]))).toThrow(corrupt);
    expect(() => splitAll(new FrameSplitter(), [Uint8Array.of(0, 0, 0, 1, WIRE_VERSION)])).toThrow(corrupt);
  });

  it("are frames or corrupt when the bytes are noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.integer({ min: 1, max: 40 })), (noise, lengths) => {
        const splitter = new FrameSplitter(1000);
        let outcome = "understood";
        try {
          splitAll(splitter, cut(noise, lengths));
        } catch (error) {
          if (!isRaftError(error, "corrupt")) throw error;
          outcome = "corrupt";
        }
        expect(["understood", "corrupt"]).toContain(outcome);
      }),
      { numRuns: 2000 },
    );
  });

  it("take no more memory for what a length claims than for what has come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 64 }, () => {
      const splitter = new FrameSplitter(2 ** 31);
      const start = encodeFrame(1, new Uint8Array(10)).slice(0, 8);
      start.set([0x7f, 0xff, 0xff, 0x00]);
      expect([...splitter.framesOf(start)]).toStrictEqual([]);
      return splitter;
    });
    expect(splitters).toHaveLength(64);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 * 1024 * 1024);
  });
});

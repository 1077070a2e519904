import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { APPEND_THREAD, message } from "../../src/core/types.ts";
import type { LocalMessageType } from "../../src/core/types.ts";
import { isRaftError, RaftError } from "../../src/errors.ts";
import { FrameSplitter } from "../../src/wire/frames.ts";
import {
  decodeMessage,
  encodeMessage,
  encodeMessages,
  MAX_MESSAGE_ENTRIES,
  MESSAGE_FRAME,
  messageFrameBytes,
} from "../../src/wire/message-codec.ts";
import { anyMessage, cut } from "./arbitraries.ts";

/** Decodes, or says that the bytes are corrupt; every other error goes on. */
function decodeOrRefuse(bytes: Uint8Array): unknown {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (isRaftError(error, "corrupt")) return "corrupt";
    throw error;
  }
}

describe("messages on the wire", () => {
  it("come out as they went in, whatever their fields", () => {
    fc.assert(
      fc.property(anyMessage, (given) => {
        expect(decodeMessage(encodeMessage(given))).toStrictEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  it("come out of a stream in order, whatever its chunks", () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 400 })),
        (given, lengths) => {
          const bytes = encodeMessages(given);
          expect(bytes).toHaveLength(given.reduce((sum, one) => sum + messageFrameBytes(one), 0));
          const splitter = new FrameSplitter();
          const frames = cut(bytes, lengths).flatMap((chunk) => [...splitter.framesOf(chunk)]);
          expect(frames.map(({ kind }) => kind)).toStrictEqual(given.map(() => MESSAGE_FRAME));
          expect(frames.map(({ body }) => decodeMessage(body))).toStrictEqual(given);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("are refused as corrupt when they end anywhere but at their end", () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (given, seed) => {
        const bytes = encodeMessage(given);
        expect(decodeOrRefuse(bytes.subarray(0, seed % bytes.length))).toBe("corrupt");
        expect(decodeOrRefuse(Uint8Array.from([...bytes, seed % 256]))).toBe("corrupt");
      }),
      { numRuns: 500 },
    );
  });

  it("are either understood or corrupt when bytes are flipped, and nothing else happens", () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    let refused = 0;
    fc.assert(
      fc.property(anyMessage, flips, (given, places) => {
        const bytes = Uint8Array.from(encodeMessage(given));
        for (const [place, mask] of places) {
          const at = place % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ mask;
        }
        const read = decodeOrRefuse(bytes);
        if (read === "corrupt") refused += 1;
        else expect(read).toHaveProperty("type");
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  it("are corrupt or understood when the bytes are noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(["corrupt", "object"]).toContain(decodeOrRefuse(noise) === "corrupt" ? "corrupt" : "object");
      }),
      { numRuns: 2000 },
    );
  });

  it("do not make room for as many entries as garbage claims", () => {
    const bytes = Buffer.from(
      encodeMessage(message({ type: "append", to: 1, from: 2, entries: [{ type: "normal", data: new Uint8Array() }] })),
    );
    const countAt = bytes.length - 9;
    expect(bytes.readUInt32BE(countAt)).toBe(1);
    for (const claimed of [2, MAX_MESSAGE_ENTRIES, MAX_MESSAGE_ENTRIES + 1, 2 ** 32 - 1]) {
      bytes.writeUInt32BE(claimed, countAt);
      expect(() => decodeMessage(bytes)).toThrow(RaftError);
    }
  });

  it("know that more entries than they may hold fit into no frame", () => {
    const entries = Array.from({ length: MAX_MESSAGE_ENTRIES + 1 }, () => ({
      type: "normal" as const,
      data: new Uint8Array(),
    }));
    const given = message({ type: "propose", to: 1, from: 2, entries });
    expect(messageFrameBytes(given)).toBe(Infinity);
    expect(() => encodeMessages([given])).toThrow("entries in one message");
  });

  it.each<LocalMessageType>(["campaign", "storage-append", "storage-apply-response", "unreachable"])(
    "are not made of %s, which stays within a node",
    (type) => {
      expect(() => encodeMessages([message({ type, to: 1, from: 2 })])).toThrow(
        expect.objectContaining({ code: "local-message" }),
      );
    },
  );

  it("are not made of what goes to storage or holds what storage may say later", () => {
    const vote = message({ type: "vote", to: 1, from: 2 });
    for (const given of [
      { ...vote, to: APPEND_THREAD },
      { ...vote, responses: [vote] },
    ]) {
      expect(() => encodeMessage(given)).toThrow(expect.objectContaining({ code: "local-message" }));
    }
  });

  it("take five bytes an entry beside its data when terms and indexes follow each other", () => {
    const append = message({ type: "append", to: 1, from: 2, term: 7, logTerm: 7, index: 41 });
    const entries = Array.from({ length: 100 }, (_, i) => ({
      term: 7,
      index: 42 + i,
      type: "normal" as const,
      data: new Uint8Array(256),
    }));
    const bare = encodeMessage(append).length;
    expect(encodeMessage({ ...append, entries })).toHaveLength(bare + 4 + 100 * (5 + 256));
  });

  it("never keep alive more than twice what they take", () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(4096), fc.nat(4096), (given, before, after) => {
        const bytes = encodeMessage(given);
        const chunk = new Uint8Array(before + bytes.length + after);
        chunk.set(bytes, before);
        const read = decodeMessage(chunk.subarray(before, before + bytes.length));
        const kept = [...read.entries.map((entry) => entry.data), read.context, read.snapshot?.data];
        for (const view of kept) {
          if (view !== undefined) expect(view.buffer.byteLength).toBeLessThanOrEqual(2 * bytes.length);
        }
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRecords, readOutbox, type OutboxRecord } from "../../../src/cluster/outbox/records.ts";

const command = (sequence: number): OutboxRecord => ({
  kind: "command",
  sequence,
  atMs: 1_000 + sequence,
  command: Uint8Array.of(sequence, 7, 7, 7),
});
const head: OutboxRecord = { kind: "head", box: "box", next: 1 };
const THREE = encodeRecords([head, command(1), command(2), command(3)], 0);

describe("an outbox as bytes", () => {
  it("gives what waits, in order, and the next number", () => {
    expect(readOutbox(THREE.bytes)).toMatchObject({ box: "box", next: 4, lostBytes: 0, chain: THREE.chain });
    const more = encodeRecords([{ kind: "settled", sequence: 2 }, command(9)], THREE.chain);
    const image = readOutbox(Buffer.concat([THREE.bytes, more.bytes]));
    expect(image?.waiting.map(({ sequence }) => sequence)).toEqual([3, 9]);
    expect(image?.next).toBe(10);
  });

  it("notices a frame that is missing, comes twice or stands elsewhere", () => {
    const frames = [head, command(1), command(2), command(3)];
    const cut: Uint8Array[] = [];
    let chain = 0;
    for (const each of frames) {
      const framed = encodeRecords([each], chain);
      cut.push(framed.bytes);
      chain = framed.chain;
    }
    const [first, one, two, three] = cut;
    if (!first || !one || !two || !three) throw new Error("four");
    const waitingIn = (...parts: readonly Uint8Array[]) =>
      readOutbox(Buffer.concat(parts))?.waiting.map(({ sequence }) => sequence);
    expect(waitingIn(first, one, two, three)).toEqual([1, 2, 3]);
    expect(waitingIn(first, one, three)).toEqual([1]);
    expect(waitingIn(first, one, one, two)).toEqual([1]);
    expect(waitingIn(first, two, one)).toEqual([]);
    expect(waitingIn(one, two)).toBeUndefined();
  });

  it("gives what stands before any flipped byte, never anything that was not written", () => {
    fc.assert(
      fc.property(fc.nat(THREE.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(THREE.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const image = readOutbox(bytes);
        for (const each of image?.waiting ?? []) expect({ kind: "command", ...each }).toEqual(command(each.sequence));
        expect(image === undefined || image.lostBytes > 0).toBe(true);
      }),
    );
  });

  it("has an answer to any bytes, whole or cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(THREE.bytes.length), (bytes, length) => {
        readOutbox(bytes);
        readOutbox(Buffer.concat([THREE.bytes.subarray(0, length), bytes]));
      }),
      { numRuns: 2_000 },
    );
    expect(readOutbox(new Uint8Array())).toBeUndefined();
  });
});

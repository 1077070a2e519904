import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeStatus, encodePut } from "../../bench/raft/etcd-wire.ts";

/** A `StatusResponse` as etcd 3.4 sent it: header, version 3.4.23, sizes, leader, raft index, term and applied index. */
const STATUS = Buffer.from(
  "0a10" +
    "08ac02" +
    "10ffffffffffffffffff01" +
    "1807" +
    "1206332e342e3233" +
    "188080" +
    "01" +
    "20ffffffffffffffffff01" +
    "2809" +
    "3002" +
    "3808",
  "hex",
);

describe("etcd's messages", () => {
  it("say the key and the value of a put, each behind its length", () => {
    const bytes = encodePut({ key: "k", value: Buffer.alloc(200, "v") });
    expect(bytes.toString("latin1")).toBe(`\x0a\x01k\x12\xc8\x01${"v".repeat(200)}`);
  });

  it("tell member and leader to the last of 64 bits", () => {
    expect(decodeStatus(STATUS)).toEqual({ member: 2n ** 64n - 1n, leader: 2n ** 64n - 1n, term: 2, appliedIndex: 8 });
  });

  it("are refused with a RangeError when they are no messages, whatever they are", () => {
    const refusals = (bytes: Uint8Array): unknown => {
      try {
        return decodeStatus(Buffer.from(bytes)).member >= 0n;
      } catch (error) {
        return error instanceof RangeError;
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => refusals(bytes) === true));
    for (let end = 1; end < STATUS.length; end += 1) expect(refusals(STATUS.subarray(0, end))).toBe(true);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ActorError, isActorError } from "../../../src/errors.ts";
import { decodeHello, decodeRefused, decodeTerminated, decodeWatched } from "../../../src/remoting/wire/control.ts";
import { decodeOffer, decodeTell, encodeTell, messageIn } from "../../../src/remoting/wire/data.ts";
import { errorOf, failureOf } from "../../../src/remoting/wire/failure.ts";
import { HEADER_BYTES, KIND, readHeader, stamp, WIRE_VERSION, writeHeader } from "../../../src/remoting/wire/header.ts";
import { packBehind } from "../../../src/remoting/wire/values.ts";
import {
  CONTROL,
  isRemote,
  LARGE,
  MESSAGE,
  offerFrame,
  readOffer,
  readTell,
  REF,
  resolve,
  tellParts,
} from "./samples.ts";
import { STORED } from "./version-1.ts";

function stored(name: keyof typeof STORED): Uint8Array {
  return Buffer.from(STORED[name], "base64");
}

function controlFrame(kind: number, fields: unknown): Uint8Array {
  const { bytes } = packBehind(HEADER_BYTES, fields);
  writeHeader(bytes, kind);
  return bytes;
}

const badMessage = expect.objectContaining({ code: "bad-message" });

describe("frames of version 1", () => {
  it.each(Object.entries(CONTROL))("are read as they were written long ago: %s", (name, { value, decode }) => {
    const frame = stored(name as keyof typeof CONTROL);
    expect(readHeader(frame)).toMatchObject({ version: 1, sequence: 3 });
    expect(decode(frame)).toStrictEqual(value);
  });

  it.each(Object.entries(CONTROL))("are written as they were long ago: %s", (name, sample) => {
    const encode = sample.encode as (value: unknown) => Uint8Array;
    const frame = encode(sample.value);
    stamp(frame, WIRE_VERSION, 3);
    expect(Buffer.from(frame).toString("base64")).toBe(STORED[name as keyof typeof CONTROL]);
  });

  it("with messages are read and written as long ago, references and attachments included", () => {
    const [head, ...attached] = tellParts();
    expect(attached).toStrictEqual([LARGE]);
    expect(Buffer.from(head ?? []).toString("base64")).toBe(STORED.tell);
    const read = readTell(Buffer.concat([stored("tell"), LARGE]));
    expect(read).toMatchObject({
      to: "/a/b#1.2",
      replyTo: "parley://left/$/x.1",
      message: { ...MESSAGE, large: LARGE },
    });
    const { ref } = (read as { message: { ref: unknown } }).message;
    expect(isRemote(ref) && ref.address).toBe(REF);
  });

  it("with offers are read and written as long ago", () => {
    expect(Buffer.from(offerFrame()).toString("base64")).toBe(STORED.offer);
    const expected = { id: 9, settledBelow: 4, ttlMs: 1_500, isAcknowledged: true, to: "/a", message: MESSAGE };
    expect(readOffer(stored("offer"))).toStrictEqual(expected);
  });
});

describe("frames of a newer peer", () => {
  it("may say more than this one understands", () => {
    const hello = { ...CONTROL.hello.value, newestVersion: 9, colour: "blue", more: { deep: [1, 2] } };
    expect(decodeHello(controlFrame(KIND.hello, hello))).toStrictEqual({ ...CONTROL.hello.value, newestVersion: 9 });
    expect(decodeWatched(controlFrame(KIND.watch, { of: "/a", since: 5 }))).toBe("/a");
  });

  it("may have reasons and errors that are unknown here", () => {
    const frame = controlFrame(KIND.terminated, {
      of: "/a",
      reason: "beamed up",
      code: "odd",
      text: "so",
      message: 0,
      bulk: 0,
    });
    expect(decodeTerminated(frame)).toMatchObject({ reason: "failed", failure: { code: "odd" } });
    expect(errorOf({ code: "odd", text: "so" })).toMatchObject({ code: "unsupported", message: "odd: so" });
    expect(errorOf({ code: "toString", text: "so" })).toMatchObject({ code: "unsupported" });
  });
});

describe("errors between hosts", () => {
  it("keep their code and their text", () => {
    const error = new ActorError("mailbox-full", "no room");
    expect(errorOf(failureOf(error))).toStrictEqual(error);
  });

  it("have texts of bounded length", () => {
    expect(failureOf(new ActorError("bad-message", "x".repeat(100_000))).text).toHaveLength(1000);
    expect(errorOf({ code: "bad-message", text: "x".repeat(100_000) }).message).toHaveLength(1000);
  });
});

describe("frames that are no frames", () => {
  it("have no header when they are too short", () => {
    expect(() => readHeader(new Uint8Array(HEADER_BYTES - 1))).toThrow(badMessage);
    expect(readHeader(Uint8Array.of(WIRE_VERSION, 5, 0, 0, 1, 0))).toStrictEqual({
      version: 1,
      kind: 5,
      sequence: 256,
    });
  });

  it("lack fields, or have them of the wrong kind", () => {
    for (const fields of [null, 5, [], {}, { of: 5 }, { of: null }]) {
      expect(() => decodeWatched(controlFrame(KIND.watch, fields))).toThrow(badMessage);
    }
    for (const oldestVersion of [-1, 1.5, "1", NaN, 2n]) {
      const hello = { ...CONTROL.hello.value, oldestVersion };
      expect(() => decodeHello(controlFrame(KIND.hello, hello))).toThrow(badMessage);
    }
    expect(() => decodeRefused(controlFrame(KIND.refused, { to: "/a", replyTo: 7, code: "x", text: "y" }))).toThrow(
      badMessage,
    );
  });

  it("promise more than they hold", () => {
    const whole = Buffer.concat(encodeTell("/a", "", { some: "message" }));
    for (let length = HEADER_BYTES; length < whole.length; length += 1) {
      expect(() => readTell(whole.subarray(0, length))).toThrow(badMessage);
    }
    const offer = offerFrame();
    for (let length = HEADER_BYTES; length < offer.length; length += 1) {
      expect(() => readOffer(offer.subarray(0, length))).toThrow(badMessage);
    }
    expect(() => readTell(Buffer.concat([whole, Buffer.of(0)]))).toThrow(badMessage);
  });

  it("never do more harm than an error, whatever the bytes", () => {
    const seeds = Object.keys(STORED).map((name) => stored(name as keyof typeof STORED));
    const readers = [
      ...Object.values(CONTROL).map(({ decode }) => decode),
      (frame: Uint8Array) => messageIn(decodeTell(frame).payload, resolve),
      (frame: Uint8Array) => messageIn(decodeOffer(frame).payload, resolve),
    ];
    const damaged = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { minLength: 1, maxLength: 6 }))
      .map(([seed, changes]) => {
        const bytes = Uint8Array.from(seed);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        for (const read of readers) {
          try {
            read(bytes);
          } catch (error) {
            if (!isActorError(error, "bad-message", "bad-address")) throw error;
          }
        }
      }),
      { numRuns: 4_000 },
    );
  });
});

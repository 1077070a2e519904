import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  EXIT_CODES,
  EXIT_CODE_BY_ERROR,
  errorOf,
  messageOf,
  PeerError,
  exitCodeOf,
  isPeerError,
} from "../src/errors.ts";

const named = (name: string, fields: object) => Object.assign(new Error("x"), { name, ...fields });

describe("exit codes", () => {
  it("are in the documented table, each once, and each used", () => {
    const codes = EXIT_CODES.map((row) => row.code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(new Set([0, ...Object.values(EXIT_CODE_BY_ERROR)])).toEqual(new Set(codes));
  });

  it("follow the code of every error of the house", () => {
    for (const [code, exit] of Object.entries(EXIT_CODE_BY_ERROR)) {
      for (const name of ["PeerError", "AudioError", "ParleyError"])
        expect(exitCodeOf(named(name, { code }))).toBe(exit);
    }
  });

  it("follow what failed on the peer when it says so", () => {
    expect(exitCodeOf(named("ParleyError", { code: "work-failed", remoteCode: "model-missing" }))).toBe(4);
    expect(exitCodeOf(named("ParleyError", { code: "work-failed", remoteCode: "unheard-of" }))).toBe(1);
  });

  it("are 1 for anything else", () => {
    for (const error of [
      new Error("x"),
      "text",
      undefined,
      null,
      named("Error", { code: "usage" }),
      named("PeerError", { code: "toString" }),
    ]) {
      expect(exitCodeOf(error)).toBe(1);
    }
  });
});

describe("a peer error", () => {
  it("carries what a person needs", () => {
    const error = new PeerError("port-in-use", "m", { nextStep: "n", details: { port: 1 }, cause: 2 });
    expect(error).toMatchObject({
      name: "PeerError",
      code: "port-in-use",
      message: "m",
      nextStep: "n",
      details: { port: 1 },
      cause: 2,
    });
    expect(isPeerError(error)).toBe(true);
    expect(isPeerError(error, "usage", "port-in-use")).toBe(true);
    expect(isPeerError(error, "usage")).toBe(false);
    expect(isPeerError(new Error("x"))).toBe(false);
  });
});

describe("what a thrown value says", () => {
  const event = (type: string, more: object = {}): Event => Object.assign(new Event(type), more);

  it.each([
    [new Error("it broke"), "it broke"],
    ["it broke", "it broke"],
    [event("close"), 'it ended with "close"'],
    [event("close", { error: new Error("the cable") }), "the cable"],
    [event("error", { message: "refused" }), "refused"],
    [event("abort", { reason: "enough" }), "enough"],
    [{ message: "like an error" }, "like an error"],
    [new AggregateError([new Error("one"), event("close"), "three"]), 'one; it ended with "close"; three'],
    [Object.assign(new Error(""), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
    [new TypeError(""), "TypeError"],
    [undefined, "it gave no reason"],
    [null, "it gave no reason"],
    [{ a: 1 }, "{ a: 1 }"],
    [7, "7"],
  ])("is in words for people: %s", (thrown, text) => {
    expect(messageOf(thrown)).toBe(text);
    expect(errorOf(thrown)).toBeInstanceOf(Error);
    if (!(thrown instanceof Error)) expect(errorOf(thrown).message).toBe(text);
  });

  it("always is a sentence, and never how a language writes an object", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withSparseArray: true, withBigInt: true }), (thrown) => {
        const text = messageOf(thrown);
        expect(text).not.toBe("");
        if (typeof thrown === "object") expect(text).not.toContain("[object Object]");
      }),
    );
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(messageOf(circle)).not.toContain("[object");
    const own = new Error("");
    Object.assign(own, { cause: own });
    expect(messageOf(own)).toBe("Error");
    expect(messageOf(event("close", { error: event("close") }))).not.toContain("[object");
  });
});

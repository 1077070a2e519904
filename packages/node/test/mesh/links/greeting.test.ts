import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPeerError } from "../../../src/errors.ts";
import { decodeLinkFrame, encodeEcho, encodeGreeting, type Greeting } from "../../../src/mesh/links/greeting.ts";

const hello: Greeting = {
  say: "hello",
  version: 1,
  link: "l",
  kind: "bulk",
  incarnation: "i",
  lost: "k",
  addresses: ["/ip4/10.0.0.1/tcp/4001"],
};

describe("what peers say on a link", () => {
  it("is read back as it was said", () => {
    const { lost: _, ...first } = hello;
    for (const greeting of [
      hello,
      first,
      { say: "welcome", incarnation: "j", addresses: [] },
      { say: "decline", reason: "another" },
    ] satisfies Greeting[]) {
      expect(decodeLinkFrame(encodeGreeting(greeting))).toEqual(greeting);
    }
    for (const type of ["ping", "pong"] as const) {
      const echo = { type, sequence: 0xffff_fffe, roundTripMs: 0.25 };
      expect(decodeLinkFrame(encodeEcho(echo))).toEqual(echo);
    }
  });

  it.each([
    ["a version of none", { ...hello, version: "one" }],
    ["another kind", { ...hello, kind: "third" }],
    ["too many addresses", { ...hello, addresses: Array.from({ length: 17 }, () => "/ip4/10.0.0.1/tcp/1") }],
    ["too long an id", { ...hello, link: "x".repeat(65) }],
    ["something more", { ...hello, standing: "member" }],
  ])("is refused with %s", (_name, said) => {
    expect(() => decodeLinkFrame(encodeGreeting(said as Greeting))).toThrow(
      expect.objectContaining({ code: "bad-frame" }),
    );
  });

  it("is refused, and nothing worse, for any other bytes", () => {
    const bytes = encodeGreeting(hello);
    const changed = fc
      .tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(bytes.length))
      .map(([at, by, end]) => Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ by : byte)).subarray(0, end));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), (frame) => {
        try {
          const said = decodeLinkFrame(frame);
          expect("say" in said ? said.say : said.type).toMatch(/^(hello|welcome|decline|ping|pong)$/);
        } catch (error) {
          expect(isPeerError(error, "bad-frame")).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

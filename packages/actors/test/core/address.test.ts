import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress, isActorName, parseAddress } from "../../src/core/address.ts";
import { isActorError } from "../../src/errors.ts";

const peer = fc.stringMatching(/^[\w.-]{1,20}$/);
const name = fc.string({ unit: "binary", minLength: 1, maxLength: 30 }).filter(isActorName);
const incarnation = fc.stringMatching(/^[0-9a-z]{1,8}\.[0-9a-z]{1,4}$/);

describe("addresses", () => {
  test("any address survives its text form", () => {
    fc.assert(
      fc.property(peer, fc.array(name, { minLength: 1, maxLength: 5 }), fc.option(incarnation), (peer, path, life) => {
        const address = life === null ? { peer, path } : { peer, path, incarnation: life };
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });

  test("whatever is no address is refused with a typed error, and what is taken is its own text form", () => {
    const almost = fc
      .tuple(fc.constantFrom("parley://", "parley:/", ""), fc.string({ unit: "binary" }))
      .map((x) => x.join(""));
    const pieces = fc.array(fc.constantFrom("parley://", "a", "/", "#", "%2F", "%", ".", "\u0000", "é", "b.1"), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          almost,
          pieces.map((x) => x.join("")),
        ),
        (text) => {
          try {
            expect(formatAddress(parseAddress(text))).toBe(text);
          } catch (error) {
            if (!isActorError(error, "bad-address")) throw error;
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["http://a/b"],
    ["parley://a"],
    ["parley://a/"],
    ["parley:///b"],
    ["parley://a b/c"],
    ["parley://a/b#"],
    ["parley://a/b#c#d"],
    ["parley://a/%ff"],
    ["parley://a/%61"],
    ["parley://a/b//c"],
    [`parley://a/${"x".repeat(5000)}`],
  ])("%s is refused", (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "bad-address" }));
  });
});

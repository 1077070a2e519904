import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPeerError } from "../../../../src/errors.ts";
import { decodeWelcome, encodeWelcome } from "../../../../src/cluster/host/joining/welcome.ts";
import { MAX_WELCOME_BYTES } from "../../../../src/mesh/door/protocol/messages.ts";

const member = fc.record({
  peer: fc.string({ minLength: 1, maxLength: 60 }),
  node: fc.integer({ min: 1, max: 1_000 }),
  name: fc.string({ maxLength: 40 }),
  addresses: fc.array(fc.string({ maxLength: 100 }), { maxLength: 8 }),
});
const welcome = fc.record({
  cluster: fc.string({ minLength: 1, maxLength: 64 }),
  node: fc.integer({ min: 1, max: 1_000 }),
  index: fc.nat(),
  members: fc.array(member, { maxLength: 20 }),
});

describe("a welcome", () => {
  it("says the same when it is read again", () => {
    fc.assert(
      fc.property(welcome, (said) => {
        const bytes = encodeWelcome(said);
        const heard = decodeWelcome(bytes);
        const kept = heard.members.length;
        expect(heard).toEqual({ ...said, members: said.members.slice(0, kept) });
      }),
    );
  });

  it("fits its frame, and keeps the members that matter most, however many there are", () => {
    const members = Array.from({ length: 256 }, (_, i) => ({
      peer: `peer-${i}`.padEnd(52, "x"),
      node: i + 1,
      name: "a member",
      addresses: Array.from({ length: 16 }, () => "/ip4/192.168.100.100/tcp/8766"),
    }));
    const bytes = encodeWelcome({ cluster: "c", node: 257, index: 1, members });
    expect(bytes.length).toBeLessThanOrEqual(MAX_WELCOME_BYTES);
    const heard = decodeWelcome(bytes).members.map(({ node }) => node);
    expect(heard.length).toBeGreaterThan(20);
    expect(heard).toEqual(members.slice(0, heard.length).map(({ node }) => node));
  });

  it("is refused when it is anything else, whatever the bytes", () => {
    const good = encodeWelcome({ cluster: "c", node: 2, index: 9, members: [] });
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
        const bytes = Uint8Array.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(broken, (bytes) => {
        try {
          expect(decodeWelcome(bytes).node).toBeGreaterThan(0);
        } catch (error) {
          expect(isPeerError(error, "bad-frame")).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

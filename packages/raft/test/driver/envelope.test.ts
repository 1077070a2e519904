import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commandEnvelope, nameBytes, openSessionEnvelope, readEnvelope, readName } from "../../src/driver/envelope.ts";
import { isRaftError } from "../../src/index.ts";

const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const name = fc.record({ origin: whole, number: whole });
const tag = fc.record({ session: whole, sequence: whole, acknowledged: whole });

describe("an envelope", () => {
  it("gives back what was put in", () => {
    fc.assert(
      fc.property(
        name,
        fc.uint8Array({ maxLength: 300 }),
        fc.option(tag, { nil: undefined }),
        (n, command, session) => {
          const read = readEnvelope(commandEnvelope(n, command, session));
          expect(read).toEqual({ ...n, kind: "command", session, command });
        },
      ),
    );
    fc.assert(
      fc.property(name, whole, (n, limit) => {
        expect(readEnvelope(openSessionEnvelope(n, limit))).toEqual({ ...n, kind: "open-session", limit });
        expect(readName(nameBytes(n))).toEqual(n);
      }),
    );
  });

  it("reads bytes that lie anywhere in a larger buffer", () => {
    const bytes = commandEnvelope({ origin: 7, number: 8 }, Uint8Array.of(1, 2, 3), undefined);
    const large = new Uint8Array(bytes.length + 5);
    large.set(bytes, 3);
    expect(readEnvelope(large.subarray(3, 3 + bytes.length))).toMatchObject({ origin: 7, number: 8 });
  });

  it("is refused by its format when it is garbage, and never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          expect(["command", "open-session"]).toContain(readEnvelope(bytes).kind);
        } catch (error) {
          expect(isRaftError(error, "unknown-format")).toBe(true);
        }
      }),
    );
  });
});

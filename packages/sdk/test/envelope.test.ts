import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMessage, parseMessage } from "../src/index.ts";

const register = createMessage(
  "REGISTER",
  { clientId: "kitchen", authToken: "t", clientType: "api" },
  { from: "kitchen" },
);

describe("a message", () => {
  it("comes back as it was made", () => {
    expect(parseMessage(JSON.stringify(register))).toEqual({ ok: true, message: register });
  });

  it.each(["messageId", "version", "type", "source", "timestamp", "payload"])("without %s is refused", (field) => {
    const { [field as keyof typeof register]: _left, ...rest } = register;
    expect(parseMessage(JSON.stringify(rest))).toMatchObject({ ok: false, reason: expect.stringContaining(field) });
  });

  it.each([
    ["an unknown type", { type: "SHOUT" }, "type"],
    ["an id that is no UUID", { messageId: "7" }, "messageId"],
    ["an id that is a UUID of another version", { messageId: "0190a8c0-0000-7000-8000-000000000000" }, "messageId"],
    ["two targets", { target: { clientId: "attic", group: "lamps" } }, "target"],
    ["a target that is nobody", { target: { all: false } }, "target"],
    ["a source without a name", { source: { clientId: "" } }, "source.clientId"],
    ["a priority out of range", { priority: 11 }, "priority"],
    ["a version that is none", { version: "one" }, "version"],
  ])("with %s is refused and told where", (_name, change, where) => {
    expect(parseMessage(JSON.stringify({ ...register, ...change }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining(where),
    });
  });

  it("that is broken still gives its id, so that the answer can name it", () => {
    expect(parseMessage(JSON.stringify({ ...register, payload: {} }))).toMatchObject({
      ok: false,
      messageId: register.messageId,
    });
  });

  it.each([{ clientId: "attic" }, { group: "lamps" }, { channel: "news" }, { all: true }] as const)(
    "may be for %o",
    (target) => {
      const message = createMessage("MESSAGE", { content: "hi" }, { from: "kitchen", target, priority: 9 });
      expect(parseMessage(JSON.stringify(message))).toEqual({ ok: true, message });
    },
  );

  it("never makes the reader throw, whatever text comes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseMessage(text).ok).toBe(false);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkMessage, SERVER_ID, type Message } from "@parley/sdk";
import { Dialect } from "../../../src/gateway/dialect/dialect.ts";
import { fromFlat, toFlat } from "../../../src/gateway/dialect/flat.ts";
import { anyMessage, messageTypes } from "./messages.ts";

/** Nothing may have to be filled in. */
const nothing = {
  clientId: undefined,
  newId: () => "an id was made up",
  nowMs: () => Number.NaN,
};

function throughFlat(message: Message): unknown {
  const text = JSON.stringify(toFlat(message));
  const checked = checkMessage(fromFlat(JSON.parse(text) as Record<string, unknown>, nothing));
  return checked.ok ? checked.message : checked.reason;
}

/** No actions, and a list without any, are the same in an answer. */
function withoutEmptyActions(message: Message): Message {
  if (message.type !== "MESSAGE" || message.source.clientId !== SERVER_ID) return message;
  const { actions = [], ...payload } = message.payload;
  return { ...message, payload: actions.length === 0 ? payload : { ...payload, actions } };
}

describe("an envelope", () => {
  it.each(messageTypes)("of type %s comes back from its flat form as it was", (type) => {
    fc.assert(
      fc.property(anyMessage(type), fc.boolean(), (any, isFromPeer) => {
        const clientId = isFromPeer ? SERVER_ID : any.source.clientId;
        const message: Message = { ...any, source: { ...any.source, clientId } };
        expect(throughFlat(message)).toEqual(withoutEmptyActions(message));
      }),
      { numRuns: 60 },
    );
  });

  it("has a flat form on one level, in snake_case, with its type in small letters", () => {
    fc.assert(
      fc.property(anyMessage(), (message) => {
        const { type, ...fields } = toFlat(message);
        expect(type).toMatch(/^[a-z_]+$/);
        for (const name of Object.keys(fields)) expect(name).toMatch(/^[a-z0-9_]+$/);
        expect(fields).not.toHaveProperty("payload");
      }),
      { numRuns: 100 },
    );
  });

  it("of a piece of an answer is a chunk: content, then metadata", () => {
    const about = { messageId: crypto.randomUUID(), version: "1.0", source: { clientId: SERVER_ID }, timestamp: 5 };
    const content = { eventType: "content", eventData: { content: "It is" }, timestamp: 5 };
    const metadata = { eventType: "metadata", eventData: { totalMs: 7 }, timestamp: 6 };
    expect(toFlat({ ...about, type: "EVENT", payload: content })).toMatchObject({ type: "content", content: "It is" });
    expect(toFlat({ ...about, type: "EVENT", payload: metadata })).toMatchObject({
      type: "metadata",
      metadata: { totalMs: 7 },
      payload_timestamp: 6,
    });
  });
});

describe("a connection's dialect", () => {
  it.each([
    ["envelope", { type: "REGISTER" }],
    ["envelope", { type: "anything", payload: {} }],
    ["flat", { type: "register", client_id: "a" }],
    ["flat", { type: "message", text: "hi" }],
    [undefined, {}],
    [undefined, [1]],
    [undefined, { type: 7 }],
  ])("is %s where %j comes first", (name, first) => {
    const dialect = new Dialect();
    dialect.read(JSON.stringify(first));
    expect(dialect.name).toBe(name);
  });

  it("is not changed by what comes later", () => {
    const dialect = new Dialect();
    dialect.read(JSON.stringify({ type: "register", client_id: "a", client_type: "web" }));
    expect(dialect.read(JSON.stringify({ type: "REGISTER", payload: {} }))).toMatchObject({ kind: "wrong" });
    expect(dialect.name).toBe("flat");
  });

  it("fills in what a flat client leaves out, and says what is wrong by the names that it uses", () => {
    const dialect = new Dialect(() => 77);
    dialect.read(JSON.stringify({ type: "register", client_id: "tablet", client_type: "web" }));
    expect(dialect.read(JSON.stringify({ type: "message", text: "hi", to: "lamp" }))).toMatchObject({
      kind: "message",
      message: {
        type: "MESSAGE",
        source: { clientId: "tablet" },
        target: { clientId: "lamp" },
        timestamp: 77,
        payload: { content: "hi" },
      },
    });
    expect(dialect.read(JSON.stringify({ type: "message" }))).toMatchObject({
      reason: expect.stringMatching(/^text: /),
    });
    expect(dialect.read(JSON.stringify({ type: "query", query_type: 5 }))).toMatchObject({
      reason: expect.stringMatching(/^query_type: /),
    });
    expect(dialect.read(JSON.stringify({ type: "message", text: "hi", to: "a", to_all: true }))).toMatchObject({
      reason: expect.stringMatching(/^target: /),
    });
  });

  it("takes the id of a message_ack for that of the message that was handled", () => {
    const dialect = new Dialect();
    dialect.read(JSON.stringify({ type: "register", client_id: "tablet", client_type: "web" }));
    const handled = crypto.randomUUID();
    expect(dialect.read(JSON.stringify({ type: "message_ack", message_id: handled, success: true }))).toMatchObject({
      message: { type: "MESSAGE_ACK", payload: { messageId: handled, success: true } },
    });
  });

  it("takes a wrapped message for what it is", () => {
    const wrapped = { type: "encrypted_message", sessionId: "s", data: "AAAA" };
    expect(new Dialect().read(JSON.stringify(wrapped))).toEqual({ kind: "encrypted" });
  });

  it("never throws, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.json()), { maxLength: 5 }), (texts) => {
        const dialect = new Dialect();
        for (const text of texts) expect(["wrong", "message", "encrypted"]).toContain(dialect.read(text).kind);
      }),
    );
  });
});

import path from "node:path";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { checkMessage, SERVER_ID } from "@parley/sdk";
import { fromFlat, toFlat } from "../../../src/gateway/dialect/flat.ts";

const golden = path.join(import.meta.dirname, "golden");
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const AT = 1_700_000_000_000;
const filling = { clientId: "tablet", newId: () => id(1), nowMs: () => AT };

/** What clients of the flat dialect send. */
const sent: Readonly<Record<string, Record<string, unknown>>> = {
  register: { type: "register", client_id: "tablet", auth_token: "t0ken", client_type: "web" },
  "register with all": {
    type: "register",
    client_id: "tablet",
    resume_token: "r3sume",
    client_type: "bridge",
    capabilities: { supports_streaming: true, max_message_size: 65_536, features: ["ack"] },
    metadata: { userAgent: "Pad/1", platform: "mobile" },
    groups: ["lamps"],
    channels: ["news"],
  },
  heartbeat: { type: "heartbeat", status: "idle" },
  "message to the assistant": { type: "message", text: "What time is it?" },
  "message to a client": {
    type: "message",
    text: "Come!",
    to: "phone",
    message_id: id(2),
    priority: 9,
    thread_id: "th-1",
  },
  "message with a file": {
    type: "message",
    text: "Look",
    to_group: "lamps",
    content_type: "text/markdown",
    attachments: [{ name: "a.txt", mime_type: "text/plain", base64: "aGk=", size: 2 }],
  },
  command: {
    type: "command",
    command: "inject_text",
    parameters: { text: "hi", dryRun: true },
    to: "page",
    requires_ack: true,
  },
  command_result: { type: "command_result", command_id: id(3), success: true, result: { line_count: 4 } },
  query: { type: "query", query_type: "recall_memory", query: "colour", limit: 5, include_context: false },
  response: {
    type: "response",
    query_id: id(4),
    success: false,
    processing_time: 3,
    error: { code: "x", message: "m", next_step: "n" },
  },
  event: { type: "event", event_type: "moved", event_data: { toRoom: "attic" }, to: "phone" },
  broadcast: { type: "broadcast", channel: "news", content: "Tea!", metadata: { k: 1 }, to_all: true },
  message_ack: { type: "message_ack", payload_message_id: id(5), success: true },
};

/** What a peer says. */
const told: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  register_ack: {
    type: "REGISTER_ACK",
    payload: {
      success: true,
      sessionId: "s-1",
      serverInfo: {
        peerId: "p",
        name: "attic",
        version: "1",
        capabilities: { streaming: true, binary: true, groups: true },
      },
    },
  },
  heartbeat_ack: { type: "HEARTBEAT_ACK", payload: { timestamp: 5, serverTime: AT } },
  answer: { type: "MESSAGE", inReplyTo: id(2), payload: { content: "It is ten.", contentType: "text/plain" } },
  "answer with an action": {
    type: "MESSAGE",
    payload: { content: "Here it is.", actions: [{ type: "show_image", imageUrl: "poster.jpg" }] },
  },
  content: { type: "EVENT", payload: { eventType: "content", eventData: { content: "It is " }, timestamp: AT } },
  metadata: { type: "EVENT", payload: { eventType: "metadata", eventData: { totalMs: 12 }, timestamp: AT } },
  delivered: {
    type: "EVENT",
    inReplyTo: id(2),
    payload: {
      eventType: "message_delivered",
      eventData: { messageId: id(2), clientId: "phone", attempts: 1, deliveredAt: AT },
      timestamp: AT,
    },
  },
  response: {
    type: "RESPONSE",
    payload: { queryId: id(4), success: true, data: [{ nodeId: "p" }], processingTime: 2, sources: [{ peer_id: "p" }] },
  },
  error: {
    type: "ERROR",
    inReplyTo: id(2),
    payload: {
      errorCode: "TARGET_NOT_FOUND",
      errorMessage: "nobody",
      retryable: false,
      details: { clientId: "phone" },
    },
  },
};

async function page(value: unknown): Promise<string> {
  return format(JSON.stringify(value), { parser: "json", printWidth: 120 });
}

describe("the bridge between the dialects", () => {
  it("makes these envelopes of what flat clients send", async () => {
    const pairs = Object.entries(sent).map(([name, flat]) => {
      const checked = checkMessage(fromFlat(flat, filling));
      return [name, { flat, envelope: checked.ok ? checked.message : checked.reason }] as const;
    });
    for (const [, { envelope }] of pairs) expect(envelope).toBeTypeOf("object");
    await expect(await page(Object.fromEntries(pairs))).toMatchFileSnapshot(path.join(golden, "client-to-peer.json"));
  });

  it("tells flat clients what peers say in these words", async () => {
    const pairs = Object.entries(told).map(([name, body]) => {
      const head = {
        messageId: id(9),
        version: "1.0",
        timestamp: AT,
        source: { clientId: SERVER_ID, sessionId: "s-1" },
      };
      const checked = checkMessage({ ...head, ...body });
      if (!checked.ok) throw new Error(`${name}: ${checked.reason}`);
      return [name, { envelope: checked.message, flat: toFlat(checked.message) }] as const;
    });
    await expect(await page(Object.fromEntries(pairs))).toMatchFileSnapshot(path.join(golden, "peer-to-client.json"));
  });
});

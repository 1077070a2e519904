import { describe, expect, it, onTestFinished } from "vitest";
import { nodeDetailsSchema, nodeSummarySchema, type Message } from "@parley/sdk";
import { managed, TOKEN } from "../management/managed.ts";
import { createPeer, eventually, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../../support.ts";
import { Raw } from "./raw.ts";

const eventTypes = (raw: Raw, inReplyTo: string): readonly string[] =>
  raw.messages.flatMap((each) =>
    each.type === "EVENT" && each.inReplyTo === inReplyTo ? [each.payload.eventType] : [],
  );

/** A peer that answers at once. */
async function peerThatSays(reply: string): Promise<Peer> {
  const { path, remove } = await temporaryFolder();
  const peer = await createPeer({
    config: testConfig(path),
    sources: fixedDelaySources({ llmMs: 1, tokenMs: 1, replies: [reply] }),
  });
  onTestFinished(async () => {
    await peer.close();
    await remove();
  });
  return peer;
}

describe("a client in envelopes", () => {
  it("is answered to what concerns its session", async () => {
    const { gateway } = await managed();
    const raw = await Raw.registered(gateway.url, TOKEN, "anna");
    const ack = await raw.next("REGISTER_ACK");
    expect(ack.payload).toMatchObject({
      success: true,
      sessionTimeoutMs: 3_600_000,
      serverInfo: { capabilities: { streaming: true, binary: true, groups: true } },
    });
    const beat = raw.say("HEARTBEAT", { timestamp: 7, status: "active" });
    expect((await raw.next("HEARTBEAT_ACK", beat)).payload).toMatchObject({
      timestamp: 7,
      serverTime: expect.any(Number),
    });
    const joined = raw.say("COMMAND", { command: "join", parameters: { groups: ["lamps"], channels: ["news"] } });
    expect((await raw.next("COMMAND_RESULT", joined)).payload).toEqual({
      commandId: joined,
      success: true,
      result: { groups: ["lamps"], channels: ["news"] },
    });
    const left = raw.say("COMMAND", { command: "leave", parameters: { groups: ["lamps"] } });
    expect((await raw.next("COMMAND_RESULT", left)).payload.result).toEqual({ groups: [], channels: ["news"] });
  });

  it("asks which peers there are, and of one all that is known", async () => {
    const { gateway, cluster } = await managed();
    const raw = await Raw.registered(gateway.url, TOKEN, "anna");
    const nodes = (await raw.next("RESPONSE", raw.say("QUERY", { queryType: "get_active_nodes" }))).payload;
    expect(nodes).toMatchObject({ success: true, processingTime: expect.any(Number) });
    const [node] = nodes.data as readonly unknown[];
    expect(nodeSummarySchema.parse(node)).toMatchObject({ nodeId: cluster.peerId, status: "online", isSelf: true });
    const details = raw.say("QUERY", { queryType: "get_node_details", query: "attic" });
    expect(nodeDetailsSchema.parse((await raw.next("RESPONSE", details)).payload.data).name).toBe("attic");
    const nobody = raw.say("QUERY", { queryType: "get_node_details", query: "nobody" });
    expect((await raw.next("RESPONSE", nobody)).payload).toMatchObject({
      success: false,
      error: { code: "no-such-peer" },
    });
    const status = raw.say("QUERY", { queryType: "get_status" });
    expect((await raw.next("RESPONSE", status)).payload.data).toMatchObject({ peerId: cluster.peerId });
    expect(await raw.error(raw.say("QUERY", { queryType: "guess" }))).toBe("INVALID_MESSAGE");
  });

  it("writes to another, which acknowledges, asks and commands it, and hears of each what became of it", async () => {
    const { gateway } = await managed();
    const anna = await Raw.registered(gateway.url, TOKEN, "anna");
    const bert = await Raw.registered(gateway.url, TOKEN, "bert", { capabilities: { features: ["ack"] } });
    const said = anna.say("MESSAGE", { content: "hi" }, { target: { clientId: "bert" } });
    await bert.next("MESSAGE");
    await anna.settle();
    expect(eventTypes(anna, said)).toEqual([]);
    bert.say("MESSAGE_ACK", { messageId: said, success: true });
    await eventually(() => eventTypes(anna, said)).toEqual(["message_delivered"]);
    const refused = anna.say("MESSAGE", { content: "no" }, { target: { clientId: "bert" } });
    await eventually(() => bert.messages.some(({ messageId }) => messageId === refused)).toBe(true);
    const error = { code: "busy", message: "not now", nextStep: "Wait." };
    bert.say("MESSAGE_ACK", { messageId: refused, success: false, error });
    await eventually(() => eventTypes(anna, refused)).toEqual(["message_failed"]);

    const asked = anna.say("QUERY", { queryType: "colour" }, { target: { clientId: "bert" } });
    await bert.next("QUERY");
    bert.say("RESPONSE", { queryId: asked, success: true, data: "blue", processingTime: 1 }, { inReplyTo: asked });
    expect((await anna.next("RESPONSE", asked)).payload.data).toBe("blue");
    const told = anna.say(
      "COMMAND",
      { command: "inject_text", parameters: { text: "x" } },
      { target: { clientId: "bert" } },
    );
    await bert.next("COMMAND");
    const result = { commandId: told, success: true, result: { characters: 1 } };
    bert.say("COMMAND_RESULT", result, { inReplyTo: told, target: { clientId: "anna" } });
    expect((await anna.next("COMMAND_RESULT", told)).payload).toEqual(result);

    const status = anna.say("QUERY", { queryType: "get_message_status", query: refused });
    expect((await anna.next("RESPONSE", status)).payload.data).toEqual([
      {
        messageId: refused,
        type: "MESSAGE",
        clientId: "bert",
        status: "FAILED",
        attempts: 1,
        failureReason: "not now",
      },
    ]);
    const notOwn = bert.say("QUERY", { queryType: "get_message_status", query: refused });
    expect((await bert.next("RESPONSE", notOwn)).payload.data).toEqual([]);
  });

  it("asks the assistant by a message, and is answered whole, or piece by piece before", async () => {
    const peer = await peerThatSays("It is ten. Good night.");
    const whole = await Raw.registered(peer.url, peer.token, "anna");
    const pieces = await Raw.registered(peer.url, peer.token, "bert", { capabilities: { supportsStreaming: true } });
    const first = whole.say("MESSAGE", { content: "What time is it?", threadId: "t-1" });
    expect((await whole.next("MESSAGE", first)).payload).toEqual({
      content: "It is ten. Good night.",
      contentType: "text/plain",
      threadId: "t-1",
    });
    expect(eventTypes(whole, first)).toEqual([]);
    const second = pieces.say("MESSAGE", { content: "What time is it?" });
    const answer = await pieces.next("MESSAGE", second);
    const types = eventTypes(pieces, second);
    expect(types.at(-1)).toBe("metadata");
    expect(new Set(types.slice(0, -1))).toEqual(new Set(["content"]));
    const text = pieces.messages.map((each) => contentOf(each)).join("");
    expect(text).toBe(answer.payload.content);
    expect(pieces.messages.at(-1)?.type).toBe("MESSAGE");
    expect(await whole.error(whole.say("MESSAGE", { content: "  " }))).toBe("INVALID_MESSAGE");
  });

  it("shows in who is connected, with the states of its session", async () => {
    const { gateway, ask, cluster } = await managed();
    const raw = await Raw.registered(gateway.url, TOKEN, "anna", { clientType: "web", channels: ["news"] });
    raw.say("HEARTBEAT", { timestamp: 1, status: "idle" });
    await raw.next("HEARTBEAT_ACK");
    const { sessionId } = (await raw.next("REGISTER_ACK")).payload;
    expect((await ask("GET", "/clients/connected")).body).toMatchObject({
      clients: [
        { peer: cluster.peerId, clientId: "anna", sessionId, clientType: "web", groups: [], channels: ["news"] },
      ],
    });
    expect((await ask("GET", "/sessions")).body).toMatchObject({
      sessions: [{ sessionId, clientId: "anna", state: "IDLE", since: { CONNECTING: expect.any(Number) } }],
    });
    raw.socket.close(1000, "good night");
    await raw.closed;
    await expect
      .poll(async () => (await ask("GET", "/sessions")).body)
      .toMatchObject({ sessions: [{ sessionId, state: "DISCONNECTED", reason: "good night" }] });
    expect((await ask("GET", "/clients/connected")).body).toEqual({ clients: [] });
  });
});

describe("a client in the flat dialect", () => {
  it("registers, beats, asks, and is answered in kind, with chunks and an assistant_message", async () => {
    const peer = await peerThatSays("It is ten.");
    const raw = await Raw.open(peer.url, "tablet");
    const capabilities = { supports_streaming: true };
    raw.send({ type: "register", client_id: "tablet", auth_token: peer.token, client_type: "web", capabilities });
    raw.send({ type: "heartbeat", status: "active", timestamp: 5 });
    raw.send({ type: "query", query_type: "get_active_nodes" });
    raw.send({ type: "message", text: "What time is it?", thread_id: "t-9" });
    await eventually(() => raw.flat.at(-1)?.["type"]).toBe("assistant_message");
    const types = raw.flat.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(["register_ack", "heartbeat_ack", "response"]);
    expect(new Set(types.slice(3, -2))).toEqual(new Set(["content"]));
    expect(types.at(-2)).toBe("metadata");
    expect(raw.flat.at(-1)).toMatchObject({ text: "It is ten.", actions: [], thread_id: "t-9" });
    expect(raw.flat[0]).toMatchObject({
      success: true,
      session_id: expect.any(String),
      server_info: { peer_id: expect.any(String) },
    });
    expect(raw.flat[1]).toMatchObject({ payload_timestamp: 5 });
    expect(raw.flat[2]).toMatchObject({ success: true, data: [{ isSelf: true }], processing_time: expect.any(Number) });
  });

  it("is told in its own words what is wrong, and may go on", async () => {
    const { gateway } = await managed();
    const raw = await Raw.open(gateway.url, "tablet");
    raw.send({ type: "register", client_id: "tablet", auth_token: TOKEN, client_type: "web" });
    raw.send({ type: "message" });
    raw.send({ type: "message", text: "hi", to: "nobody" });
    await eventually(() => raw.flat.length).toBe(3);
    expect(raw.flat.slice(1)).toMatchObject([
      {
        type: "error",
        error_code: "INVALID_MESSAGE",
        error_message: expect.stringMatching(/^text: /),
        retryable: false,
      },
      { type: "error", error_code: "TARGET_NOT_FOUND", retryable: false },
    ]);
    expect(raw.socket.readyState).toBe(raw.socket.OPEN);
  });

  it("writes to a client in envelopes, and is written to by it", async () => {
    const { gateway } = await managed();
    const tablet = await Raw.open(gateway.url, "tablet");
    tablet.send({ type: "register", client_id: "tablet", auth_token: TOKEN, client_type: "web" });
    await eventually(() => tablet.flat.length).toBe(1);
    const anna = await Raw.registered(gateway.url, TOKEN, "anna");
    tablet.send({ type: "message", text: "hello", to: "anna", priority: 7 });
    expect(await anna.next("MESSAGE")).toMatchObject({
      source: { clientId: "tablet" },
      target: { clientId: "anna" },
      priority: 7,
      payload: { content: "hello" },
    });
    anna.say("MESSAGE", { content: "welcome" }, { target: { clientId: "tablet" } });
    await eventually(() => tablet.flat.find(({ type }) => type === "message")).toMatchObject({
      text: "welcome",
      client_id: "anna",
      to: "tablet",
    });
    await eventually(() => tablet.flat.find(({ type }) => type === "event")).toMatchObject({
      event_type: "message_delivered",
      event_data: { clientId: "anna", attempts: 1 },
    });
  });
});

function contentOf(message: Message): string {
  if (message.type !== "EVENT" || message.payload.eventType !== "content") return "";
  const { content } = message.payload.eventData;
  return typeof content === "string" ? content : "";
}

/** What any client may expect of any peer: one list of cases, run against peers of every kind, and against what stands in front of them. */
import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { whiteNoise, withRms } from "@parley/audio/testing";
import { LiveMicrophone, LiveSpeaker, TalkListener } from "@parley/node/testing";
import { connect, type ConnectOptions, type IncomingMessage, type ParleyClient, type TurnEvent } from "@parley/sdk";

/** What the house's engines say. */
export const REPLY = "The kettle is on. The cat is out.";
/** What its recogniser reads in any sound. */
export const HEARD = "what time is it";

/** Where clients come in. */
export interface Door {
  /** Such as `ws://127.0.0.1:8765/ws`. */
  readonly url: string;
  /** Another peer of the same house. */
  readonly otherUrl: string;
  /** Peers of the house. */
  readonly peers: number;
  /** A new client of that role: its token, good at every peer. */
  newClient(name: string, role: string, groups?: readonly string[]): Promise<string>;
}

const SPEECH = withRms(whiteNoise(16_000, 3), 0.05);
const QUIET = new Float32Array(16_000);
const PATIENCE_MS = 20_000;

async function* spoken(): AsyncGenerator<Float32Array> {
  yield SPEECH;
  yield QUIET;
}

const fresh = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`;

/** All that a piece of work gave. */
async function given(events: AsyncIterable<TurnEvent>): Promise<{ text: string; question: string; samples: number }> {
  const all = { text: "", question: "", samples: 0 };
  for await (const event of events) {
    if (event.type === "text") all.text += event.delta;
    if (event.type === "question") all.question = event.text;
    if (event.type === "audio") all.samples += event.samples.length;
  }
  return all;
}

function heardBy(client: ParleyClient): IncomingMessage[] {
  const heard: IncomingMessage[] = [];
  client.onMessage((message) => void heard.push(message));
  return heard;
}

const contents = (heard: readonly IncomingMessage[]): readonly string[] => heard.map(({ content }) => content);

/** Registers the cases. `door` is asked for in each. */
export function clientSuite(door: () => Door): void {
  /** A client of the house's own, at one peer alone unless `options` says otherwise. */
  const enter = async (options: Partial<ConnectOptions> & { readonly role?: string } = {}): Promise<ParleyClient> => {
    const { role = "member", ...rest } = options;
    const name = fresh("client");
    const token = rest.token ?? (await door().newClient(name, role, ["family"]));
    const client = await connect({ url: door().url, clientId: name, reconnect: false, ...rest, token });
    onTestFinished(() => client.close());
    return client;
  };
  const poll = { timeout: PATIENCE_MS };

  it("lets nobody in without a token that holds", async () => {
    const refused = connect({ url: door().url, token: "wrong", reconnect: false });
    await expect(refused).rejects.toMatchObject({ code: "refused", remoteCode: "AUTHENTICATION_FAILED" });
  });

  it("answers in writing and in sound what is asked in writing", async () => {
    const client = await enter();
    expect((await given(client.ask({ text: "How are you?" }))).text).toBe(REPLY);
    const { text, samples } = await given(client.ask({ text: "And now?" }, { speak: true }));
    expect(text).toBe(REPLY);
    expect(samples).toBeGreaterThan(1_000);
  });

  it("answers what is asked in sound", async () => {
    const { question, text } = await given((await enter()).ask({ audio: spoken() }));
    expect(question.toLowerCase()).toContain(HEARD);
    expect(text).toBe(REPLY);
  });

  it("speaks, and writes down what is said", async () => {
    const client = await enter();
    expect((await given(client.say("Good morning."))).samples).toBeGreaterThan(1_000);
    expect((await client.transcribe(spoken())).toLowerCase()).toContain(HEARD);
  });

  it("holds a conversation", async () => {
    const client = await enter();
    const [microphone, speaker] = [new LiveMicrophone(), new LiveSpeaker()];
    const listener = new TalkListener(client.talk(microphone.blocks, { speaker }));
    await microphone.say(withRms(whiteNoise(9_600, 5), 0.05));
    const turn = await listener.turn(1);
    expect(turn).toMatchObject({ outcome: "complete", heard: REPLY });
    expect(turn.question.toLowerCase()).toContain(HEARD);
    microphone.end();
    expect(await listener.over).toBeUndefined();
  });

  it("tells of itself and of the house", async () => {
    const client = await enter();
    const status = await client.status();
    expect(status["peerId"]).toBe(client.server.peerId);
    const nodes = await client.getActiveNodes();
    expect(nodes).toHaveLength(door().peers);
    expect(nodes.filter(({ isPrime }) => isPrime)).toHaveLength(1);
    const { nodeId } = await client.getNodeDetails();
    expect(nodeId).toBe(client.server.peerId);
  });

  it("hands messages on to clients of other peers, who acknowledge them, in order", async () => {
    const [sender, receiver] = [await enter(), await enter({ url: door().otherUrl })];
    const heard = heardBy(receiver);
    const to = { clientId: receiver.clientId };
    for (const content of ["one", "two", "three"]) {
      expect(await sender.send(to, content, { until: "delivered" })).toMatchObject({ status: "delivered" });
    }
    expect(contents(heard)).toEqual(["one", "two", "three"]);
    expect(heard[0]).toMatchObject({ from: sender.clientId });
    await expect(sender.send({ clientId: fresh("nobody") }, "hi")).rejects.toMatchObject({
      remoteCode: "TARGET_NOT_FOUND",
    });
  });

  it("hands messages to groups, channels and all", async () => {
    const channel = fresh("news");
    const [sender, inside, outside] = [
      await enter(),
      await enter({ url: door().otherUrl, channels: [channel], groups: ["family"] }),
      await enter({ url: door().otherUrl }),
    ];
    const [heard, not] = [heardBy(inside), heardBy(outside)];
    // Who has just come is heard of everywhere soon.
    await expect.poll(() => sender.broadcast(channel, "to the channel"), poll).toMatchObject({ recipients: 1 });
    await expect.poll(() => contents(heard), poll).toContain("to the channel");
    await sender.send({ group: "family" }, "to the family");
    await expect.poll(() => contents(heard), poll).toContain("to the family");
    await sender.broadcast(channel, "to all", { toAll: true });
    await expect.poll(() => contents(not), poll).toContain("to all");
    expect(contents(not)).not.toContain("to the channel");
    expect(contents(not)).not.toContain("to the family");
  });

  it("keeps what is sent to who is away, and gives it at whatever peer they come back", async () => {
    const sender = await enter();
    const clientId = fresh("away");
    const token = await door().newClient(clientId, "member");
    const first = await enter({ clientId, token });
    heardBy(first);
    await sender.send({ clientId }, "hello", { until: "delivered" });
    first.close();
    // Who has just gone is still taken for there, for a moment.
    for (const [content, priority] of [
      ["one", 5],
      ["two", 9],
      ["three", 5],
    ] as const) {
      await sender.send({ clientId }, content, { priority });
    }
    await sender.send({ clientId }, "too late", { expiresInMs: 1_000 });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const heard = heardBy(await enter({ clientId, token, url: door().otherUrl }));
    await expect.poll(() => contents(heard), poll).toEqual(["one", "two", "three"]);
  });

  it("does not deliver what has expired", async () => {
    const [sender, receiver] = [await enter(), await enter({ url: door().otherUrl })];
    const heard = heardBy(receiver);
    const late = sender.send({ clientId: receiver.clientId }, "late", { expiresInMs: -1 });
    await expect(late).rejects.toMatchObject({ remoteCode: "MESSAGE_EXPIRED" });
    expect(heard).toEqual([]);
  });

  it("does for clients what their roles allow, and no more", async () => {
    const guest = await enter({ role: "guest" });
    expect((await given(guest.ask({ text: "Hello?" }))).text).toBe(REPLY);
    const denied = { remoteCode: "AUTHORIZATION_DENIED" };
    await expect(guest.send({ clientId: "x" }, "hi")).rejects.toMatchObject(denied);
    await expect(guest.getNodeDetails()).rejects.toMatchObject(denied);
    // Where else the house can be reached, everybody may know who is in.
    expect(await guest.getActiveNodes()).toHaveLength(door().peers);
    const bridge = await enter({ role: "bridge" });
    await expect(given(bridge.ask({ text: "Hello?" }))).rejects.toMatchObject(denied);
  });

  it("counts what a client sends, and refuses what is too much", async () => {
    // Not by the SDK: it asks again, later or elsewhere, where it is told that this was too much.
    const name = fresh("eager");
    const eager = await RawSocket.open(door().url);
    eager.send(register(name, { authToken: await door().newClient(name, "member") }));
    await eager.until(({ type }) => type === "REGISTER_ACK");
    const queries = Array.from({ length: 130 }, () => envelope(name, "QUERY", { queryType: "get_status" }));
    for (const query of queries) eager.send(query);
    const refused: unknown[] = [];
    for (const { messageId } of queries) {
      const { type, payload } = await eager.until(
        ({ inReplyTo, payload }) => inReplyTo === messageId || (payload as Frame)["queryId"] === messageId,
      );
      if (type === "ERROR") refused.push(payload);
    }
    expect(refused.length).toBeGreaterThanOrEqual(25);
    expect(refused.length).toBeLessThan(130);
    expect(refused[0]).toMatchObject({ errorCode: "RATE_LIMIT_EXCEEDED", retryable: true });
  });

  it("speaks the flat dialect to whoever begins in it", async () => {
    const name = fresh("flat");
    const flat = await RawSocket.open(door().url);
    const token = await door().newClient(name, "member");
    flat.send({ type: "register", client_id: name, auth_token: token, client_type: "web" });
    expect(await flat.until(({ type }) => type === "register_ack")).toMatchObject({ success: true });
    flat.send({ type: "message", text: "How are you?" });
    expect(await flat.until(({ type }) => type === "assistant_message")).toMatchObject({ text: REPLY });
  });

  it("lets in again, at any peer, who shows what they were given", async () => {
    const name = fresh("again");
    const token = await door().newClient(name, "member");
    const first = await RawSocket.open(door().url);
    first.send(register(name, { authToken: token }));
    const { payload } = await first.until(({ type }) => type === "REGISTER_ACK");
    const { resumeToken } = payload as { readonly resumeToken?: string };
    expect(resumeToken).toEqual(expect.any(String));
    const second = await RawSocket.open(door().otherUrl);
    second.send(register(name, { resumeToken }));
    expect(await second.until(({ type }) => type === "REGISTER_ACK")).toMatchObject({ payload: { success: true } });
    const stranger = await RawSocket.open(door().otherUrl);
    stranger.send(register(fresh("other"), { resumeToken }));
    expect(await stranger.until(() => true)).toMatchObject({ payload: { errorCode: "AUTHENTICATION_FAILED" } });
  });

  it("answers garbage with an error that has a code, and goes on for everybody else", async () => {
    const bystander = await enter();
    for (const garbage of ["", "{", "[]", "null", '{"type":"REGISTER"}', '{"type":"MESSAGE","payload":{}}', "\u0000"]) {
      const socket = await RawSocket.open(door().url);
      socket.sendText(garbage);
      const { payload, error_code } = await socket.until(() => true);
      const code = error_code ?? (payload as { readonly errorCode?: string }).errorCode;
      expect(code).toMatch(/^(INVALID_MESSAGE|AUTHENTICATION_FAILED)$/);
    }
    expect((await given(bystander.ask({ text: "Still there?" }))).text).toBe(REPLY);
  });
}

function register(clientId: string, proof: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return envelope(clientId, "REGISTER", { clientId, clientType: "api", ...proof });
}

function envelope(clientId: string, type: string, payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { messageId: randomUUID(), version: "1.0", type, source: { clientId }, timestamp: Date.now(), payload };
}

type Frame = Readonly<Record<string, unknown>>;

/** A socket without an SDK. */
class RawSocket {
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#frames.push(JSON.parse(String(data)) as Frame);
    });
  }

  static async open(url: string): Promise<RawSocket> {
    const socket = new WebSocket(url);
    const raw = new RawSocket(socket);
    onTestFinished(() => socket.close());
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error(`no WebSocket at ${url}`)));
    });
    return raw;
  }

  send(frame: Frame): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** The first frame, of all that came, for which it is true. */
  async until(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (const untilMs = performance.now() + PATIENCE_MS; performance.now() < untilMs;) {
      const found = this.#frames.find(wanted);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`it never came; there were ${JSON.stringify(this.#frames)}`);
  }
}

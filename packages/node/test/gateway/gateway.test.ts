import { afterEach, beforeEach, describe, expect, it } from "vitest";
import fc from "fast-check";
import { WebSocket } from "ws";
import {
  connect,
  createMessage,
  encodeAudioFrame,
  parseMessage,
  type Message,
  type ParleyClient,
  type TurnEvent,
} from "@parley/sdk";
import type { EngineHost } from "@parley/audio/engines";
import type { FlagValues } from "../../src/config/index.ts";
import type { EngineName } from "../../src/services/stage.ts";
import {
  createPeer,
  eventually,
  fixedDelaySources,
  temporaryFolder,
  testConfig,
  tone,
  type FixedDelays,
  type Peer,
} from "../support.ts";
import { Raw } from "./protocol/raw.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let hosts: Map<EngineName, EngineHost[]>;
const clients: ParleyClient[] = [];

async function start(delays: FixedDelays = {}, flags: FlagValues = {}): Promise<void> {
  hosts = new Map();
  const onHost = (service: EngineName, host: EngineHost): void => {
    hosts.set(service, [...(hosts.get(service) ?? []), host]);
  };
  peer = await createPeer({ config: testConfig(folder.path, flags), sources: fixedDelaySources(delays, onHost) });
}

const wsUrl = (): string => `${peer.url.replace(/^http/, "ws")}/ws`;

async function client(): Promise<ParleyClient> {
  const connected = await connect({ url: wsUrl(), token: peer.token });
  clients.push(connected);
  return connected;
}

async function all(events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> {
  const collected: TurnEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === "text" ? event.delta : "")).join("");

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const each of clients.splice(0)) each.close();
  await peer.close();
  await folder.remove();
});

describe("a client of a peer", () => {
  const quick = { sttMs: 1, llmMs: 1, ttsMs: 1 };

  it("asks in sound and is answered in text and sound", async () => {
    await start({ ...quick, texts: ["is it late"], replies: ["It is ten. Good night to you."] });
    const events = await all((await client()).ask({ audio: tone(800) }, { speak: true }));
    expect(events.find((event) => event.type === "question")).toEqual({ type: "question", text: "Is it late" });
    expect(textOf(events)).toBe("It is ten. Good night to you.");
    const spokenMs = events.reduce(
      (sum, e) => sum + (e.type === "audio" ? (e.samples.length / e.sampleRateHz) * 1000 : 0),
      0,
    );
    const done = events.at(-1);
    expect(done).toMatchObject({ type: "done", timings: { inputAudioMs: 1600 } });
    if (done?.type === "done") expect(spokenMs).toBeCloseTo(done.timings.outputAudioMs ?? 0, 0);
  });

  it("transcribes and speaks", async () => {
    await start({ ...quick, texts: ["one", "two"] });
    const connected = await client();
    async function* twoTones(): AsyncGenerator<Float32Array> {
      yield* tone(500);
      yield* tone(500);
    }
    const heard = await all(connected.listen(twoTones(), { partials: "off" }));
    expect(heard.flatMap((event) => (event.type === "segment" ? [event.text] : []))).toEqual(["One", "Two"]);
    const said = await all(connected.say("Good morning."));
    expect(said.some((event) => event.type === "audio")).toBe(true);
  });

  it("is told of each stretch when it was, in which language, and what was written, as its mode wants it", async () => {
    await start({ ...quick, texts: ["Turn on the, kitten light."] });
    const connected = await client();
    const options = { partials: "off", hearing: "command", hotWords: ["kitchen light"], language: "en" } as const;
    const events = await all(connected.listen(tone(500), options));
    const segment = events.find((event) => event.type === "segment");
    expect(segment).toMatchObject({
      text: "turn on the kitchen light",
      verbatim: "Turn on the, kitten light.",
      language: "en",
      startMs: expect.any(Number),
    });
    // The engine tells none, and none are made up.
    expect(segment).not.toHaveProperty("words");
    expect(segment).not.toHaveProperty("confidence");
    const tooMany = Array.from({ length: 101 }, (_, n) => `word ${n}`);
    await expect(all(connected.listen(tone(500), { hotWords: tooMany }))).rejects.toMatchObject({ code: "refused" });
  });

  it("hears the first sentence while the model still writes the rest", async () => {
    const reply = `Here is a first sentence for you. ${"And so it goes on and on. ".repeat(30)}`;
    await start({ ...quick, tokenMs: 25, replies: [reply] });
    const types = (await all((await client()).ask({ text: "talk" }, { speak: true }))).map(({ type }) => type);
    expect(types.indexOf("audio")).toBeGreaterThan(0);
    expect(types.indexOf("audio")).toBeLessThan(types.lastIndexOf("text"));
  });

  it("has a conversation: what was said before reaches the model", async () => {
    await start({ ...quick, replies: ["First answer.", "{messages}"] });
    const connected = await client();
    await all(connected.ask({ text: "one" }));
    expect(textOf(await all(connected.ask({ text: "two" })))).toContain("/ one / First answer. / two");
    const other = await client();
    await all(other.ask({ text: "three" }));
    expect(textOf(await all(other.ask({ text: "four" })))).not.toContain("/ one /");
  });

  it("runs several pieces of work at once and mixes nothing up", async () => {
    await start({ ...quick, replies: ["Same answer for all."] });
    const connected = await client();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => all(connected.ask({ text: "hi" }, { speak: true }))),
    );
    for (const events of answers) expect(textOf(events)).toBe("Same answer for all.");
  });

  it("is told which engine died under its work, and its next question is answered", async () => {
    await start({ ...quick, llmMs: 60_000 });
    const connected = await client();
    const failure = all(connected.ask({ text: "hello" })).catch((error: unknown) => error);
    await eventually(() => hosts.get("llm")?.[0]?.status().running ?? 0).toBe(1);
    process.kill(hosts.get("llm")?.[0]?.status().pid ?? 0, "SIGKILL");
    expect(await failure).toMatchObject({ code: "work-failed", remoteCode: "engine-crashed" });
    await eventually(() => hosts.get("llm")?.length).toBe(2);
    expect((await connected.status())["services"]).toMatchObject({ llm: { state: "ready", engine: { restarts: 1 } } });
  });

  it("that stops reading an answer stops the engines too", async () => {
    await start({ ...quick, tokenMs: 50, replies: [`${"word ".repeat(2000)}.`] });
    const connected = await client();
    for await (const event of connected.ask({ text: "talk" })) if (event.type === "text") break;
    await eventually(() => hosts.get("llm")?.[0]?.status().running).toBe(0);
    expect(hosts.get("llm")).toHaveLength(1);
  });

  it("that goes away takes its work along", async () => {
    await start({ ...quick, llmMs: 60_000 });
    const connected = await client();
    const asking = all(connected.ask({ text: "hello" }));
    await eventually(() => hosts.get("llm")?.[0]?.status().running ?? 0).toBe(1);
    connected.close();
    await expect(asking).rejects.toMatchObject({ code: "connection-lost" });
    await eventually(() => hosts.get("llm")?.[0]?.status().running).toBe(0);
  });

  it("cancels with a signal", async () => {
    await start({ ...quick, llmMs: 60_000 });
    const abort = new AbortController();
    const asking = all((await client()).ask({ text: "hello" }, { signal: abort.signal }));
    abort.abort();
    await expect(asking).rejects.toMatchObject({ code: "cancelled" });
  });

  it("is told when an answer takes longer than it may", async () => {
    await start({ ...quick, llmMs: 60_000 }, { "limits.ask_seconds": "1" });
    const connected = await client();
    await expect(all(connected.ask({ text: "hello" }))).rejects.toMatchObject({ remoteCode: "job-timed-out" });
    await eventually(() => hosts.get("llm")?.[0]?.status().running).toBe(0);
  });

  it("has its questions answered one after another, each knowing what was said before", async () => {
    await start({ ...quick, replies: ["First.", "{messages}"] });
    const connected = await client();
    const [, second] = await Promise.all([all(connected.ask({ text: "one" })), all(connected.ask({ text: "two" }))]);
    expect(textOf(second ?? [])).toContain("/ one / First. / two");
  });

  it("that is frozen does not keep the peer from stopping", async () => {
    await start(quick);
    const { socket } = await bare();
    socket.send(register(peer.token));
    socket.pause();
    // Without the hang-up this waits half a minute for the client's goodbye.
    await expect(peer.close()).resolves.toBeUndefined();
    socket.terminate();
  });

  it("is told when the audio holds no speech, or is too long", async () => {
    await start(quick);
    const connected = await client();
    async function* silence(seconds: number): AsyncGenerator<Float32Array> {
      for (let i = 0; i < seconds; i += 1) yield new Float32Array(16_000);
    }
    await expect(all(connected.ask({ audio: silence(2) }))).rejects.toMatchObject({ remoteCode: "no-speech" });
    await expect(all(connected.ask({ audio: silence(100_000) }))).rejects.toMatchObject({
      remoteCode: "audio-too-long",
    });
    expect(textOf(await all(connected.ask({ text: "still there?" })))).not.toBe("");
  });
});

/** A bare socket: what a client that does not keep to the protocol can do. */
async function bare(
  headers: Record<string, string> = {},
): Promise<{ socket: WebSocket; messages: Message[]; closed: Promise<number> }> {
  const socket = new WebSocket(wsUrl(), { headers });
  const messages: Message[] = [];
  socket.on("message", (data: Buffer) => {
    const parsed = parseMessage(data.toString("utf8"));
    if (parsed.ok) messages.push(parsed.message);
  });
  const closed = new Promise<number>((resolve) => {
    socket.on("close", resolve);
  });
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
  return { socket, messages, closed };
}

const register = (token: string): string =>
  JSON.stringify(createMessage("REGISTER", { clientId: "t", authToken: token, clientType: "api" }, { from: "t" }));

describe("a stranger", () => {
  it("with a wrong token is refused and disconnected", async () => {
    await start();
    await expect(connect({ url: wsUrl(), token: "guess" })).rejects.toMatchObject({
      code: "refused",
      remoteCode: "AUTHENTICATION_FAILED",
    });
  });

  it("that sends anything before REGISTER is disconnected", async () => {
    await start();
    const command = JSON.stringify(createMessage("COMMAND", { command: "status", parameters: {} }, { from: "t" }));
    const frame = encodeAudioFrame({
      stream: 1,
      sequence: 0,
      timestampMs: 0,
      sampleRateHz: 16_000,
      samples: new Float32Array(10),
    });
    for (const first of [command, frame, "garbage", "{}"]) {
      const { socket, messages, closed } = await bare();
      socket.send(first);
      expect(await closed).toBe(4401);
      expect(messages).toMatchObject([{ type: "ERROR", payload: { errorCode: "AUTHENTICATION_FAILED" } }]);
    }
  });

  it("as a page of another site, or under another name, gets no connection", async () => {
    await start();
    await expect(bare({ origin: "http://evil.example" })).rejects.toThrow("403");
    await expect(bare({ host: "evil.example" })).rejects.toThrow("403");
    const page = await fetch(`${peer.url}/health`, { headers: { origin: "http://evil.example" } });
    expect(page.status).toBe(403);
  });

  it("sees health and nothing else over HTTP", async () => {
    await start();
    expect((await fetch(`${peer.url}/health`)).status).toBe(200);
    for (const path of ["/", "/status", "/capabilities", "/nothing", "/health/", "/health/more", "//health", "/HEALTH"])
      expect([path, (await fetch(`${peer.url}${path}`)).status]).toEqual([path, 401]);
    const headers = { authorization: `Bearer ${peer.token}` };
    expect((await fetch(`${peer.url}/status`, { headers })).status).toBe(200);
    expect((await fetch(`${peer.url}/nothing`, { headers })).status).toBe(404);
  });
});

describe("a client that breaks the protocol", () => {
  it.each([
    ["an unknown command", createMessage("COMMAND", { command: "explode", parameters: {} }, { from: "t" })],
    ["wrong parameters", createMessage("COMMAND", { command: "ask", parameters: { stream: -1 } }, { from: "t" })],
    [
      "a message only a peer sends",
      createMessage("EVENT", { eventType: "x", eventData: {}, timestamp: 0 }, { from: "t" }),
    ],
  ])("with %s is told so and keeps its connection", async (_name, message) => {
    await start();
    const { socket, messages } = await bare();
    socket.send(register(peer.token));
    socket.send(JSON.stringify(message));
    await eventually(() => messages.length).toBe(2);
    expect(messages[1]).toMatchObject({
      type: "ERROR",
      inReplyTo: message.messageId,
      payload: { errorCode: "INVALID_MESSAGE" },
    });
    expect(socket.readyState).toBe(socket.OPEN);
    socket.close();
  });

  it("never brings the peer down, whatever it sends", async () => {
    await start();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 64 })), { minLength: 1, maxLength: 8 }),
        async (frames) => {
          const { socket, closed } = await bare();
          socket.send(register(peer.token));
          for (const frame of frames) socket.send(frame);
          await closed;
        },
      ),
      { numRuns: 40 },
    );
    expect((await (await client()).status())["peerId"]).toBe(peer.identity.peerId);
  });

  it("with a command id that is in use is refused, and leaves nothing running when it goes", async () => {
    await start();
    const { socket, messages } = await bare();
    socket.send(register(peer.token));
    const listen = (stream: number): string =>
      JSON.stringify({
        ...createMessage("COMMAND", { command: "listen", parameters: { stream } }, { from: "t" }),
        messageId,
      });
    const messageId = crypto.randomUUID();
    socket.send(listen(1));
    socket.send(listen(2));
    await eventually(() => messages.length).toBe(2);
    expect(messages[1]).toMatchObject({ type: "ERROR", payload: { errorCode: "INVALID_MESSAGE" } });
    await eventually(() => hosts.get("vad")?.[0]?.status().running).toBe(1);
    socket.terminate();
    await eventually(() => hosts.get("vad")?.[0]?.status().running).toBe(0);
  });

  it("with more than eight pieces of work at once has the ninth refused, and done once there is room", async () => {
    await start({ llmMs: 50 });
    const connected = await client();
    const asking = Array.from({ length: 9 }, () => all(connected.ask({ text: "hello" })));
    expect((await Promise.all(asking)).map((events) => events.at(-1)?.type)).toEqual(Array(9).fill("done"));
    const raw = await Raw.registered(peer.url, peer.token, "bare");
    for (let stream = 1; stream <= 9; stream += 1) raw.say("COMMAND", { command: "listen", parameters: { stream } });
    expect((await raw.next("ERROR")).payload).toMatchObject({ errorCode: "RATE_LIMIT_EXCEEDED", retryable: true });
  });
});

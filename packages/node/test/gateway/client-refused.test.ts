import { createServer } from "node:http";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer, type RawData, type WebSocket as ServerSocket } from "ws";
import { connect, createMessage, parseMessage, SERVER_ID, type Message, type ParleyClient } from "@parley/sdk";

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

/** A peer that answers REGISTER, and then what `answer` makes of each message. */
async function clientOf(answer: (message: Message, socket: ServerSocket) => void): Promise<{
  readonly client: ParleyClient;
  readonly closed: Promise<number>;
}> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const closed = Promise.withResolvers<number>();
  server.on("connection", (socket) => {
    socket.on("close", (code) => closed.resolve(code));
    socket.on("message", (data, isBinary) => {
      if (isBinary) return;
      const parsed = parseMessage(textOf(data));
      if (!parsed.ok) throw new Error(parsed.reason);
      if (parsed.message.type !== "REGISTER") return answer(parsed.message, socket);
      const capabilities = { streaming: true, binary: true, groups: false };
      const serverInfo = { peerId: "p", name: "kitchen", version: "1", capabilities };
      const payload = { success: true, sessionId: "s", serverInfo };
      socket.send(JSON.stringify(createMessage("REGISTER_ACK", payload, { from: SERVER_ID })));
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = await connect({ url: `ws://127.0.0.1:${address.port}/ws`, token: "t", reconnect: false });
  ending.push(() => {
    client.close();
    for (const socket of server.clients) socket.terminate();
    http.close();
  });
  return { client, closed: closed.promise };
}

function textOf(data: RawData): string {
  return new TextDecoder().decode(Array.isArray(data) ? Buffer.concat(data) : data);
}

function refusal(inReplyTo: string | undefined, retryable: boolean): string {
  const payload = { errorCode: "INVALID_MESSAGE" as const, errorMessage: "not so", retryable };
  return JSON.stringify(createMessage("ERROR", payload, { from: SERVER_ID, inReplyTo }));
}

async function* silence(): AsyncGenerator<Float32Array> {
  await new Promise(() => undefined);
  yield new Float32Array(0);
}

describe("a client that is refused", () => {
  it("fails the work that it spoke of, with what the peer said", async () => {
    const { client } = await clientOf((message, socket) => {
      if (message.type === "COMMAND" && message.payload.command === "talk.key")
        socket.send(refusal(message.messageId, false));
    });
    const talk = client.talk(silence());
    talk.key("press");
    const events = Array.fromAsync(talk.events);
    await expect(events).rejects.toMatchObject({ code: "refused", remoteCode: "INVALID_MESSAGE", message: "not so" });
  });

  it("goes on when what was refused may be said again, or speaks of work that is over", async () => {
    const { client } = await clientOf((message, socket) => {
      if (message.type !== "COMMAND") return;
      const { command } = message.payload;
      if (command === "talk.key") socket.send(refusal(message.messageId, true));
      if (command === "cancel") socket.send(refusal(message.messageId, false));
      if (command !== "status") return;
      const payload = { commandId: message.messageId, success: true, result: { fine: true } };
      socket.send(JSON.stringify(createMessage("COMMAND_RESULT", payload, { from: SERVER_ID })));
    });
    const over = new AbortController();
    const given = client.talk(silence(), { signal: over.signal });
    const givenUp = Array.fromAsync(given.events);
    over.abort();
    await expect(givenUp).rejects.toMatchObject({ code: "cancelled" });
    const talk = client.talk(silence());
    talk.key("press");
    expect(await client.status()).toEqual({ fine: true });
  });

  it("ends with a typed error, and nothing is thrown, when the peer breaks the protocol", async () => {
    const { client, closed } = await clientOf((_message, socket) => socket.send("{}"));
    await expect(client.status()).rejects.toMatchObject({ code: "protocol" });
    expect(await closed).toBe(4002);
  });

  it("sends no key at a place that is none", async () => {
    const { client } = await clientOf(() => undefined);
    const talk = client.talk(silence());
    for (const atMs of [-1, NaN, Infinity]) expect(() => talk.key("press", atMs)).toThrow(RangeError);
  });

  it("reports a loudspeaker that counts from below 0, or not at all, as having played nothing", async () => {
    const reports: unknown[] = [];
    const { client } = await clientOf((message, socket) => {
      if (message.type !== "COMMAND") return;
      const { command, parameters } = message.payload;
      if (command === "talk.heard") reports.push(parameters["heardMs"]);
      if (command !== "talk") return;
      for (const reply of [1, 2]) {
        for (const eventType of ["reply", "stop"]) {
          const payload = { eventType, eventData: { reply }, timestamp: 1 };
          socket.send(
            JSON.stringify(createMessage("EVENT", payload, { from: SERVER_ID, inReplyTo: message.messageId })),
          );
        }
      }
    });
    const places = [-0.4, NaN];
    client.talk(silence(), {
      speaker: {
        heardMs: 0,
        play: async () => true,
        finished: async () => 0,
        stop: () => ({ heardMs: places.shift() ?? 1 }),
        duck: () => undefined,
        restore: () => undefined,
      },
    });
    await expect.poll(() => reports).toEqual([0, 0]);
  });
});

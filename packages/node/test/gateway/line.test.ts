/** The line to a client that is not read from for a while. */
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createMessage, parseMessage, SERVER_ID, type Message } from "@parley/sdk";
import { Dialect } from "../../src/gateway/dialect/dialect.ts";
import { SocketLine } from "../../src/gateway/line.ts";
import { eventually } from "../support.ts";

async function pair(): Promise<{ readonly line: SocketLine; readonly told: Message[] }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`);
  onTestFinished(() => {
    client.terminate();
    server.close();
  });
  const told: Message[] = [];
  client.on("message", (data: Buffer) => {
    const parsed = parseMessage(data.toString("utf8"));
    if (parsed.ok) told.push(parsed.message);
  });
  const line = await new Promise<SocketLine>((resolve) => {
    server.on("connection", (socket) => resolve(new SocketLine(socket, new Dialect())));
  });
  await once(client, "open");
  return { line, told };
}

function sign(): Message {
  return createMessage("HEARTBEAT_ACK", { timestamp: 1, serverTime: 1 }, { from: SERVER_ID });
}

describe("a line that is held", () => {
  it("shows signs of life as long as it is, to a client that understands them", async () => {
    const { line, told } = await pair();
    line.signOfLife = sign;
    line.hold();
    line.hold();
    await eventually(() => told.length).toBeGreaterThan(1);
    line.release();
    await eventually(() => told.length).toBeGreaterThan(3);
    expect(told.every(({ type }) => type === "HEARTBEAT_ACK")).toBe(true);
    line.release();
    // What was on its way has come by then.
    void line.send(sign());
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = told.length;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(told).toHaveLength(before);
  });

  it("is silent to one that does not", async () => {
    const { line, told } = await pair();
    line.hold();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(told).toEqual([]);
    line.release();
  });
});

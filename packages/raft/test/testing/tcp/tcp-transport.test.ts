import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { message } from "../../../src/core/types.ts";
import { encodeHello, encodeSignal, WELCOME } from "../../../src/testing/tcp/control.ts";
import { TcpTransport } from "../../../src/testing/tcp/tcp-transport.ts";
import { FrameSplitter } from "../../../src/wire/frames.ts";
import { decodeMessage, encodeMessages, MESSAGE_FRAME } from "../../../src/wire/message-codec.ts";
import { connected, dial, introduce, named, Nodes, Recorder } from "./support.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`);

describe("messages over TCP", () => {
  it("arrive whole and in order, in both directions", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    const entries = Array.from({ length: 500 }, (_, i) => ({
      term: 3,
      index: 10 + i,
      type: "normal" as const,
      data: new Uint8Array(1000).fill(i % 251),
    }));
    const append = message({ type: "append", from: 1, to: 2, term: 3, logTerm: 3, index: 9, entries, commit: 8 });
    one.transport.send([append]);
    for (const name of names(1000)) one.transport.send([named(name, 1, 2)]);
    two.transport.send(names(100).map((name) => named(name, 2, 1)));
    await two.heard.until(() => two.heard.messages.length === 1001);
    await one.heard.until(() => one.heard.messages.length === 100);
    expect(two.heard.messages[0]).toStrictEqual(append);
    expect(two.heard.names.slice(1)).toStrictEqual(names(1000));
    expect(one.heard.names).toStrictEqual(names(100));
    expect([...one.heard.events, ...two.heard.events]).toStrictEqual([]);
  });

  it("go to whom they are for, and are said to be unreachable for those nobody knows", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    const three = await nodes.start(3);
    introduce(one, three);
    one.transport.send([named("a", 1, 2), named("b", 1, 3), named("lost", 1, 9), named("c", 1, 2)]);
    await two.heard.until(() => two.heard.messages.length === 2);
    await three.heard.until(() => three.heard.messages.length === 1);
    await one.heard.until(() => one.heard.events.length === 1);
    expect(two.heard.names).toStrictEqual(["a", "c"]);
    expect(three.heard.names).toStrictEqual(["b"]);
    expect(one.heard.events).toStrictEqual(["unreachable 9"]);
  });

  it("wait for a connection that is being made", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    const two = await nodes.start(2);
    introduce(one, two);
    one.transport.send(names(10).map((name) => named(name, 1, 2)));
    await two.heard.until(() => two.heard.messages.length === 10);
    expect(two.heard.names).toStrictEqual(names(10));
  });

  it("are dropped with a word while nobody listens, and arrive when somebody does", async () => {
    await using nodes = new Nodes();
    const gone = await nodes.start(2);
    await gone.transport.close();
    const one = await nodes.start(1);
    introduce(one, gone);
    one.transport.send([named("lost", 1, 2)]);
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    const two = await nodes.start(2, {}, gone.port);
    await connected(one, 2);
    one.transport.send([named("found", 1, 2)]);
    await two.heard.until(() => two.heard.messages.length > 0);
    expect(two.heard.names).toStrictEqual(["found"]);
    // Nobody had been there before who could be gone.
    expect(one.heard.events).not.toContain("gone 2");
  });

  it("come again after the peer has been away, and what was sent meanwhile is said to be lost", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    await two.transport.close();
    await one.heard.until(() => one.heard.events.includes("gone 2"));
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    const again = await nodes.start(2, {}, two.port);
    await connected(one, 2);
    one.transport.send([named("again", 1, 2)]);
    await again.heard.until(() => again.heard.messages.length > 0);
    expect(again.heard.names).toStrictEqual(["again"]);
    expect(one.heard.events.filter((event) => event === "gone 2")).toHaveLength(1);
  });

  it("are dropped with a word beyond what may wait, by number and by bytes", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1, { maxQueuedMessages: 5 });
    const two = await nodes.start(2);
    introduce(one, two);
    // Nothing can leave before this turn of the loop is over.
    one.transport.send(names(3).map((name) => named(name, 1, 2)));
    one.transport.send(["x", "y", "over"].map((name) => named(name, 1, 2)));
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    await two.heard.until(() => two.heard.messages.length === 5);
    expect(two.heard.names).toStrictEqual([...names(3), "x", "y"]);

    const four = await nodes.start(4, { maxQueuedBytes: 2000 });
    introduce(four, two);
    const name = "n".repeat(900);
    four.transport.send([named(name, 4, 2), named(name, 4, 2), named(name, 4, 2)]);
    await four.heard.until(() => four.heard.events.includes("unreachable 2"));
    await two.heard.until(() => two.heard.messages.length === 7);
  });

  it("are dropped with a word when they are too large for a frame, and the others go on", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair({ maxFrameBytes: 1000 });
    one.transport.send([named("n".repeat(2000), 1, 2), named("small", 1, 2)]);
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    await two.heard.until(() => two.heard.messages.length === 1);
    expect(two.heard.names).toStrictEqual(["small"]);
  });

  it("of one call go out in one piece", async () => {
    const chunks: Buffer[] = [];
    const server = createServer((socket) => {
      socket.write(encodeSignal(WELCOME));
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await using nodes = new Nodes();
    const one = await nodes.start(1, { pingEveryMs: 60_000 });
    const accepted = once(server, "connection") as Promise<[Socket]>;
    one.transport.setPeer(2, { host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    const [socket] = await accepted;
    await once(socket, "data");
    await new Promise((resolve) => setTimeout(resolve, 50));
    chunks.length = 0;
    one.transport.send(names(50).map((name) => named(name, 1, 2)));
    await once(socket, "data");
    const frames = chunks.flatMap((chunk) => Array.from(new FrameSplitter().framesOf(chunk)));
    expect(chunks).toHaveLength(1);
    expect(frames.map(({ body }) => Buffer.from(decodeMessage(body).context ?? []).toString())).toStrictEqual(
      names(50),
    );
    socket.destroy();
    server.close();
  });

  it("go to where a peer has moved, and nowhere once it is removed", async () => {
    await using nodes = new Nodes();
    const [one] = await nodes.pair();
    const moved = await nodes.start(2);
    introduce(one, moved);
    one.transport.send([named("here", 1, 2)]);
    await moved.heard.until(() => moved.heard.messages.length === 1);
    one.transport.removePeer(2);
    expect(one.transport.roundTripMs(2)).toBeUndefined();
    one.transport.send([named("nowhere", 1, 2)]);
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    expect(moved.heard.names).toStrictEqual(["here"]);
    // Someone who was sent away is not someone who has ended.
    expect(one.heard.events).not.toContain("gone 2");
  });

  it("measure the round trip, which ends with the connection", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair({ pingEveryMs: 5 });
    expect(one.transport.roundTripMs(2)).toBeGreaterThan(0);
    expect(one.transport.roundTripMs(7)).toBeUndefined();
    await two.transport.close();
    await one.heard.until(() => one.heard.events.includes("gone 2"));
    expect(one.transport.roundTripMs(2)).toBeUndefined();
  });

  it("may come before anyone is there to receive them", async () => {
    await using nodes = new Nodes();
    const late = new TcpTransport({ cluster: "test", id: 2 });
    const one = await nodes.start(1);
    one.transport.setPeer(2, { host: "127.0.0.1", port: await late.listen() });
    one.transport.send([named("early", 1, 2)]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const heard = new Recorder();
    await late.start(heard);
    await heard.until(() => heard.messages.length === 1);
    expect(heard.names).toStrictEqual(["early"]);
    await late.close();
    await late.close();
  });

  it("cannot be listened for on a port that is taken, and closing is no error then", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    const other = new TcpTransport({ cluster: "test", id: 2 });
    await expect(other.listen({ port: one.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(other.close()).resolves.toBeUndefined();
  });
});

describe("a connection that comes in", () => {
  const HELLO = { purpose: "messages", cluster: "test", from: 2, to: 1 } as const;

  it.each([
    ["names another cluster", encodeHello({ ...HELLO, cluster: "other" })],
    ["looks for another node", encodeHello({ ...HELLO, to: 3 })],
    ["says that it is this node itself", encodeHello({ ...HELLO, from: 1 })],
    ["does not begin with a hello", encodeMessages([named("too soon", 2, 1)])],
    ["is of another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["speaks another version", Uint8Array.from(encodeHello(HELLO), (byte, i) => (i === 4 ? byte + 1 : byte))],
    ["says it comes from one and sends from another", both(message({ type: "heartbeat", from: 3, to: 1, term: 1 }))],
    ["sends what is for another", both(message({ type: "heartbeat", from: 2, to: 3, term: 1 }))],
    ["sends a frame of no known kind", Buffer.concat([encodeHello(HELLO), encodeSignal(99)])],
    ["sends a message that is none", Buffer.concat([encodeHello(HELLO), encodeSignal(MESSAGE_FRAME)])],
  ])("is closed when it %s", async (_, bytes) => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    const { socket, closed } = await dial(one.port);
    socket.write(bytes);
    await closed;
    expect(one.heard.messages).toStrictEqual([]);
    expect(one.heard.events).toStrictEqual([]);
  });

  it("is closed when it says nothing", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1, { helloTimeoutMs: 20 });
    const { closed } = await dial(one.port);
    await expect(closed).resolves.toBeDefined();
  });

  it("may bring what another began and this one passes on", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    one.transport.send([named("of three", 3, 2)]);
    await two.heard.until(() => two.heard.messages.length === 1);
    expect(two.heard.messages[0]?.from).toBe(3);
  });

  it("takes the place of the one before from the same node", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    const first = await dial(one.port);
    first.socket.write(encodeHello(HELLO));
    await once(first.socket, "data");
    const second = await dial(one.port);
    second.socket.write(encodeHello(HELLO));
    await first.closed;
    second.socket.write(encodeMessages([named("newer", 2, 1)]));
    await one.heard.until(() => one.heard.messages.length === 1);
    expect(one.heard.names).toStrictEqual(["newer"]);
    second.socket.destroy();
  });

  function both(sent: Parameters<typeof encodeMessages>[0][number]): Uint8Array {
    return Buffer.concat([encodeHello(HELLO), encodeMessages([sent])]);
  }
});

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createMessage, MessageRefused, type IncomingMessage, type Message } from "../../src/index.ts";
import { clientOf, ProtocolPeer, QUICK, type Guest } from "./protocol-peer.ts";

const KITCHEN = { clientId: "kitchen" };

/** Tells the sender what became of its message. */
function report(guest: Guest, message: Message, eventType: string, more: Record<string, unknown> = {}): void {
  const { messageId } = message;
  guest.event(messageId, eventType, { messageId, clientId: "kitchen", attempts: 1, deliveredAt: 5, ...more });
}

const idsOf = (guest: Guest): readonly string[] => guest.messages.map(({ messageId }) => messageId);

describe("a message to others", () => {
  it("is at its end when it was delivered, when it waits for who is away, or when it was handed to a channel", async () => {
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        const { target } = message;
        if (target === undefined || "all" in target) return;
        if ("channel" in target)
          guest.event(message.messageId, "message_sent", { messageId: message.messageId, recipients: 3 });
        else if ("group" in target) report(guest, message, "message_queued");
        else report(guest, message, "message_delivered");
      },
    });
    const client = await clientOf([peer], { clientId: "me" });
    const delivered = await client.send(KITCHEN, "dinner", { priority: 9, expiresInMs: 60_000, correlationId: "c" });
    expect(delivered).toMatchObject({ status: "delivered", clientId: "kitchen", attempts: 1, deliveredAt: 5 });
    expect(await client.send({ group: "family" }, { content: "# hi", contentType: "text/markdown" })).toMatchObject({
      status: "queued",
    });
    expect(await client.broadcast("news", "late")).toMatchObject({ status: "sent", recipients: 3 });
    const [message] = peer.guest.messages;
    expect(message).toMatchObject({ target: KITCHEN, priority: 9, correlationId: "c", source: { clientId: "me" } });
    expect((message?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(30_000);
  });

  it("is waited for until it is delivered, where that is wished for", async () => {
    const peer = await ProtocolPeer.start({ onMessage: (message, guest) => report(guest, message, "message_queued") });
    const client = await clientOf([peer]);
    const statuses: unknown[] = [];
    client.on("delivery", ({ status }) => statuses.push(status));
    const sending = client.send(KITCHEN, "dinner", { until: "delivered" });
    await expect.poll(() => statuses).toEqual(["queued"]);
    const [message] = peer.guest.messages;
    peer.guest.socket.terminate();
    await expect.poll(() => peer.guests.length).toBe(2);
    await client.tell(KITCHEN, "on");
    // What the house has written down is not repeated.
    expect(peer.guest.messages).toMatchObject([{ type: "EVENT" }]);
    if (message !== undefined) report(peer.guest, message, "message_delivered");
    expect(await sending).toMatchObject({ status: "delivered" });
  });

  it("fails as the peer says", async () => {
    const codes = ["TARGET_NOT_FOUND", "AUTHORIZATION_DENIED", "MESSAGE_EXPIRED"] as const;
    let next = 0;
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        const code = codes[next];
        next += 1;
        if (code === undefined) report(guest, message, "message_failed", { reason: "five times in vain" });
        else guest.refuse(message.messageId, code);
      },
    });
    const client = await clientOf([peer]);
    for (const remoteCode of codes) {
      await expect(client.send(KITCHEN, "x")).rejects.toMatchObject({ code: "refused", remoteCode, retryable: false });
    }
    await expect(client.send(KITCHEN, "x")).rejects.toMatchObject({
      code: "work-failed",
      remoteCode: "message_failed",
    });
  });

  it("waits in order while no peer is there, and is sent again, with the same id, until its end is known", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const sent = Array.from({ length: 20 }, (_, n) => client.send(KITCHEN, `${n}`));
    await expect.poll(() => first.guest.messages.length).toBe(20);
    const [zeroth, one] = first.guest.messages;
    if (zeroth === undefined || one === undefined) throw new Error("nothing came");
    // The first arrived, the second waits at the house: both need not be repeated.
    report(first.guest, zeroth, "message_delivered");
    report(first.guest, one, "message_queued");
    expect(await Promise.all(sent.slice(0, 2))).toMatchObject([{ status: "delivered" }, { status: "queued" }]);
    const before = idsOf(first.guest);
    const lost = new Promise((resolve) => {
      client.on("disconnected", resolve);
    });
    first.die();
    await lost;
    sent.push(client.send(KITCHEN, "20"));
    await expect.poll(() => second.guests.at(-1)?.messages.length).toBe(19);
    expect(idsOf(second.guest).slice(0, 18)).toEqual(before.slice(2));
    expect(second.guest.messages.at(-1)).toMatchObject({ payload: { content: "20" } });
    for (const message of second.guest.messages) report(second.guest, message, "message_delivered");
    expect(await Promise.all(sent)).toHaveLength(21);
  });

  it("is one of few that are under way to the same receiver: the others wait, and hold nobody else up", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const sent = Array.from({ length: 100 }, (_, n) => client.send(KITCHEN, `${n}`));
    const other = client.send({ clientId: "study" }, "other");
    await expect.poll(() => peer.guest.messages.length).toBe(49);
    expect(peer.guest.messages.at(-1)).toMatchObject({ target: { clientId: "study" } });
    let reported = 0;
    await expect
      .poll(() => {
        for (const message of peer.guest.messages.slice(reported)) report(peer.guest, message, "message_delivered");
        reported = peer.guest.messages.length;
        return reported;
      })
      .toBe(101);
    expect(await Promise.all([...sent, other])).toHaveLength(101);
    const contents = peer.guest.messages.flatMap(({ target, payload }) =>
      target !== undefined && "clientId" in target && target.clientId === "kitchen" && "content" in payload
        ? [payload.content]
        : [],
    );
    expect(contents).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
  });

  it("ends with its signal, with its time, and with the client; what is over is not sent again", async () => {
    const first = await ProtocolPeer.start();
    const client = await clientOf([first]);
    const abort = new AbortController();
    const aborted = client.send(KITCHEN, "a", { signal: abort.signal });
    const late = client.send(KITCHEN, "b", { timeoutMs: 50 });
    const left = client.send(KITCHEN, "c");
    const outcomes = Promise.allSettled([aborted, late, left]);
    await expect.poll(() => first.guest.messages.length).toBe(3);
    abort.abort();
    await expect(late).rejects.toMatchObject({ code: "timed-out" });
    first.guest.socket.terminate();
    await expect.poll(() => first.guests.length).toBe(2);
    await expect.poll(() => first.guest.messages).toMatchObject([{ payload: { content: "c" } }]);
    client.close();
    expect(await outcomes).toMatchObject([
      { reason: { code: "cancelled" } },
      { reason: { code: "timed-out" } },
      { reason: { code: "connection-lost" } },
    ]);
    await expect(client.send(KITCHEN, "d")).rejects.toMatchObject({ code: "connection-lost" });
    await expect(client.send(KITCHEN, "e", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "connection-lost",
    });
  });

  it("is refused before it is sent when it is too long, and when more wait than are kept", async () => {
    const client = await clientOf([await ProtocolPeer.start()]);
    await expect(client.send(KITCHEN, "ä".repeat(600_000))).rejects.toMatchObject({
      code: "refused",
      remoteCode: "INVALID_MESSAGE",
    });
    const sent = Array.from({ length: 1001 }, () => client.send(KITCHEN, "x"));
    const outcomes = Promise.allSettled(sent);
    await expect(sent[1000]).rejects.toMatchObject({ code: "overloaded", retryable: true });
    client.close();
    expect((await outcomes).filter(({ status }) => status === "fulfilled")).toEqual([]);
  });
});

describe("a question to the peer", () => {
  it("is asked again of the next one, with the same id, and its answer is checked", async () => {
    const first = await ProtocolPeer.start();
    const hit = { id: "1", text: "Pizza is liked.", score: 0.5 };
    const second = await ProtocolPeer.start({ onMessage: (message, guest) => guest.respond(message.messageId, [hit]) });
    const client = await clientOf([first, second]);
    const searching = client.searchMemory("food", { limit: 3 });
    await expect.poll(() => first.guest.messages.length).toBe(1);
    first.die();
    expect(await searching).toEqual([hit]);
    expect(second.guest.messages).toMatchObject([
      { messageId: idsOf(first.guest)[0], payload: { queryType: "recall_memory", query: "food", limit: 3 } },
    ]);
    await expect(client.getNodeDetails("study")).rejects.toMatchObject({ code: "protocol" });
    await expect(client.query("anything")).resolves.toMatchObject({ data: [hit], processingTimeMs: 1, sources: [] });
  });

  it("ends once nobody was there for too long, where a message goes on waiting", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer], { reconnect: { ...QUICK, patienceMs: 100 } });
    const asking = client.getActiveNodes({ all: true });
    const sending = client.send(KITCHEN, "x");
    const sent = Promise.allSettled([sending]);
    await expect.poll(() => peer.guest.messages.length).toBe(2);
    peer.die();
    await expect(asking).rejects.toMatchObject({ code: "connection-lost", retryable: true });
    const back = await ProtocolPeer.startAt(Number(new URL(peer.url).port), {
      onMessage: (message, guest) => report(guest, message, "message_delivered"),
    });
    expect(await sent).toMatchObject([{ value: { status: "delivered" } }]);
    expect(back.guest.messages).toHaveLength(1);
  });

  it("fails at once when it is asked after that, until there is a peer again", async () => {
    const answer = (message: Message, guest: Guest): void => guest.result(message.messageId);
    const peer = await ProtocolPeer.start({ onMessage: answer });
    const client = await clientOf([peer], { reconnect: { ...QUICK, patienceMs: 100 } });
    peer.die();
    await expect(client.status()).rejects.toMatchObject({ code: "connection-lost" });
    // Each of these would else wait for its 30 seconds.
    const asked = [
      () => client.getActiveNodes(),
      () => client.status(),
      () => client.run("dance"),
      () => client.query("weather"),
      () => client.command(KITCHEN, "light"),
      () => client.transcribe(sound()),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: "connection-lost", retryable: true });
    await ProtocolPeer.startAt(Number(new URL(peer.url).port), { onMessage: answer });
    await expect.poll(() => client.connection.isConnected).toBe(true);
    expect(await client.status()).toEqual({});
  }, 10_000);

  it("tells of groups and channels, and says so again at the next peer", async () => {
    const answer = (message: Message, guest: Guest): void => guest.result(message.messageId);
    const first = await ProtocolPeer.start({ onMessage: answer });
    const second = await ProtocolPeer.start({ onMessage: answer });
    const client = await clientOf([first, second], { channels: ["weather"] });
    await client.join({ groups: ["family"], channels: ["news"] });
    await client.leave({ channels: ["weather"] });
    expect(first.guest.messages).toMatchObject([
      { payload: { command: "join", parameters: { groups: ["family"], channels: ["news"] } } },
      { payload: { command: "leave", parameters: { channels: ["weather"] } } },
    ]);
    first.die();
    await expect.poll(() => second.registers.length).toBe(1);
    expect(second.registers[0]).toMatchObject({ groups: ["family"], channels: ["news"] });
  });
});

describe("a message from another client", () => {
  const fromKitchen = { from: "kitchen", target: { clientId: "me" } };
  const acksOf = (guest: Guest): readonly unknown[] =>
    guest.messages.flatMap((message) => (message.type === "MESSAGE_ACK" ? [message.payload] : []));

  it("is acknowledged when its handler has finished, not before; and handled once, whatever peer it comes from", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second], { clientId: "me" });
    const finish = Promise.withResolvers<void>();
    const handled: string[] = [];
    client.onMessage(async ({ content }) => {
      handled.push(content);
      await finish.promise;
    });
    const message = createMessage("MESSAGE", { content: "dinner" }, fromKitchen);
    first.guest.say(message);
    await expect.poll(() => handled).toEqual(["dinner"]);
    first.guest.say(message);
    await sleep(30);
    expect(acksOf(first.guest)).toEqual([]);
    first.die();
    await expect.poll(() => second.guests.length).toBe(1);
    second.guest.say(message);
    await sleep(30);
    expect(acksOf(second.guest)).toEqual([]);
    finish.resolve();
    await expect.poll(() => acksOf(second.guest)).toEqual([{ messageId: message.messageId, success: true }]);
    second.guest.say(message);
    await expect.poll(() => acksOf(second.guest).length).toBe(2);
    expect(handled).toEqual(["dinner"]);
  });

  it("comes in the order of its sender, and does not wait for those of others", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const finish = Promise.withResolvers<void>();
    const begun: string[] = [];
    client.onMessage(async ({ content, from }) => {
      begun.push(`${from} ${content}`);
      if (from === "slow") await finish.promise;
    });
    for (const [from, content] of [
      ["slow", "1"],
      ["slow", "2"],
      ["quick", "3"],
    ] as const) {
      // prettier-ignore
      peer.guest.say(createMessage("MESSAGE", { content }, { from, target: { clientId: client.clientId } }));
    }
    await expect.poll(() => begun).toEqual(["slow 1", "quick 3"]);
    finish.resolve();
    await expect.poll(() => begun).toEqual(["slow 1", "quick 3", "slow 2"]);
  });

  it("waits, unacknowledged, for somebody who listens", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    peer.guest.say(createMessage("MESSAGE", { content: "early" }, fromKitchen));
    peer.guest.say(
      createMessage("BROADCAST", { channel: "news", content: "all" }, { from: "x", target: { all: true } }),
    );
    await sleep(50);
    expect(acksOf(peer.guest)).toEqual([]);
    const seen: IncomingMessage[] = [];
    client.on("message", (message) => seen.push(message));
    await expect
      .poll(() => seen)
      .toMatchObject([
        {
          content: "early",
          from: "kitchen",
          contentType: "text/plain",
          attachments: [],
          channel: undefined,
          priority: 5,
        },
        { content: "all", from: "x", channel: "news" },
      ]);
    // A message to all is not acknowledged.
    await expect.poll(() => acksOf(peer.guest).length).toBe(1);
  });

  it("whose handler fails comes again; one that is refused does not", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const errors: unknown[] = [];
    client.on("error", (error) => errors.push(error));
    const outOfPaper = new Error("out of paper");
    client.onMessage(() => {
      throw errors.length === 0 ? outOfPaper : new MessageRefused("no such printer", "Name another.");
    });
    const message = createMessage("MESSAGE", { content: "print" }, fromKitchen);
    peer.guest.say(message);
    await expect.poll(() => errors.length).toBe(1);
    expect(acksOf(peer.guest)).toEqual([]);
    peer.guest.say(message);
    await expect
      .poll(() => acksOf(peer.guest))
      .toMatchObject([
        { success: false, error: { code: "refused", message: "no such printer", nextStep: "Name another." } },
      ]);
    // Who refuses has not failed.
    expect(errors).toEqual([outOfPaper]);
  });

  it("is answered to its sender", async () => {
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => report(guest, message, "message_delivered"),
    });
    const client = await clientOf([peer]);
    const answered = Promise.withResolvers<unknown>();
    client.onMessage(async (message) => answered.resolve(await message.reply("coming")));
    const asked = createMessage("MESSAGE", { content: "dinner" }, { ...fromKitchen, correlationId: "meal" });
    peer.guest.say(asked);
    expect(await answered.promise).toMatchObject({ status: "delivered" });
    expect(peer.guest.messages[0]).toMatchObject({
      type: "MESSAGE",
      target: KITCHEN,
      inReplyTo: asked.messageId,
      correlationId: "meal",
    });
  });
});

describe("commands and questions of other clients", () => {
  const fromHall = { from: "hall", target: { clientId: "me" } };

  it("are carried out once, and what came of it is told again when they are repeated", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer], { clientId: "me" });
    let done = 0;
    client.onCommand("light", ({ parameters, from }) => {
      done += 1;
      return { is: parameters["to"], by: from };
    });
    const command = createMessage("COMMAND", { command: "light", parameters: { to: "on" } }, fromHall);
    peer.guest.say(command);
    await expect.poll(() => peer.guest.messages.length).toBe(1);
    peer.guest.say(command);
    await expect.poll(() => peer.guest.messages.length).toBe(2);
    expect(done).toBe(1);
    expect(peer.guest.messages[1]).toMatchObject({
      type: "COMMAND_RESULT",
      target: { clientId: "hall" },
      inReplyTo: command.messageId,
      payload: { commandId: command.messageId, success: true, result: { is: "on", by: "hall" } },
    });
    expect(() => client.onCommand("light", () => undefined)).toThrow(RangeError);
  });

  it("that nobody knows, or that fail, are answered so", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer], { clientId: "me" });
    client.onQuery("weather", () => {
      throw new Error("no sensor");
    });
    for (const queryType of ["weather", "mood"]) peer.guest.say(createMessage("QUERY", { queryType }, fromHall));
    peer.guest.say(createMessage("COMMAND", { command: "dance", parameters: {} }, fromHall));
    await expect.poll(() => peer.guest.messages.length).toBe(3);
    const codes = peer.guest.messages.map((message) => "error" in message.payload && message.payload.error);
    expect(codes).toMatchObject(expect.arrayContaining([
      expect.objectContaining({ code: "failed", message: "no sensor" }),
      expect.objectContaining({ code: "unknown-query" }),
      expect.objectContaining({ code: "unknown-command" }),
    ])); // prettier-ignore
  });

  it("can be answered by whoever listens", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer], { clientId: "me" });
    client.on("query", (query) => (query.queryType === "age" ? query.respond(7) : query.refuse("too personal")));
    for (const queryType of ["age", "weight"]) peer.guest.say(createMessage("QUERY", { queryType }, fromHall));
    await expect
      .poll(() => peer.guest.messages.map(({ payload }) => payload))
      .toMatchObject([
        { success: true, data: 7 },
        { success: false, error: { code: "refused", message: "too personal" } },
      ]);
  });

  it("are put to others, too", async () => {
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        const { messageId } = message;
        if (message.type === "COMMAND") {
          report(guest, message, "message_delivered");
          const payload = { commandId: messageId, success: true, result: { done: true } };
          guest.say(createMessage("COMMAND_RESULT", payload, { from: "kitchen" }));
        }
        const payload = { queryId: messageId, success: true, data: "blue", processingTime: 1 };
        if (message.type === "QUERY") guest.say(createMessage("RESPONSE", payload, { from: "kitchen" }));
        if (message.type === "EVENT") report(guest, message, "message_delivered");
      },
    });
    const client = await clientOf([peer]);
    expect(await client.command(KITCHEN, "boil", { minutes: 4 })).toEqual({ done: true });
    expect(await client.query("colour", { to: KITCHEN })).toMatchObject({ data: "blue" });
    expect(await client.tell(KITCHEN, "door_open", { door: "front" })).toMatchObject({ status: "delivered" });
    expect(peer.guest.messages).toMatchObject([
      { target: KITCHEN, payload: { requiresAck: true } },
      // Their answers are messages as well, behind which others wait.
      { type: "MESSAGE_ACK", payload: { success: true } },
      { target: KITCHEN },
      { type: "MESSAGE_ACK", payload: { success: true } },
      { target: KITCHEN, payload: { eventType: "door_open", eventData: { door: "front" } } },
    ]);
  });

  it("and what happens, reach who listens to it", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const seen: unknown[] = [];
    client.on("event", ({ from, type, data }) => seen.push({ from, type, data }));
    const happened = { eventType: "door_open", eventData: { door: "front" }, timestamp: 1 };
    peer.guest.say(createMessage("EVENT", happened, { from: "door", target: { clientId: client.clientId } }));
    peer.guest.say(createMessage("EVENT", { ...happened, eventType: "client_connected" }, { from: "server" }));
    await expect
      .poll(() => seen)
      .toMatchObject([
        { from: "door", type: "door_open", data: { door: "front" } },
        { from: "server", type: "client_connected" },
      ]);
  });
});

async function* sound(): AsyncGenerator<Float32Array> {
  yield new Float32Array(160);
}

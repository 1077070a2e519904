import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createMessage, type TurnEvent } from "../../src/index.ts";
import { Microphone, places, placesOf } from "./microphone.ts";
import { clientOf, commandOf, follow, ProtocolPeer, QUICK } from "./protocol-peer.ts";

const done = { timings: { totalMs: 1 } };
const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === "text" ? event.delta : "")).join("");

describe("a question whose peer is lost", () => {
  it("is asked of the next peer when nothing of the answer was given out", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        const { id, parameters } = commandOf(message);
        expect(parameters).toMatchObject({ input: { kind: "text", text: "hello" } });
        guest.event(id, "question", { text: "hello" });
        guest.event(id, "text", { delta: "Good day." });
        guest.event(id, "done", done);
        guest.result(id);
      },
    });
    const client = await clientOf([first, second]);
    const asking = follow(client.ask({ text: "hello" }));
    await expect.poll(() => first.guest.messages.length).toBe(1);
    first.guest.event(commandOf(first.guest.messages[0]).id, "question", { text: "hello" });
    await sleep(20);
    first.die();
    const { events, error } = await asking;
    expect(error).toBeUndefined();
    // The question was told once.
    expect(events.map(({ type }) => type)).toEqual(["question", "text", "done"]);
  });

  it("ends as one that may be asked again when the answer had begun; what was given out is not given again", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const asking = follow(client.ask({ text: "hello" }));
    await expect.poll(() => first.guest.messages.length).toBe(1);
    first.guest.event(commandOf(first.guest.messages[0]).id, "text", { delta: "Good" });
    await sleep(20);
    first.die();
    const { events, error } = await asking;
    expect(textOf(events)).toBe("Good");
    expect(error).toMatchObject({ code: "connection-lost", retryable: true });
    await expect.poll(() => second.guests.length).toBe(1);
    expect(second.guest.messages).toEqual([]);
  });

  it("in sound is asked with all of its sound; what was heard of it is not told twice", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    const asking = follow(client.ask({ audio: microphone }));
    microphone.give(4000);
    await expect.poll(() => first.guest.frames.length).toBe(3);
    const { id } = commandOf(first.guest.messages[0]);
    first.guest.event(id, "speech-start", { atMs: 10 });
    first.guest.event(id, "segment", { segment: 0, text: "How late", startMs: 10, endMs: 90 });
    await sleep(20);
    first.die();
    microphone.give(1000);
    microphone.end();
    await expect.poll(() => second.guests.at(-1)?.messages.length).toBe(2);
    expect(second.guest.frames.flatMap(({ samples }) => placesOf(samples))).toEqual(places(0, 5000));
    expect(second.guest.frames.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
    const again = commandOf(second.guest.messages[0]).id;
    expect(commandOf(second.guest.messages[1])).toMatchObject({
      command: "input.end",
      parameters: { commandId: again },
    });
    second.guest.event(again, "speech-start", { atMs: 10 });
    second.guest.event(again, "segment", { segment: 0, text: "How late", startMs: 10, endMs: 90 });
    second.guest.event(again, "segment", { segment: 1, text: "is it?", startMs: 100, endMs: 190 });
    second.guest.event(again, "question", { text: "How late is it?" });
    second.guest.event(again, "text", { delta: "Ten." });
    second.guest.event(again, "done", done);
    second.guest.result(again);
    const { events, error } = await asking;
    expect(error).toBeUndefined();
    expect(events.map((event) => ("text" in event ? event.text : event.type))).toEqual([
      "speech-start",
      "How late",
      "is it?",
      "How late is it?",
      "text",
      "done",
    ]);
  });

  it("is asked in words once its words are known", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    const asking = follow(client.ask({ audio: microphone }));
    microphone.give(1600);
    microphone.end();
    await expect.poll(() => first.guest.messages.length).toBe(2);
    first.guest.event(commandOf(first.guest.messages[0]).id, "question", { text: "How late is it?" });
    await sleep(20);
    first.die();
    await expect.poll(() => second.guests.at(-1)?.messages.length).toBe(1);
    const { id, parameters } = commandOf(second.guest.messages[0]);
    expect(parameters).toMatchObject({ input: { kind: "text", text: "How late is it?" } });
    second.guest.event(id, "done", done);
    second.guest.result(id);
    expect((await asking).error).toBeUndefined();
    expect(second.guest.frames).toEqual([]);
  });
});

describe("speech to text whose peer is lost", () => {
  it("goes on with what was not told yet, and its times and numbers are those of the whole", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    const listening = follow(client.listen(microphone));
    microphone.give(16_000);
    await expect.poll(() => first.guest.frames.length).toBe(10);
    const { id } = commandOf(first.guest.messages[0]);
    first.guest.event(id, "speech-start", { atMs: 100 });
    first.guest.event(id, "segment", { segment: 0, text: "One.", startMs: 100, endMs: 400 });
    first.guest.event(id, "speech-start", { atMs: 950 });
    first.guest.event(id, "partial", { segment: 1, text: "T" });
    await sleep(20);
    first.die();
    microphone.give(1600);
    microphone.end();
    await expect.poll(() => second.guests.at(-1)?.messages.length).toBe(2);
    // Half a second before the stretch that had begun: its place is known no better than that.
    expect(second.guest.frames.flatMap(({ samples }) => placesOf(samples))).toEqual(places(7200, 10_400));
    expect(second.guest.frames[0]).toMatchObject({ sequence: 0, timestampMs: 0 });
    const again = commandOf(second.guest.messages[0]).id;
    second.guest.event(again, "speech-start", { atMs: 500 });
    second.guest.event(again, "partial", { segment: 0, text: "Tw" });
    const words = [{ text: "Two.", startMs: 510, endMs: 640 }];
    second.guest.event(again, "segment", { segment: 0, text: "Two.", startMs: 500, endMs: 650, words });
    second.guest.event(again, "done", done);
    second.guest.result(again);
    const { events, error } = await listening;
    expect(error).toBeUndefined();
    expect(events).toMatchObject([
      { type: "speech-start", atMs: 100 },
      { type: "segment", segment: 0, text: "One." },
      { type: "speech-start", atMs: 950 },
      { type: "partial", segment: 1, text: "T" },
      { type: "speech-start", atMs: 950 },
      { type: "partial", segment: 1, text: "Tw" },
      { type: "segment", segment: 1, text: "Two.", startMs: 950, endMs: 1100, words: [{ startMs: 960, endMs: 1090 }] },
      { type: "done" },
    ]);
  });

  it("is transcribed whole over three peers that die one after the other", async () => {
    const answered = async (peer: ProtocolPeer, text: string): Promise<void> => {
      await expect.poll(() => peer.guests.at(-1)?.frames.length ?? 0).toBeGreaterThan(0);
      const { id } = commandOf(peer.guest.messages[0]);
      const lastMs = peer.guest.frames.length * 100;
      peer.guest.event(id, "segment", { segment: 0, text, startMs: 0, endMs: lastMs });
      await sleep(20);
    };
    const peers = [await ProtocolPeer.start(), await ProtocolPeer.start(), await ProtocolPeer.start()] as const;
    const client = await clientOf(peers);
    const microphone = new Microphone();
    const transcript = client.transcribe(microphone);
    const left = new Set(peers);
    for (const text of ["One.", "Two.", "Three."]) {
      microphone.give(1600);
      await expect.poll(() => [...left].find((peer) => peer.url === client.connection.url)).toBeDefined();
      const peer = [...left].find(({ url }) => url === client.connection.url);
      if (peer === undefined) throw new Error("no peer");
      await answered(peer, text);
      if (text === "Three.") {
        microphone.end();
        await expect.poll(() => peer.guest.messages.length).toBe(2);
        peer.guest.result(commandOf(peer.guest.messages[0]).id);
      } else peer.die();
      left.delete(peer);
    }
    expect(await transcript).toBe("One. Two. Three.");
  });

  it("ends with its signal while no peer is there, and with what the source itself throws", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const abort = new AbortController();
    const listening = follow(client.listen(new Microphone(), { signal: abort.signal }));
    peer.die();
    await expect.poll(() => client.connection.isConnected).toBe(false);
    abort.abort();
    expect(await listening).toMatchObject({ events: [], error: { code: "cancelled" } });
    async function* broken(): AsyncGenerator<Float32Array> {
      yield await Promise.reject<Float32Array>(new Error("unplugged"));
    }
    expect(await follow(client.listen(broken()))).toMatchObject({ error: { message: "unplugged" } });
  });
});

describe("speaking whose peer is lost", () => {
  it("begins at the next peer when nothing was heard, and is cut off when something was", async () => {
    const sound = (peer: ProtocolPeer): void => {
      const frame = new Uint8Array(16 + 4);
      const view = new DataView(frame.buffer);
      frame.set([0x50, 1]);
      view.setUint16(2, 240, true);
      view.setUint32(4, Number(commandOf(peer.guest.messages[0]).parameters["stream"]), true);
      peer.guest.socket.send(frame);
    };
    const peers = [await ProtocolPeer.start(), await ProtocolPeer.start(), await ProtocolPeer.start()] as const;
    const client = await clientOf(peers);
    const saying = follow(client.say("Good morning."));
    const [first] = peers;
    await expect.poll(() => first.guest.messages.length).toBe(1);
    first.guest.event(commandOf(first.guest.messages[0]).id, "sentence", { index: 0, text: "Good morning." });
    await sleep(20);
    first.die();
    await expect.poll(() => peers.slice(1).some((peer) => peer.guests.at(-1)?.messages.length === 1)).toBe(true);
    const next = peers.slice(1).find((peer) => peer.guests.length > 0);
    if (next === undefined) throw new Error("no peer");
    next.guest.event(commandOf(next.guest.messages[0]).id, "sentence", { index: 0, text: "Good morning." });
    sound(next);
    await sleep(20);
    next.die();
    const { events, error } = await saying;
    expect(events.map(({ type }) => type)).toEqual(["sentence", "audio"]);
    expect(error).toMatchObject({ code: "connection-lost", retryable: true });
  });
});

describe("work at a peer", () => {
  it("is told to stop when its reader stops, its signal aborts, or what was said of it is refused", async () => {
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        if (message.type !== "COMMAND") return;
        if (message.payload.command === "ask") guest.event(message.messageId, "text", { delta: "word" });
        if (message.payload.command === "talk.key") guest.refuse(message.messageId, "INVALID_MESSAGE");
      },
    });
    const client = await clientOf([peer]);
    const cancels = (): readonly unknown[] =>
      peer.guest.messages.flatMap((message) =>
        commandOf(message).command === "cancel" ? [commandOf(message).parameters["commandId"]] : [],
      );
    for await (const { type } of client.ask({ text: "one" })) if (type === "text") break;
    const abort = new AbortController();
    const asking = follow(client.ask({ text: "two" }, { signal: abort.signal }));
    abort.abort();
    expect((await asking).error).toMatchObject({ code: "cancelled" });
    const talk = client.talk(new Microphone());
    talk.key("press");
    expect((await follow(talk.events)).error).toMatchObject({ code: "refused" });
    const works = peer.guest.messages.filter((message) => ["ask", "talk"].includes(commandOf(message).command));
    await expect.poll(cancels).toEqual(works.map(({ messageId }) => messageId));
  });

  it("that is over is heard of no more, though something of it was still on its way", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const heard: unknown[] = [];
    client.on("event", (event) => heard.push(event));
    const abort = new AbortController();
    const asking = follow(client.ask({ text: "one" }, { signal: abort.signal }));
    await expect.poll(() => peer.guest.messages.length).toBe(1);
    abort.abort();
    await asking;
    peer.guest.event(commandOf(peer.guest.messages[0]).id, "text", { delta: "late" });
    peer.guest.say(createMessage("EVENT", { eventType: "news", eventData: {}, timestamp: 1 }, { from: "server" }));
    await expect.poll(() => heard).toMatchObject([{ type: "news" }]);
  });

  it("is no more at once than a client keeps", async () => {
    const client = await clientOf([await ProtocolPeer.start()]);
    const asked = Array.from({ length: 70 }, () => follow(client.ask({ text: "hello" })));
    const refused = await Promise.all(asked.slice(64));
    for (const { error } of refused) expect(error).toMatchObject({ code: "overloaded", retryable: true });
    client.close();
    for (const { error } of await Promise.all(asked.slice(0, 64)))
      expect(error).toMatchObject({ code: "connection-lost" });
  });

  it("that failed may be asked again where all were only busy, and not where it could not be done", async () => {
    const codes = ["engine-busy", "model-missing"];
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        const error = { code: codes.shift() ?? "", message: "not now", nextStep: "See." };
        const payload = { commandId: message.messageId, success: false, error };
        guest.say(createMessage("COMMAND_RESULT", payload, { from: "server" }));
      },
    });
    const client = await clientOf([peer]);
    const busy = await follow(client.ask({ text: "hello" }));
    expect(busy.error).toMatchObject({ code: "work-failed", remoteCode: "engine-busy", retryable: true });
    const missing = await follow(client.ask({ text: "hello" }));
    expect(missing.error).toMatchObject({ code: "work-failed", remoteCode: "model-missing", retryable: false });
  });

  it("that peers die of is not asked for ever", async () => {
    const peer = await ProtocolPeer.start({ onMessage: (_, { socket }) => socket.send("{}") });
    const client = await clientOf([peer]);
    await expect(client.status()).rejects.toMatchObject({ code: "protocol", retryable: true });
    expect(peer.guests.length).toBe(5);
    const { error } = await follow(client.ask({ text: "hello" }));
    expect(error).toMatchObject({ code: "protocol", retryable: true });
    await expect.poll(() => peer.guests.length).toBeGreaterThanOrEqual(9);
  });

  it("of a peer that breaks the protocol is asked of another one", async () => {
    const peer = await ProtocolPeer.start({ onMessage: (_, { socket }) => socket.send("{}") });
    const other = await ProtocolPeer.start({
      onMessage: (message, guest) => guest.result(message.messageId, { fine: true }),
    });
    const client = await clientOf([peer, other], { reconnect: QUICK });
    expect(await client.status()).toEqual({ fine: true });
  });
});

import { describe, expect, it } from "vitest";
import { createMessage, encodeAudioFrame, SERVER_ID, SESSION_MOVED, STAYS } from "../../src/index.ts";
import { NotingSpeaker, reading } from "./listening.ts";
import { Microphone } from "./microphone.ts";
import { clientOf, commandOf, ProtocolPeer, type Guest } from "./protocol-peer.ts";

const RATE_HZ = 16_000;
const timing = { durationMs: 100, words: [], visemes: [] };
const done = { timings: { totalMs: 1 } };

/** `ms` of sound of a command. */
function sound(guest: Guest, stream: unknown, sequence: number, ms: number): void {
  const samples = new Float32Array((ms * RATE_HZ) / 1000);
  guest.socket.send(
    encodeAudioFrame({ stream: Number(stream), sequence, timestampMs: 0, sampleRateHz: RATE_HZ, samples }),
  );
}

/** All events as they come, and how it ends. */
function noted<T>(events: AsyncIterable<T>): { readonly seen: T[]; readonly end: Promise<unknown> } {
  const seen: T[] = [];
  const read = async (): Promise<unknown> => {
    try {
      for await (const event of events) seen.push(event);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  return { seen, end: read() };
}

async function commandAt(
  peer: ProtocolPeer,
): Promise<{ guest: Guest; id: string; parameters: Record<string, unknown> }> {
  await expect.poll(() => peer.guests.at(-1)?.messages.length ?? 0).toBeGreaterThan(0);
  const { id, parameters } = commandOf(peer.guest.messages[0]);
  return { guest: peer.guest, id, parameters };
}

describe("an answer whose peer is lost, with another that goes on", () => {
  it("is gone on with where its caller has got to, and the caller is told nothing twice", async () => {
    const first = await ProtocolPeer.start({ resume: true });
    const second = await ProtocolPeer.start({ resume: true });
    const client = await clientOf([first, second]);
    const asking = noted(client.ask({ text: "well?" }, { speak: true }));
    const { guest, id, parameters } = await commandAt(first);
    guest.event(id, "question", { text: "well?" });
    guest.event(id, "text", { delta: "One here. Two he" });
    guest.event(id, "sentence", { index: 0, text: "One here.", from: 0, to: 10 });
    sound(guest, parameters["stream"], 0, 100);
    guest.event(id, "timing", { index: 0, ...timing });
    guest.event(id, "sentence", { index: 1, text: "Two here.", from: 10, to: 20 });
    sound(guest, parameters["stream"], 1, 40);
    sound(guest, parameters["stream"], 2, 20);
    await expect.poll(() => asking.seen.length).toBe(8);
    first.die();
    const next = await commandAt(second);
    expect(next.parameters).toMatchObject({
      workId: parameters["workId"],
      input: { kind: "text", text: "well?" },
      soFar: { question: "well?", text: "One here. Two he", spoken: 10, index: 1, heardMs: 60 },
    });
    next.guest.event(next.id, "question", { text: "well?" });
    next.guest.event(next.id, "text", { delta: "re. " });
    next.guest.event(next.id, "sentence", { index: 1, text: "Two here.", from: 10, to: 20 });
    sound(next.guest, next.parameters["stream"], 0, 30);
    next.guest.event(next.id, "timing", { index: 1, ...timing });
    next.guest.event(next.id, "done", done);
    next.guest.result(next.id);
    expect(await asking.end).toBeUndefined();
    expect(asking.seen.map((event) => (event.type === "text" ? event.delta : "")).join("")).toBe(
      "One here. Two here. ",
    );
    expect(asking.seen.map(({ type }) => type).join(" ")).toBe(
      "question text sentence audio timing sentence audio audio text audio timing done",
    );
  });

  it("is asked for with its whole length, where that was told: nobody has to think about the rest; and without once there is more", async () => {
    const peers = [await ProtocolPeer.start({ resume: true }), await ProtocolPeer.start({ resume: true })];
    const client = await clientOf(peers);
    const asking = noted(client.ask({ text: "well?" }, { speak: true }));
    const soFar: unknown[] = [];
    for (const [n, text] of ["One here. ", "Two here. "].entries()) {
      await expect.poll(() => peers.some(({ guests }) => guests.at(-1)?.messages.length === 1)).toBe(true);
      const peer = peers.find(({ guests }) => guests.at(-1)?.messages.length === 1);
      if (peer === undefined) throw new Error("nobody is asked");
      const { guest, id, parameters } = await commandAt(peer);
      soFar.push(parameters["soFar"]);
      if (n === 0) guest.event(id, "question", { text: "well?" });
      guest.event(id, "text", { delta: text });
      if (n === 0) guest.event(id, "sentence", { index: 0, text: "One here.", from: 0, to: 10, length: 10 });
      await expect.poll(() => asking.seen.filter(({ type }) => type === "text").length).toBe(n + 1);
      peer.die();
      if (n === 0) peers.splice(peers.indexOf(peer), 1);
      if (n === 1) peers.splice(0, 1, await ProtocolPeer.startAt(Number(new URL(peer.url).port), { resume: true }));
    }
    const [last] = peers;
    if (last === undefined) throw new Error("it was started again");
    soFar.push((await commandAt(last)).parameters["soFar"]);
    expect(soFar).toMatchObject([undefined, { text: "One here. ", length: 10 }, { text: "One here. Two here. " }]);
    expect(soFar[2]).not.toHaveProperty("length");
  });

  it("is whole as soon as its peer says that nothing more is written, and that is nothing to read", async () => {
    const [first, second] = [await ProtocolPeer.start({ resume: true }), await ProtocolPeer.start({ resume: true })];
    const client = await clientOf([first, second]);
    const asking = noted(client.ask({ text: "well?" }, { speak: true }));
    const { guest, id } = await commandAt(first);
    guest.event(id, "question", { text: "well?" });
    guest.event(id, "text", { delta: "One here." });
    guest.event(id, "text", { delta: "", length: 9 });
    guest.event(id, "sentence", { index: 0, text: "One here.", from: 0, to: 9 });
    await expect.poll(() => asking.seen.map(({ type }) => type)).toEqual(["question", "text", "sentence"]);
    first.die();
    expect((await commandAt(second)).parameters).toMatchObject({ soFar: { text: "One here.", length: 9 } });
  });

  it("is gone on with by a third when the second is lost, with the sound of both", async () => {
    const left = new Set<ProtocolPeer>();
    while (left.size < 3) left.add(await ProtocolPeer.start({ resume: true }));
    const client = await clientOf([...left]);
    // Which one comes next is left to chance.
    const next = async (): Promise<ProtocolPeer> => {
      const asked = (): ProtocolPeer | undefined =>
        [...left].find(({ guests }) => guests.at(-1)?.messages.length === 1);
      await expect.poll(asked).toBeDefined();
      const peer = asked();
      if (peer === undefined) throw new Error("nobody is asked");
      left.delete(peer);
      return peer;
    };
    const saying = noted(client.say("One here. Two here."));
    for (const n of [0, 1]) {
      const peer = await next();
      const { guest, id, parameters } = await commandAt(peer);
      if (n === 0) guest.event(id, "text", { delta: "One here. Two here." });
      guest.event(id, "sentence", { index: 0, text: "One here.", from: 0, to: 10 });
      sound(guest, parameters["stream"], 0, 50);
      await expect.poll(() => saying.seen.filter(({ type }) => type === "audio").length).toBe(n + 1);
      peer.die();
    }
    const { parameters } = await commandAt(await next());
    expect(parameters).toMatchObject({
      text: "One here. Two here.",
      soFar: { text: "One here. Two here.", spoken: 0, index: 0, heardMs: 100 },
    });
  });

  it.each([
    ["whose sentences say nothing of their places", { index: 0, text: "Good." }],
    ["that is too long to be told", { index: 0, text: "Good.", from: 0, to: 6 }],
  ])("%s is cut off", async (what, sentence) => {
    const first = await ProtocolPeer.start({ resume: true });
    const second = await ProtocolPeer.start({ resume: true });
    const client = await clientOf([first, second]);
    const asking = noted(client.ask({ text: "well?" }, { speak: true }));
    const { guest, id } = await commandAt(first);
    guest.event(id, "text", { delta: what.includes("long") ? "x".repeat(60_001) : "Good." });
    guest.event(id, "sentence", sentence);
    await expect.poll(() => asking.seen.length).toBe(2);
    first.die();
    expect(await asking.end).toMatchObject({ code: "connection-lost", retryable: true });
  });
});

describe("an answer whose session has moved", () => {
  it("is asked for again on the same connection, where its caller has got to, behind the word that this is known", async () => {
    const peer = await ProtocolPeer.start({ resume: true });
    const client = await clientOf([peer]);
    const lost: unknown[] = [];
    client.on("disconnected", (event) => lost.push(event));
    const asking = noted(client.ask({ text: "well?" }, { speak: true }));
    const { guest, id, parameters } = await commandAt(peer);
    expect(guest.register.payload.capabilities?.features).toContain(STAYS);
    guest.event(id, "question", { text: "well?" });
    guest.event(id, "text", { delta: "One here. Two here." });
    guest.event(id, "sentence", { index: 0, text: "One here.", from: 0, to: 10 });
    sound(guest, parameters["stream"], 0, 50);
    await expect.poll(() => asking.seen.length).toBe(4);
    const payload = { eventType: SESSION_MOVED, eventData: {}, timestamp: 0 };
    const moved = createMessage("EVENT", payload, { from: SERVER_ID });
    guest.say(moved);
    // Of the place that is gone: nobody is told.
    guest.event(id, "text", { delta: "What?" });
    await expect.poll(() => guest.messages.length).toBe(3);
    expect(guest.messages[1]).toMatchObject({
      type: "MESSAGE_ACK",
      payload: { messageId: moved.messageId, success: true },
    });
    const next = commandOf(guest.messages[2]);
    expect(next.id).not.toBe(id);
    expect(next.parameters["stream"]).not.toBe(parameters["stream"]);
    expect(next.parameters).toMatchObject({
      workId: parameters["workId"],
      soFar: { question: "well?", text: "One here. Two here.", spoken: 0, index: 0, heardMs: 50 },
    });
    guest.event(next.id, "done", done);
    guest.result(next.id);
    expect(await asking.end).toBeUndefined();
    expect(asking.seen.map(({ type }) => type).join(" ")).toBe("question text sentence audio done");
    expect(lost).toEqual([]);
  });
});

describe("a conversation whose peer is lost, with another that goes on", () => {
  it("plays on, and the rest of the reply behind it, counted from its own beginning", async () => {
    const first = await ProtocolPeer.start({ resume: true });
    const second = await ProtocolPeer.start({ resume: true });
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    const speaker = new NotingSpeaker({ heardMs: 0, notesLengths: true });
    const seen = reading(client.talk(microphone, { speaker }).events);
    const { guest, id, parameters } = await commandAt(first);
    microphone.give(64_000);
    await expect.poll(() => guest.frames.length).toBe(40);
    guest.event(id, "state", { turn: 1, state: "listening_for_command" });
    guest.event(id, "question", { turn: 1, text: "q", id: "t#1" });
    guest.event(id, "text", { turn: 1, delta: "One here. Two" });
    guest.event(id, "state", { turn: 1, state: "speaking" });
    guest.event(id, "reply", { reply: 1 });
    guest.event(id, "sentence", { turn: 1, index: 0, text: "One here.", from: 0, to: 10 });
    sound(guest, parameters["stream"], 0, 100);
    await expect.poll(() => speaker.deeds).toEqual(["play 100"]);
    first.die();
    const next = await commandAt(second);
    // What was asked is not heard again.
    expect(next.parameters).toMatchObject({
      workId: parameters["workId"],
      audioFromMs: 4000,
      soFar: { question: "q", turnId: "t#1", text: "One here. Two", spoken: 0, index: 0, heardMs: 100 },
    });
    speaker.heardMs = 70;
    next.guest.event(next.id, "text", { turn: 1, delta: " here." });
    next.guest.event(next.id, "reply", { reply: 1 });
    next.guest.event(next.id, "sentence", { turn: 1, index: 0, text: "One here.", from: 0, to: 10 });
    sound(next.guest, next.parameters["stream"], 0, 50);
    await expect.poll(() => speaker.deeds).toEqual(["play 100", "play 50"]);
    const heard = (): unknown[] =>
      next.guest.messages
        .map((message) => commandOf(message))
        .filter(({ command }) => command === "talk.heard")
        .map(({ parameters: told }) => told["heardMs"]);
    await expect.poll(heard).toContain(0);
    speaker.heardMs = 130;
    await expect.poll(heard).toContain(30);
    next.guest.event(next.id, "turn", {
      turn: 1,
      outcome: "complete",
      question: "q",
      reply: "One here. Two here.",
      heard: "One here. Two here.",
      heardMs: 50,
      tone: "Neutral",
    });
    await expect.poll(() => seen.at(-1)).toMatchObject({ type: "turn", turn: 1, heardMs: 150 });
    expect(seen.map(({ type }) => type)).not.toContain("problem");
    // The sentence that was cut comes again; who shows them has it already.
    expect(seen.filter(({ type }) => type === "sentence")).toHaveLength(1);
    // The next turn there is the next one here.
    next.guest.event(next.id, "partial", { turn: 2, text: "And" });
    await expect.poll(() => seen.at(-1)).toMatchObject({ type: "partial", turn: 2 });
  });

  it("is taken up with its question when that is certain and nothing of the answer came; else it is heard again", async () => {
    for (const state of ["processing", "listening_for_command"] as const) {
      const first = await ProtocolPeer.start({ resume: true });
      const second = await ProtocolPeer.start({ resume: true });
      const client = await clientOf([first, second]);
      const microphone = new Microphone();
      const seen = reading(client.talk(microphone).events);
      const { guest, id } = await commandAt(first);
      microphone.give(32_000);
      await expect.poll(() => guest.frames.length).toBe(20);
      guest.event(id, "state", { turn: 1, state: "listening_for_command" });
      guest.event(id, "question", { turn: 1, text: "q" });
      if (state === "processing") guest.event(id, "state", { turn: 1, state });
      await expect.poll(() => seen.length).toBe(state === "processing" ? 3 : 2);
      first.die();
      const { parameters } = await commandAt(second);
      if (state === "processing") expect(parameters["soFar"]).toMatchObject({ question: "q", text: "" });
      else expect(parameters["soFar"]).toBeUndefined();
      expect(parameters["audioFromMs"]).toBe(state === "processing" ? 2000 : 0);
      client.close();
    }
  });
});

import fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { TalkEvent } from "../../src/protocol/talk.ts";
import { RunningTalk } from "../../src/client/work/talk.ts";
import { Utterance } from "../../src/client/work/utterance.ts";
import { NotingSpeaker, reading } from "./listening.ts";
import { Microphone, placesOf } from "./microphone.ts";
import { clientOf, commandOf, ProtocolPeer, type Guest } from "./protocol-peer.ts";

async function talkIdOf(peer: ProtocolPeer): Promise<{ readonly id: string; readonly guest: Guest }> {
  await expect.poll(() => peer.guests.at(-1)?.messages.length ?? 0).toBeGreaterThan(0);
  return { id: commandOf(peer.guest.messages[0]).id, guest: peer.guest };
}

const toldOf = (guest: Guest, command: string): Record<string, unknown>[] =>
  guest.messages
    .map((message) => commandOf(message))
    .filter((told) => told.command === command)
    .map(({ parameters }) => parameters);

const turnOf = (turn: number, outcome = "complete") => ({
  turn,
  outcome,
  question: "q",
  reply: "r",
  heard: "r",
  heardMs: 1,
  tone: "Neutral",
});

describe("a conversation whose peer is lost", () => {
  it("goes on at the next one, which hears what was being said and not answered; turns and replies are numbered on", async () => {
    const first = await ProtocolPeer.start({ name: "first" });
    const second = await ProtocolPeer.start({ name: "second" });
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    const speaker = new NotingSpeaker();
    const talk = client.talk(microphone, { speaker });
    const seen = reading(talk.events);
    const { id, guest } = await talkIdOf(first);
    // Three seconds, of which a first turn is answered; then somebody speaks again.
    microphone.give(48_000);
    await expect.poll(() => guest.frames.length).toBe(30);
    guest.event(id, "state", { turn: 1, state: "listening_for_command" });
    guest.event(id, "question", { turn: 1, text: "q" });
    guest.event(id, "text", { turn: 1, delta: "r" });
    guest.event(id, "reply", { reply: 1 });
    guest.event(id, "reply-end", { reply: 1 });
    guest.event(id, "turn", turnOf(1));
    await expect.poll(() => toldOf(guest, "talk.heard")).toMatchObject([{ reply: 1, state: "finished" }]);
    microphone.give(48_000);
    await expect.poll(() => guest.frames.length).toBe(60);
    guest.event(id, "state", { turn: 2, state: "listening_for_command" });
    guest.event(id, "partial", { turn: 2, text: "And" });
    await expect.poll(() => seen.length).toBe(8);
    first.die();
    microphone.give(16_000);
    const next = await talkIdOf(second);
    await expect
      .poll(() => next.guest.frames.flatMap(({ samples }) => placesOf(samples)).at(-1))
      .toBe(111_999 % 30_000);
    const heard = next.guest.frames.flatMap(({ samples }) => placesOf(samples));
    // All that was said behind the question before: the peer may have been far behind when it told that it listens.
    expect(heard).toHaveLength(112_000 - 48_000);
    expect(heard[0]).toBe(48_000 % 30_000);
    next.guest.event(next.id, "state", { turn: 1, state: "listening_for_command" });
    next.guest.event(next.id, "question", { turn: 1, text: "And now?" });
    next.guest.event(next.id, "reply", { reply: 1 });
    next.guest.event(next.id, "stop", { reply: 1 });
    next.guest.event(next.id, "turn", turnOf(1));
    await expect.poll(() => seen.at(-1)).toMatchObject({ type: "turn", turn: 2 });
    expect(seen.slice(8, 10)).toEqual([{ type: "reconnecting" }, { type: "resumed", peer: "second" }]);
    expect(seen.slice(10)).toMatchObject([
      { type: "state", turn: 2 },
      { type: "question", turn: 2, text: "And now?" },
      { type: "reply", reply: 2 },
      { type: "stop", reply: 2 },
      { type: "turn", turn: 2 },
    ]);
    // The peer itself is told of its own numbers.
    expect(toldOf(next.guest, "talk.heard")).toMatchObject([{ reply: 1, state: "stopped", heardMs: 40 }]);
  });

  it("is heard from the end of a reply on that was heard whole, though its turn had not ended", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    reading(client.talk(microphone, { speaker: new NotingSpeaker() }).events);
    const { id, guest } = await talkIdOf(first);
    microphone.give(48_000);
    await expect.poll(() => guest.frames.length).toBe(30);
    guest.event(id, "question", { turn: 1, text: "q" });
    guest.event(id, "text", { turn: 1, delta: "r" });
    guest.event(id, "reply", { reply: 1 });
    guest.event(id, "reply-end", { reply: 1 });
    await expect.poll(() => toldOf(guest, "talk.heard")).toMatchObject([{ reply: 1, state: "finished" }]);
    // Four seconds, of which nobody has told.
    for (let second = 0; second < 4; second += 1) microphone.give(16_000);
    await expect.poll(() => guest.frames.length).toBe(70);
    first.die();
    const next = await talkIdOf(second);
    await expect.poll(() => next.guest.frames.length).toBe(40);
    expect(next.guest.frames.flatMap(({ samples }) => placesOf(samples))[0]).toBe(48_000 % 30_000);
  });

  it("is not watched any more for an answer's sound that was cut off", () => {
    const talk = new RunningTalk({}, undefined, { tell: () => true, position: () => 0, abandon: () => undefined });
    // One that does not say where it stands: no other peer can go on with it.
    talk.event({ type: "sentence", turn: 1, index: 0, text: "s" });
    talk.event({ type: "reply", reply: 1 });
    expect(talk.isSounding).toBe(true);
    talk.lost();
    expect(talk.isSounding).toBe(false);
  });

  it("says which turn was cut off when the next one cannot go on with its answer, is silent then, and does not ask again by itself", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    const speaker = new NotingSpeaker();
    const seen = reading(client.converse(microphone, { speaker }).events);
    const { id, guest } = await talkIdOf(first);
    microphone.give(64_000);
    await expect.poll(() => guest.frames.length).toBe(40);
    guest.event(id, "state", { turn: 1, state: "listening_for_command" });
    guest.event(id, "question", { turn: 1, text: "q" });
    guest.event(id, "text", { turn: 1, delta: "r" });
    guest.event(id, "reply", { reply: 1 });
    await expect.poll(() => seen.length).toBe(4);
    first.die();
    await talkIdOf(second);
    expect(seen.slice(4)).toMatchObject([
      { type: "reconnecting" },
      { type: "problem", turn: 1, error: { code: "connection-lost" } },
      { type: "resumed" },
    ]);
    expect(speaker.deeds).toEqual(["stop"]);
    await sleep(100);
    expect(second.guest.frames).toEqual([]);
    // What is numbered there as its first turn is another one.
    second.guest.event(commandOf(second.guest.messages[0]).id, "partial", { turn: 1, text: "x" });
    await expect.poll(() => seen.at(-1)).toMatchObject({ type: "partial", turn: 2 });
  });

  it("strikes the keys of what is being said again, at their places; and those of the time between", async () => {
    const first = await ProtocolPeer.start();
    const second = await ProtocolPeer.start();
    const client = await clientOf([first, second]);
    const microphone = new Microphone();
    const talk = client.talk(microphone, { mode: "keys" });
    reading(talk.events);
    const { id, guest } = await talkIdOf(first);
    microphone.give(48_000);
    await expect.poll(() => guest.frames.length).toBe(30);
    guest.event(id, "state", { turn: 0, state: "idle" });
    talk.key("press");
    await expect.poll(() => toldOf(guest, "talk.key")).toMatchObject([{ key: "press", atMs: 3000 }]);
    microphone.give(16_000);
    await expect.poll(() => guest.frames.length).toBe(40);
    first.die();
    await expect.poll(() => client.connection.url).not.toBe(first.url);
    const next = await talkIdOf(second);
    microphone.give(16_000);
    await expect.poll(() => next.guest.frames.at(-1)).toMatchObject({ timestampMs: 4900 });
    talk.key("release");
    // The next peer hears all of it: the one before may have heard nothing for as long.
    await expect
      .poll(() => toldOf(next.guest, "talk.key"))
      .toMatchObject([
        { key: "press", atMs: 3000 },
        { key: "release", atMs: 5000 },
      ]);
  });
});

describe("what another peer has to hear", () => {
  const wake: TalkEvent = { type: "wake", word: "alexa", score: 1, atMs: 10_000 };
  const listens = (turn: number): TalkEvent => ({ type: "state", turn, state: "listening_for_command" });

  it("begins before the word that wakes, until the answer begins", () => {
    const utterance = new Utterance();
    const needed = (seconds: number): number =>
      utterance.neededFrom({ samples: seconds * 16_000, isLive: true }) / 16_000;
    expect(needed(9)).toBe(3);
    utterance.follow(wake, 11 * 16_000);
    utterance.follow(listens(1), 12 * 16_000);
    expect(needed(20)).toBe(8);
    utterance.follow({ type: "question", turn: 1, text: "q" }, 21 * 16_000);
    expect(needed(22)).toBe(8);
    utterance.follow({ type: "text", turn: 1, delta: "r" }, 22 * 16_000);
    expect(needed(22)).toBe(21);
    expect(utterance.answering).toBe(1);
  });

  it("keeps what interrupts a reply, though the turn that it interrupts ends after it has begun", () => {
    const utterance = new Utterance();
    utterance.follow(listens(1), 16_000);
    utterance.follow({ type: "question", turn: 1, text: "q" }, 32_000);
    utterance.follow({ type: "text", turn: 1, delta: "r" }, 32_000);
    utterance.follow(listens(2), 10 * 16_000);
    utterance.follow({ type: "turn", ...turnOf(1, "interrupted") } as TalkEvent, 11 * 16_000);
    expect(utterance.neededFrom({ samples: 20 * 16_000, isLive: true })).toBe(8 * 16_000);
  });

  it("is what was said to a peer that told that it is there, and nothing since: it may be cut off from those who hear", () => {
    const utterance = new Utterance();
    const needed = (seconds: number): number =>
      utterance.neededFrom({ samples: seconds * 16_000, isLive: true }) / 16_000;
    utterance.given(10 * 16_000, 12 * 16_000);
    utterance.follow({ type: "state", turn: 0, state: "idle" }, 12 * 16_000);
    // Somebody spoke from 12 to 13 s, and nobody told of it.
    expect(needed(15)).toBe(9);
    utterance.follow(listens(1), 16 * 16_000);
    expect(needed(17)).toBe(10);
  });

  it("is not our own voice, in a reply or in what nobody has asked for, but for what may have interrupted it", () => {
    const utterance = new Utterance();
    const needed = (seconds: number): number =>
      utterance.neededFrom({ samples: seconds * 16_000, isLive: true }) / 16_000;
    utterance.follow({ type: "question", turn: 1, text: "q" }, 10 * 16_000);
    utterance.follow({ type: "text", turn: 1, delta: "r" }, 10 * 16_000);
    expect(needed(20)).toBe(18);
    utterance.follow({ type: "turn", ...turnOf(1) } as TalkEvent, 21 * 16_000);
    expect(needed(22)).toBe(19);
    expect(needed(30)).toBe(24);
    utterance.follow({ type: "reply-end", reply: 2 }, 40 * 16_000);
    utterance.sounded(43 * 16_000);
    expect(needed(44)).toBe(41);
    utterance.follow(listens(2), 44 * 16_000);
    expect(needed(45)).toBe(41);
  });

  it("is what was said since the reply was heard, though nobody has told yet that its turn has ended", () => {
    const utterance = new Utterance();
    const needed = (seconds: number): number =>
      utterance.neededFrom({ samples: seconds * 16_000, isLive: true }) / 16_000;
    utterance.follow({ type: "question", turn: 1, text: "q" }, 10 * 16_000);
    utterance.follow({ type: "text", turn: 1, delta: "r" }, 10 * 16_000);
    utterance.follow({ type: "reply", reply: 1 }, 10 * 16_000);
    utterance.follow({ type: "reply-end", reply: 1 }, 11 * 16_000);
    expect(needed(14)).toBe(12);
    utterance.sounded(14 * 16_000);
    expect(needed(17)).toBe(12);
    expect(needed(20)).toBe(14);
    // More of the answer sounds.
    utterance.follow({ type: "reply", reply: 2 }, 20 * 16_000);
    expect(needed(24)).toBe(22);
  });

  it("is all that was given to a peer that has not told of listening, though it spoke", () => {
    const utterance = new Utterance();
    const needed = (seconds: number): number =>
      utterance.neededFrom({ samples: seconds * 16_000, isLive: true }) / 16_000;
    utterance.given(3 * 16_000);
    utterance.follow({ type: "sentence", turn: 1, index: 0, text: "s" }, 9 * 16_000);
    expect(needed(10)).toBe(3);
    expect(needed(80)).toBe(20);
    utterance.follow({ type: "state", turn: 0, state: "idle" }, 10 * 16_000);
    expect(needed(10)).toBe(8);
  });

  it("begins where a peer was given it from, as long as that one may still be hearing what was said before", () => {
    const begun = (atSeconds: number): number => {
      const utterance = new Utterance();
      utterance.given(0, 4 * 16_000);
      utterance.follow({ type: "state", turn: 0, state: "idle" }, 4 * 16_000);
      utterance.follow(listens(1), atSeconds * 16_000);
      return utterance.neededFrom({ samples: 10 * 16_000, isLive: true }) / 16_000;
    };
    expect(begun(5)).toBe(0);
    expect(begun(9)).toBe(0);
    expect(begun(11)).toBe(5);
  });

  it("is never more than a minute, and never goes back, whatever is told", () => {
    const turn = fc.nat(5);
    const told: fc.Arbitrary<TalkEvent> = fc.oneof(
      fc.record({
        type: fc.constant("wake" as const),
        word: fc.constant("x"),
        score: fc.constant(1),
        atMs: fc.nat(600_000),
      }),
      turn.map((each) => listens(each)),
      turn.map((each): TalkEvent => ({ type: "partial", turn: each, text: "x" })),
      turn.map((each): TalkEvent => ({ type: "question", turn: each, text: "x" })),
      turn.map((each): TalkEvent => ({ type: "text", turn: each, delta: "x" })),
      turn.map((each) => ({ type: "turn", ...turnOf(each) }) as TalkEvent),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(told, fc.nat(160_000)), { maxLength: 40 }), (course) => {
        const utterance = new Utterance();
        let sent = 0;
        for (const [event, more] of course) {
          sent += more;
          utterance.follow(event, sent);
          const needed = utterance.neededFrom({ samples: sent, isLive: true });
          expect(needed).toBeGreaterThanOrEqual(Math.max(0, sent - 60 * 16_000));
          if (event.type !== "wake") expect(needed).toBeLessThanOrEqual(Math.max(sent, 600 * 16_000));
        }
      }),
    );
  });
});

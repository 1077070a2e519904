/** Sound of a visit between the peer that a client has reached and its session's host: packed where both know it, the very frames at both ends. */
import { createActorSystem, createRemoting, type ActorRef, type ActorSystem } from "@parley/actors";
import { encodeAudioFrame, encodeOpusFrame, MAX_FRAME_BYTES } from "@parley/sdk";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { packFrame, unpackFrame } from "../../../src/services/session/packed-audio.ts";
import { Visit, type Place } from "../../../src/services/session/visit.ts";
import {
  acceptsSessionMessage,
  readIn,
  readOut,
  unpackedItem,
  type SentIn,
  type SentOut,
  type SessionIn,
  type SessionMessage,
  type SessionOut,
} from "../../../src/services/session/wire.ts";
import { eventually, noLog } from "../../support.ts";
import { Caller, Street, type Resident } from "./street.ts";

const CARD = { visitId: "v", clientId: "c", account: "anna", remembers: false, streams: false };
const SAY: SessionIn = {
  type: "command",
  commandId: "11111111-1111-4111-8111-111111111111",
  request: { command: "say", parameters: { stream: 1, text: "It is ten past nine." } },
};
const LISTEN: SessionIn = {
  type: "command",
  commandId: "22222222-2222-4222-8222-222222222222",
  request: { command: "listen", parameters: { stream: 2 } },
};

/** A tenth of a second of a tone, as clients send it. */
function frame(sequence: number): Uint8Array {
  const samples = Float32Array.from({ length: 1_600 }, (_, n) => 0.4 * Math.sin((sequence * 1_600 + n) / 9));
  return encodeAudioFrame({ stream: 2, sequence, timestampMs: 100 * sequence, sampleRateHz: 16_000, samples });
}

const FRAMES = Array.from({ length: 10 }, (_, sequence) => frame(sequence));

const lengthOf = (frames: readonly Uint8Array[]): number => frames.reduce((sum, { length }) => sum + length, 0);

const soundOf = (items: readonly SessionOut[]): readonly Uint8Array[] =>
  items.flatMap((item) => (item.type === "audio" ? [item.bytes] : []));

describe("a frame of sound", () => {
  it("comes out as the very bytes that were packed, or is not packed, whatever it is", () => {
    const sound = fc.record({
      stream: fc.nat(),
      sequence: fc.nat(),
      timestampMs: fc.nat(),
      sampleRateHz: fc.constantFrom(16_000, 22_050 - 50, 24_000),
      samples: fc
        .tuple(
          fc.nat(3_000),
          fc.double({ min: 0, max: 1.2, noNaN: true }),
          fc.double({ min: 0.01, max: 2, noNaN: true }),
        )
        .map(([length, loud, step]) => Float32Array.from({ length }, (_, n) => loud * Math.sin(step * n))),
      echo: fc.constantFrom(undefined, 0, 0.3, 1),
    });
    const whole = sound.map(({ echo, ...rest }) =>
      encodeAudioFrame({ ...rest, ...(echo === undefined ? {} : { echo }) }),
    );
    const like = fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.of(0x50, 1, ...bytes));
    fc.assert(
      fc.property(fc.oneof(whole, like, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const packed = packFrame(bytes);
        if (packed === undefined) return;
        expect(packed.length).toBeLessThan(bytes.length);
        expect(unpackFrame(packed)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("is packed where it is sound: a head of 16 bytes, and some more for the block", () => {
    const silence = encodeAudioFrame({
      stream: 1,
      sequence: 0,
      timestampMs: 0,
      sampleRateHz: 16_000,
      samples: new Float32Array(1_600),
    });
    expect(packFrame(silence)?.length).toBe(16 + 3 + 13);
    for (const each of FRAMES) expect(packFrame(each)?.length).toBeLessThan(0.4 * each.length);
    const echoed = encodeAudioFrame({
      stream: 1,
      sequence: 0,
      timestampMs: 0,
      sampleRateHz: 16_000,
      samples: new Float32Array(1_600),
      echo: 0.5,
    });
    expect(packFrame(echoed)?.length).toBe(18 + 3 + 13);
    const opus = encodeOpusFrame({ stream: 1, sequence: 0, bytes: new Uint8Array(200) });
    expect([opus, new Uint8Array(0), Uint8Array.of(0x50, 1), silence.subarray(0, 17)].map(packFrame)).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
  });

  it("is unpacked, or refused with a typed error, whatever comes; and is never longer than a frame may be", () => {
    const like = fc
      .uint8Array({ maxLength: 80 })
      .map((bytes) => Uint8Array.of(0x50, 1, ...new Uint8Array(14), 1, ...bytes));
    fc.assert(
      fc.property(fc.oneof(like, fc.uint8Array()), (bytes) => {
        for (const read of [readIn, readOut]) {
          const item: SentIn | SentOut = read({ type: "packed", bytes });
          try {
            const plain = unpackedItem<SessionIn | SessionOut>(item);
            expect(plain.type === "audio" && plain.bytes.length <= MAX_FRAME_BYTES).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(() => readIn({ type: "packed", bytes: new Uint8Array(MAX_FRAME_BYTES + 1) })).toThrow(TypeError);
    expect(() => readOut({ type: "packed", bytes: "AAAA" })).toThrow(TypeError);
  });
});

describe("a visit to a session of another host", () => {
  async function two(): Promise<{ readonly street: Street; readonly a: Resident; readonly b: Resident }> {
    const street = new Street(["a", "b"]);
    const [a, b] = await street.build();
    if (a === undefined || b === undefined) throw new Error("two were asked for");
    return { street, a, b };
  }

  /** A member of which only what it sends is known. */
  async function stranger(street: Street): Promise<ActorSystem> {
    const remoting = createRemoting({ transport: street.network.transport("stranger"), clock: street.clock });
    const system = createActorSystem({ peer: "stranger", clock: street.clock, remoting: remoting.remoting });
    await remoting.start();
    onTestFinished(() => system.stop());
    return system;
  }

  function isDone(items: readonly SentOut[], command: SessionIn): boolean {
    const id = command.type === "command" ? command.commandId : "";
    return items.some(
      (item) =>
        item.type === "message" &&
        item.message.type === "COMMAND_RESULT" &&
        item.message.payload.commandId === id &&
        item.message.payload.success,
    );
  }

  it("takes far fewer bytes both ways than its sound has, which comes as it was sent", async () => {
    const { street, a, b } = await two();
    const sent: Record<string, number> = { a: 0, b: 0 };
    const near = new Caller(a.house, { sessionId: a.house.newId(), isNew: true });
    near.say(SAY);
    await eventually(() => isDone(near.heard, SAY)).toBe(true);
    const far = new Caller(b.house, { sessionId: a.house.newId() });
    far.visit.open();
    await eventually(() => a.house.list().length).toBe(2);
    street.onBytes = (from, { length }) => (sent[from] = (sent[from] ?? 0) + length);
    far.say(SAY);
    await eventually(() => isDone(far.heard, SAY)).toBe(true);
    const sound = soundOf(far.heard);
    expect(sound).toEqual(soundOf(near.heard));
    expect(lengthOf(sound)).toBeGreaterThan(40_000);
    expect(sent["a"]).toBeLessThan(0.4 * lengthOf(sound));
    sent["b"] = 0;
    far.say(LISTEN);
    for (const bytes of FRAMES) far.say({ type: "audio", bytes });
    far.say({ type: "remark", request: { command: "input.end", parameters: { commandId: commandIdOf(LISTEN) } } });
    await eventually(() => isDone(far.heard, LISTEN)).toBe(true);
    expect(sent["b"]).toBeLessThan(0.6 * lengthOf(FRAMES));
  });

  it.each([
    ["packed", { takesPacked: true }],
    ["audio", {}],
  ] as const)("sends its client's sound as %s to a host that says: %j", async (type, says) => {
    const { street, b } = await two();
    if (b.system === undefined) throw new Error("it has no system");
    const host = await stranger(street);
    const got: SentIn[] = [];
    const ref = host.spawn<SessionMessage>(
      (context) => (message) => {
        if (message.type !== "open") return;
        const quiet = new ReadableStream<SentOut>();
        message.replyTo.tell({ type: "opened", out: context.offerStream(quiet), ...says });
        void (async () => {
          for await (const item of context.readStream(message.input)) got.push(item);
        })().catch(() => undefined);
      },
      { name: "host", accepts: acceptsSessionMessage },
    );
    const remote: ActorRef<SessionMessage> = b.system.resolve(ref.address);
    const place: Place = { system: b.system, ask: (_, make) => remote.ask(make) };
    const visit = new Visit({
      sessionId: "s",
      card: CARD,
      places: () => [place],
      near: place,
      hearer: { out: async () => undefined, over: () => undefined },
      log: noLog,
    });
    onTestFinished(() => visit.close());
    for (const bytes of FRAMES) void visit.push({ type: "audio", bytes });
    await eventually(() => got.length).toBe(FRAMES.length);
    expect(new Set(got.map((item) => item.type))).toEqual(new Set([type]));
    expect(got.map((item) => unpackedItem<SessionIn>(item))).toEqual(FRAMES.map((bytes) => ({ type: "audio", bytes })));
  });

  it.each([
    ["packed", { takesPacked: true }],
    ["audio", {}],
  ] as const)("is sent its session's sound as %s where its peer says: %j", async (type, says) => {
    const { street, a } = await two();
    const entry = await stranger(street);
    const wanted = Promise.withResolvers<void>();
    onTestFinished(() => wanted.resolve());
    const items = (async function* () {
      yield SAY;
      await wanted.promise;
    })();
    const opened = await entry
      .resolve<unknown>("parley://a/sessions")
      .ask<{ readonly out: never; readonly takesPacked?: boolean }>((replyTo) => ({
        type: "send",
        entity: a.house.newId(),
        isAcknowledged: false,
        message: { type: "open", visit: { ...CARD, ...says }, input: entry.offerStream(items), replyTo },
        outcomeTo: replyTo,
      }));
    expect(opened.takesPacked).toBe(true);
    const got: SentOut[] = [];
    void (async () => {
      for await (const item of entry.readStream<unknown>(opened.out)) got.push(readOut(item));
    })().catch(() => undefined);
    await eventually(() => isDone(got, SAY)).toBe(true);
    const sound = got.filter((item) => item.type === "audio" || item.type === "packed");
    expect(sound.length).toBeGreaterThan(5);
    expect(new Set(sound.map((item) => item.type))).toEqual(new Set([type]));
  });
});

function commandIdOf(item: SessionIn): string {
  return item.type === "command" ? item.commandId : "";
}

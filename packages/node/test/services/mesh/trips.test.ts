/** How often something has to travel one way, one after the other, before work of another peer is there: what a slow network costs. Simulated time. */
import { SPEECH_RATE_HZ } from "@parley/audio";
import { FAIR_WEATHER } from "@parley/actors/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Village, type Resident } from "./village.ts";

const ONE_WAY_MS = 50;
const ENGINES = { stt: { firstMs: 0 }, tts: { firstMs: 0, stepMs: 0 }, llm: { firstMs: 0, stepMs: 0 }, vad: {} };
const FRAME = 320;

let village: Village;
let hall: Resident;
let messages: number;

beforeEach(async () => {
  village = new Village();
  const [first] = await village.build({ name: "hall" }, { name: "attic", engines: ENGINES });
  if (first === undefined) throw new Error("two were asked for");
  hall = first;
  village.network.weather = { ...FAIR_WEATHER, delayMs: ONE_WAY_MS, jitterMs: 0 };
  village.onBytes = () => (messages += 1);
  await village.clock.pass(1_000);
  messages = 0;
});
afterEach(() => village.close());

/** One ways until `work` is done. The engines take no time. */
async function trips(work: () => Promise<unknown>): Promise<number> {
  const { clock } = village;
  const startedMs = clock.nowMs();
  await clock.until(work());
  return Math.round((clock.nowMs() - startedMs) / ONE_WAY_MS);
}

function soundOf(seconds: number): Float32Array {
  return new Float32Array(seconds * SPEECH_RATE_HZ).fill(0.2);
}

function* framesOf(sound: Float32Array): Generator<Float32Array, void> {
  for (let at = 0; at < sound.length; at += FRAME) yield sound.subarray(at, at + FRAME);
}

async function first(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) return;
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let all = 0;
  for await (const _ of items) all += 1;
  return all;
}

describe("work of another peer", () => {
  it("gives its first word, and its first sound, two ways after it was asked for", async () => {
    const llm = hall.house.languageModel({});
    const tts = await hall.house.textToSpeech({}, undefined);
    expect(await trips(() => first(llm.generate([{ role: "user", content: "How are things?" }])))).toBe(2);
    expect(await trips(() => first(tts.synthesize("It is ten past nine.")))).toBe(2);
  });

  it("gives a transcript four ways after all was said", async () => {
    const stt = await hall.house.speechToText({}, undefined);
    expect(await trips(() => stt.transcribe(soundOf(2)))).toBe(4);
  });

  it("hears a minute that lies ready in frames as seconds, not as frames", async () => {
    const stt = await hall.house.speechToText({}, undefined);
    const ways = await trips(async () => {
      const stream = stt.startStream?.({ partials: "off" });
      if (stream === undefined) throw new Error("it streams");
      for (const frame of framesOf(soundOf(60))) await stream.feed(frame);
      await stream.end();
    });
    // 3,000 frames.
    expect(ways).toBeLessThan(40);
    expect(messages).toBeLessThan(500);
  });

  it("finds voices in what lies ready in six ways, with few messages", async () => {
    const vad = await village.clock.until(hall.house.voiceFrames({}, undefined));
    let frames = 0;
    const ways = await trips(async () => {
      frames = await count(
        vad.frames(
          (async function* () {
            yield* framesOf(soundOf(2));
          })(),
        ),
      );
    });
    expect(frames).toBe(200);
    expect(ways).toBe(6);
    expect(messages).toBeLessThan(150);
  });
});

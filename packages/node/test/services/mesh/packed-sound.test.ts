/** Sound between peers that know it packed, and as it always was to others; and what it is rounded to. */
import { encodeAudioFrame, decodeAudioFrame } from "@parley/sdk";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packHeard, packSpoken, unpackHeard, unpackSpoken } from "../../../src/services/mesh/packed-sound.ts";
import { BLOCK_SAMPLES, itemsOf, readSound } from "../../../src/services/mesh/sound.ts";
import { readItem } from "../../../src/services/mesh/wire.ts";
import { heardAs, soundOf, Village, type Resident } from "./village.ts";

const SENTENCE = "It is ten past nine, and the kettle is on.";
/** As a client has sent it: 16 bits, which know one 0 only. */
const SPEECH = Float32Array.from({ length: 48_000 }, (_, n) => Math.round(12_000 * Math.sin(n / 9)) / 32_768 + 0);
const FLOAT_BYTES = 4;

const anySample = fc.oneof(
  fc.float({ min: -1, max: 1, noNaN: true }),
  fc.float(),
  fc.constantFrom(-1, 1, 0.5 / 32_767, -0.5 / 32_767, 1.5 / 32_767),
);
const anySound = fc.array(anySample, { minLength: 1, maxLength: 600 }).map((samples) => Float32Array.from(samples));

describe("sound as it is packed", () => {
  it("is sent to a client as the very frame that it would have been", () => {
    fc.assert(
      fc.property(anySound, (samples) => {
        const frameOf = (sound: Float32Array): Uint8Array =>
          encodeAudioFrame({ stream: 1, sequence: 0, timestampMs: 0, sampleRateHz: 24_000, samples: sound });
        const spoken = unpackSpoken(packSpoken(samples), samples.length);
        // What is no number is silence in sound that travels as floats, too.
        expect(frameOf(spoken)).toEqual(frameOf(samples.map((each) => (Number.isFinite(each) ? each : 0))));
      }),
    );
  });

  it("is heard as a client has sent it; what has more than 16 bits is not packed", () => {
    fc.assert(
      fc.property(anySound, (samples) => {
        const bytes = encodeAudioFrame({ stream: 1, sequence: 0, timestampMs: 0, sampleRateHz: 16_000, samples });
        const frame = decodeAudioFrame(bytes);
        if (typeof frame === "string") throw new Error(frame);
        const packed = packHeard(frame.samples);
        expect(packed && unpackHeard(packed, samples.length)).toEqual(frame.samples);
        const other = packHeard(samples);
        const same = other === undefined ? samples : unpackHeard(other, samples.length);
        expect(same.map((each) => each + 0)).toEqual(samples.map((each) => each + 0));
      }),
    );
    for (const fine of [0.3, 1, -1.5, NaN, Infinity]) expect(packHeard(Float32Array.of(0, fine))).toBeUndefined();
  });

  it("is read as what it was, whole; what is none is refused", () => {
    for (const mayBeLast of [true, false]) {
      const items = [...itemsOf(SPEECH, { mayBeLast, isPacked: true })];
      expect(items.every((item) => "packed" in item)).toBe(true);
      const read = items.map((item) => readSound(item));
      expect(read.flatMap(({ samples }) => [...samples])).toEqual([...SPEECH]);
      expect(read.map((each) => each.mayBeLast)).toEqual([false, false, mayBeLast]);
    }
    const long = packSpoken(new Float32Array(BLOCK_SAMPLES + 1));
    for (const bad of [
      new Uint8Array(0),
      Uint8Array.of(9, 9),
      packSpoken(new Float32Array(0)),
      long,
      "sound",
      undefined,
    ]) {
      expect(() => readSound({ packed: bad })).toThrow(TypeError);
      expect(() => readItem({ type: "packed", sampleRateHz: 24_000, samples: bad })).toThrow(TypeError);
    }
  });
});

describe("between two peers", () => {
  let village: Village;
  let hall: Resident;
  let attic: Resident;
  /** What each has sent. */
  let sent: Record<string, Buffer[]>;

  beforeEach(async () => {
    village = new Village();
    const all: readonly Resident[] = await village.build(
      { name: "hall" },
      { name: "attic", engines: { tts: {}, stt: {}, vad: {} } },
    );
    const [one, two] = all;
    if (one === undefined || two === undefined) throw new Error("two were asked for");
    [hall, attic] = [one, two];
    sent = { hall: [], attic: [] };
    village.onBytes = (from, bytes) => sent[from]?.push(bytes);
  });
  afterEach(() => village.close());

  /** As the release before this sound was known says it. */
  function atticIsOlder(): void {
    const { house } = hall.house;
    const older = house.offers.map(({ advert, facts }) => ({
      facts,
      advert: { ...advert, jobs: { oldest: 2, newest: 2 } },
    }));
    house.receive(attic.name, older);
  }

  function bytesOf(name: string): number {
    return sent[name]?.reduce((sum, { length }) => sum + length, 0) ?? 0;
  }

  async function said(): Promise<Float32Array> {
    const all: number[] = [];
    const tts = await hall.house.textToSpeech({}, undefined);
    const saying = (async () => {
      for await (const { samples } of tts.synthesize(SENTENCE)) all.push(...samples);
    })();
    await village.clock.until(saying);
    return Float32Array.from(all);
  }

  async function heard(): Promise<string | undefined> {
    const stt = await hall.house.speechToText({}, undefined);
    const { text } = await village.clock.until(stt.transcribe(SPEECH));
    return text;
  }

  it("a sentence takes half the bytes at most, and is the same", async () => {
    const sound = await said();
    expect(sound).toEqual(soundOf(SENTENCE));
    // Which is not even like speech: there is next to nothing to be foretold.
    expect(bytesOf("attic")).toBeLessThan(0.55 * FLOAT_BYTES * sound.length);
  });

  it("a peer that does not know it is asked for a sentence as it always was, and answers so", async () => {
    atticIsOlder();
    const sound = await said();
    expect(sound).toEqual(soundOf(SENTENCE));
    expect(bytesOf("attic")).toBeGreaterThan(FLOAT_BYTES * sound.length);
    expect(Buffer.concat(sent["hall"] ?? []).includes("speak")).toBe(true);
    expect(Buffer.concat(sent["hall"] ?? []).includes("takesPacked")).toBe(false);
  });

  it("what is to be recognised takes a quarter of the bytes, and is heard to the sample", async () => {
    expect(await heard()).toBe(heardAs(SPEECH));
    expect(bytesOf("hall")).toBeLessThan(0.25 * FLOAT_BYTES * SPEECH.length);
  });

  it("a peer that does not know it hears what it always did", async () => {
    atticIsOlder();
    expect(await heard()).toBe(heardAs(SPEECH));
    expect(bytesOf("hall")).toBeGreaterThan(FLOAT_BYTES * SPEECH.length);
  });

  it.each([
    ["packed", 0, 0.25 * FLOAT_BYTES, false],
    ["as it always was to one that does not know it", FLOAT_BYTES, 2 * FLOAT_BYTES, true],
  ] as const)("a live stream is followed %s", async (_, least, most, isOlder) => {
    if (isOlder) atticIsOlder();
    const vad = await hall.house.voiceFrames({}, undefined);
    async function* microphone(): AsyncGenerator<Float32Array> {
      for (let at = 0; at < SPEECH.length; at += 1_600) yield SPEECH.subarray(at, at + 1_600);
    }
    const frames: number[] = [];
    const following = (async () => {
      for await (const { probability } of vad.frames(microphone())) frames.push(probability);
    })();
    await village.clock.until(following);
    expect(frames).toHaveLength(SPEECH.length / 160);
    expect(frames.every((each) => each === 1)).toBe(true);
    expect(bytesOf("hall") / SPEECH.length).toBeGreaterThan(least);
    expect(bytesOf("hall") / SPEECH.length).toBeLessThan(most);
  });
});

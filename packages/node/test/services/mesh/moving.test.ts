/** Work that moves: engines that die, stand still or take too long in the middle of it, in simulated time. */
import { FAIR_WEATHER } from "@parley/actors/testing";
import { isAudioError } from "@parley/audio";
import type { SpeechStream, Transcript } from "@parley/audio/engines";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { heardAs, REPLY, soundOf, Village, type NewResident, type Resident } from "./village.ts";

const SPEECH = Float32Array.from({ length: 48_000 }, (_, n) => Math.sin(n / 9) / 2);
const SENTENCE = "It is ten past nine, and the kettle is on.";
const BLOCK = 320;

let village: Village;

beforeEach(() => {
  village = new Village();
});
afterEach(() => village.close());

/** Someone without engines asks; two have them, and the first of these is the one that is asked first. */
async function street(
  first: NewResident["engines"],
  second: NewResident["engines"],
  privacy: NewResident["privacy"] = {},
) {
  const [hall, attic, cellar] = await village.build(
    { name: "hall", privacy },
    { name: "attic", engines: first ?? {} },
    { name: "cellar", engines: second ?? {} },
  );
  if (hall === undefined || attic === undefined || cellar === undefined) throw new Error("three were asked for");
  return { hall, attic, cellar };
}

/** What goes wrong with whoever does the work. */
type Trouble = (worker: Resident) => void;
const TROUBLES: readonly (readonly [string, Trouble])[] = [
  ["is killed", ({ name }) => village.kill(name)],
  ["stands still", ({ name }) => village.pause(name)],
];

/** Whoever has begun with that. */
function workerOf(kind: "stt" | "tts" | "llm" | "vad" | "wake", ...residents: readonly Resident[]): Resident {
  const worker = residents.find(({ logs }) => logs[kind].now > 0);
  if (worker === undefined) throw new Error("nobody works");
  return worker;
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

async function samplesOf(sound: AsyncIterable<{ readonly samples: Float32Array }>): Promise<Float32Array> {
  const all: number[] = [];
  for await (const { samples } of sound) all.push(...samples);
  return Float32Array.from(all);
}

/** Speaks into a stream, 20 ms at a time. */
async function speakInto(stream: SpeechStream, fromSample: number, toSample: number): Promise<void> {
  for (let at = fromSample; at < toSample; at += BLOCK) {
    await stream.feed(SPEECH.subarray(at, Math.min(at + BLOCK, toSample)));
    await wait(20);
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    village.clock.after(ms, resolve);
  });
}

describe("a transcript", () => {
  it.each(TROUBLES)(
    "is complete and given once, within 300 ms beyond the second's own work, when who recognises %s",
    async (_, trouble) => {
      const { hall, attic, cellar } = await street({ stt: { firstMs: 400 } }, { stt: { firstMs: 400 } });
      const { clock } = village;
      const stt = await hall.house.speechToText({}, undefined);
      let text: string | undefined;
      void stt.transcribe(SPEECH).then((transcript) => (text = transcript.text));
      await clock.pass(300);
      const worker = workerOf("stt", attic, cellar);
      const other = worker === attic ? cellar : attic;
      trouble(worker);
      await clock.pass(300 + 400);
      expect(text).toBe(heardAs(SPEECH));
      expect(other.logs.stt.began).toBe(1);
      expect(hall.moved).toHaveLength(1);
    },
  );

  it.each(TROUBLES)(
    "of what is still being said is complete, without a word of it said again, when who recognises %s",
    async (_, trouble) => {
      const { hall, attic, cellar } = await street({ stt: {} }, { stt: {} });
      const { clock } = village;
      const stt = await hall.house.speechToText({}, undefined);
      const stream = stt.startStream?.({ partials: "off" });
      if (stream === undefined) throw new Error("it streams");
      const finals: string[] = [];
      void (async () => {
        for await (const event of stream.events) if (event.type === "final") finals.push(event.transcript.text);
      })();
      await clock.until(speakInto(stream, 0, 24_000));
      // Nobody has recognised anything yet: who hears is known by the jobs that it let in.
      const worker = [attic, cellar].find(({ house }) => house.house.given.some(({ advert }) => advert.running > 0));
      if (worker === undefined) throw new Error("nobody hears");
      trouble(worker);
      await clock.until(speakInto(stream, 24_000, SPEECH.length));
      const startedMs = clock.nowMs();
      const transcript: Transcript = await clock.until(stream.end());
      expect(transcript.text).toBe(heardAs(SPEECH));
      // It had moved long before the end.
      expect(clock.nowMs() - startedMs).toBeLessThan(150 + 300);
      await clock.settle();
      expect(finals).toEqual([heardAs(SPEECH)]);
    },
  );

  it("comes from another one when an engine takes far longer than it did before, though its peer lives", async () => {
    const { hall, attic, cellar } = await street({ stt: { firstMs: 100 } }, { stt: { firstMs: 120 } });
    const { clock } = village;
    const stt = await hall.house.speechToText({}, undefined);
    for (let round = 0; round < 4; round += 1) await clock.until(stt.transcribe(SPEECH));
    const fast = attic.logs.stt.began > cellar.logs.stt.began ? attic : cellar;
    const other = fast === attic ? cellar : attic;
    await clock.pass(1_000);
    if (fast.scripts.stt !== undefined) fast.scripts.stt.isStuck = true;
    const startedMs = clock.nowMs();
    const before = other.logs.stt.began;
    expect((await clock.until(stt.transcribe(SPEECH))).text).toBe(heardAs(SPEECH));
    expect(other.logs.stt.began).toBe(before + 1);
    expect(clock.nowMs() - startedMs).toBeLessThan(120 * 1.5 + 250 + 120 + 100);
    // Its engine was let go of.
    await clock.pass(200);
    expect(fast.logs.stt).toMatchObject({ now: 0, left: 1 });
  });

  it("fails, typed, when nobody is left", async () => {
    const { hall, attic, cellar } = await street({ stt: {} }, { stt: {} });
    const { clock } = village;
    const stt = await hall.house.speechToText({}, undefined);
    const heard = stt.transcribe(SPEECH);
    heard.catch(() => undefined);
    await clock.pass(20);
    village.kill(attic.name);
    village.kill(cellar.name);
    await expect(clock.until(heard)).rejects.toMatchObject({ code: "engine-crashed" });
  });
});

describe("a sentence", () => {
  it.each(TROUBLES)(
    "goes on at the same sample when who speaks %s and another has the same voice",
    async (_, trouble) => {
      const { hall, attic, cellar } = await street({ tts: {} }, { tts: {} });
      const { clock } = village;
      const tts = await hall.house.textToSpeech({}, undefined);
      const said = samplesOf(tts.synthesize(SENTENCE, { voice: "mouth" }));
      await clock.pass(150);
      const worker = workerOf("tts", attic, cellar);
      trouble(worker);
      expect(await clock.until(said)).toEqual(soundOf(SENTENCE));
      expect((worker === attic ? cellar : attic).logs.tts.began).toBe(1);
    },
  );

  it("is said from its beginning by another voice of the language, behind what was heard of it", async () => {
    const { hall, attic, cellar } = await street(
      { tts: { model: "mouth" } },
      { tts: { model: "throat", firstMs: 150 } },
    );
    const { clock } = village;
    const tts = await hall.house.textToSpeech({}, undefined);
    expect(tts.voices.map(({ name }) => name).toSorted()).toEqual(["mouth", "throat"]);
    const said = samplesOf(tts.synthesize(SENTENCE, { voice: "mouth" }));
    await clock.pass(150);
    expect(workerOf("tts", attic, cellar)).toBe(attic);
    village.kill("attic");
    const sound = await clock.until(said);
    const whole = soundOf(SENTENCE, "throat");
    expect(sound.subarray(-whole.length)).toEqual(whole);
    const begun = sound.subarray(0, sound.length - whole.length);
    expect(begun.length).toBeGreaterThan(0);
    expect(begun).toEqual(soundOf(SENTENCE).subarray(0, begun.length));
  });
});

describe("an answer", () => {
  it.each(TROUBLES)("is whole, with nothing twice, when who writes %s", async (_, trouble) => {
    const { hall, attic, cellar } = await street({ llm: {} }, { llm: {} });
    const { clock } = village;
    const written = textOf(hall.house.languageModel({}).generate([{ role: "user", content: "How are things?" }]));
    await clock.pass(400);
    trouble(workerOf("llm", attic, cellar));
    expect(await clock.until(written)).toBe(REPLY);
    expect(attic.logs.llm.began + cellar.logs.llm.began).toBe(2);
  });
});

/** Pauses of any of three workers at any times, overlapping too, none of them for ever. */
const pauses = fc.array(
  fc.record({
    who: fc.constantFrom("attic", "cellar", "barn"),
    atMs: fc.integer({ min: 0, max: 2_000 }),
    forMs: fc.integer({ min: 50, max: 2_500 }),
  }),
  { maxLength: 5 },
);

/** All three work as the script says; `ask` is done while they pause. */
async function whilePaused<T>(
  list: readonly { readonly who: string; readonly atMs: number; readonly forMs: number }[],
  engines: () => NewResident["engines"],
  ask: (hall: Resident) => Promise<T>,
): Promise<T> {
  const own = new Village(list.length + 1);
  try {
    const workers = ["attic", "cellar", "barn"].map((name) => ({ name, engines: engines() ?? {} }));
    const [hall] = await own.build({ name: "hall" }, ...workers);
    if (hall === undefined) throw new Error("four were asked for");
    const paused = new Map<string, number>();
    for (const { who, atMs, forMs } of list) {
      own.clock.after(atMs, () => {
        paused.set(who, (paused.get(who) ?? 0) + 1);
        own.pause(who);
      });
      own.clock.after(atMs + forMs, () => {
        paused.set(who, (paused.get(who) ?? 1) - 1);
        if (paused.get(who) === 0) own.resume(who, (other) => (paused.get(other) ?? 0) > 0);
      });
    }
    return await own.clock.until(
      patiently(own, () => ask(hall)),
      120_000,
    );
  } finally {
    await own.close();
  }
}

/** As everybody does who asks for something: again, where nobody was there for it. */
async function patiently<T>(own: Village, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isAudioError(error, "engine-busy", "engine-crashed", "model-missing")) throw error;
      await new Promise<void>((resolve) => {
        own.clock.after(500, resolve);
      });
    }
  }
}

describe("whoever pauses, whenever, for however long", () => {
  const runs = { numRuns: 25 };

  it("an answer that is given is the whole answer", async () => {
    const ask = (hall: Resident) =>
      textOf(hall.house.languageModel({}).generate([{ role: "user", content: "How are things?" }]));
    await fc.assert(
      fc.asyncProperty(pauses, async (list) => {
        expect(await whilePaused(list, () => ({ llm: { stepMs: 100 } }), ask)).toBe(REPLY);
      }),
      runs,
    );
  });

  it("a sentence that is said is the whole sentence", async () => {
    const ask = async (hall: Resident) =>
      samplesOf((await hall.house.textToSpeech({}, undefined)).synthesize(SENTENCE, { voice: "mouth" }));
    await fc.assert(
      fc.asyncProperty(pauses, async (list) => {
        expect(await whilePaused(list, () => ({ tts: { stepMs: 200 } }), ask)).toEqual(soundOf(SENTENCE));
      }),
      runs,
    );
  });

  it("a transcript is of all that was said", async () => {
    const ask = async (hall: Resident) => {
      const stt = await hall.house.speechToText({}, undefined);
      const stream = stt.startStream?.({ partials: "live" });
      if (stream === undefined) throw new Error("it streams");
      for (let at = 0; at < SPEECH.length; at += 1_600) {
        await stream.feed(SPEECH.subarray(at, at + 1_600));
        await new Promise<void>((resolve) => {
          hall.system.clock.after(60, resolve);
        });
      }
      return await stream.end();
    };
    await fc.assert(
      fc.asyncProperty(pauses, async (list) => {
        const engines = () => ({ stt: { firstMs: 300 } });
        expect((await whilePaused(list, engines, ask)).text).toBe(heardAs(SPEECH));
      }),
      runs,
    );
  });
});

describe("who works", () => {
  const engines = { stt: { firstMs: 700 }, llm: { firstMs: 200, stepMs: 40 } };
  const ask = ({ house }: Resident) =>
    textOf(house.languageModel({}).generate([{ role: "user", content: "How are things?" }]));

  it("and was punctual so far is replaced within 200 ms when it stands still", async () => {
    const { hall, attic, cellar } = await street(engines, engines);
    const { clock } = village;
    for (let before = 0; before < 8; before += 1) await clock.until(ask(hall));
    const answer = ask(hall);
    await clock.pass(600);
    const worker = workerOf("llm", attic, cellar);
    const other = worker === attic ? cellar : attic;
    const began = other.logs.llm.began;
    village.pause(worker.name);
    await clock.pass(200);
    expect(other.logs.llm.began).toBe(began + 1);
    expect(await clock.until(answer)).toBe(REPLY);
  });

  it("and is held up now and then is waited for: little is done twice", async () => {
    const { hall, attic, cellar } = await street(engines, engines);
    const { clock } = village;
    village.network.weather = { ...FAIR_WEATHER, stall: 0.02, stallMs: 300 };
    const JOBS = 60;
    const stt = await hall.house.speechToText({}, undefined);
    for (let job = 0; job < JOBS; job += 1) await clock.until(stt.transcribe(SPEECH.subarray(0, 1_600)));
    const twice = attic.logs.stt.began + cellar.logs.stt.began - JOBS;
    // Half of it was when every silence of 250 ms counted.
    expect(twice / JOBS).toBeLessThan(0.3);
  });
});

describe("what follows a live stream", () => {
  it("is not taken for standing still while its microphone is shut", async () => {
    const { hall, attic, cellar } = await street({ vad: {} }, { vad: {} });
    const { clock } = village;
    const vad = await clock.until(hall.house.voiceFrames({}, undefined));
    async function* pausing(): AsyncGenerator<Float32Array> {
      for (let frame = 0; frame < 100; frame += 1) {
        await wait(frame === 50 ? 5_000 : 20);
        yield SPEECH.subarray(0, BLOCK);
      }
    }
    let frames = 0;
    const over = (async () => {
      for await (const _ of vad.frames(pausing())) frames += 1;
    })();
    await clock.until(over);
    expect(frames).toBe(200);
    expect(attic.logs.vad.began + cellar.logs.vad.began).toBe(1);
  });

  async function* microphone(): AsyncGenerator<Float32Array> {
    for (let at = 0; at < SPEECH.length; at += BLOCK) {
      await wait(20);
      // Loud in the middle third.
      yield SPEECH.subarray(at, at + BLOCK).map((sample) => (at >= 16_000 && at < 32_000 ? sample : sample / 100));
    }
  }

  it.each(TROUBLES)("tells each frame once, in order, when who finds voices %s", async (_, trouble) => {
    const { hall, attic, cellar } = await street({ vad: {} }, { vad: {} });
    const { clock } = village;
    const vad = await clock.until(hall.house.voiceFrames({}, undefined));
    const frames: { readonly atMs: number; readonly probability: number }[] = [];
    const over = (async () => {
      for await (const frame of vad.frames(microphone())) frames.push(frame);
    })();
    await clock.pass(1_400);
    trouble(workerOf("vad", attic, cellar));
    await clock.until(over);
    expect(frames.map(({ atMs }) => atMs)).toEqual(Array.from({ length: SPEECH.length / 160 }, (__, n) => n * 10));
    const voiced = frames.filter(({ probability }) => probability > 0.5).map(({ atMs }) => atMs);
    expect([voiced[0], voiced.at(-1), voiced.length]).toEqual([1_000, 1_990, 100]);
  });

  it("goes on however often who does it is lost, as long as somebody is there", async () => {
    const { hall, attic, cellar } = await street({ vad: {} }, { vad: {} });
    const { clock } = village;
    const vad = await clock.until(hall.house.voiceFrames({}, undefined));
    const atMs: number[] = [];
    const isOver = new AbortController();
    async function* endless(): AsyncGenerator<Float32Array> {
      while (!isOver.signal.aborted) {
        await wait(20);
        yield SPEECH.subarray(0, BLOCK);
      }
    }
    const over = (async () => {
      for await (const frame of vad.frames(endless())) atMs.push(frame.atMs);
    })();
    for (let round = 0; round < 10; round += 1) {
      await clock.pass(2_500);
      const { name } = workerOf("vad", attic, cellar);
      village.pause(name);
      await clock.pass(2_000);
      village.resume(name);
    }
    isOver.abort();
    await clock.until(over);
    expect(atMs).toEqual(Array.from({ length: atMs.length }, (__, n) => n * 10));
    expect(atMs.length).toBeGreaterThan(4_000);
  });

  it.each(TROUBLES)("hears a wake word where it is, and once, when who listens for it %s", async (_, trouble) => {
    const { hall, attic, cellar } = await street({ wake: {} }, { wake: {} });
    const { clock } = village;
    const wake = await clock.until(hall.house.wakeWord({}, ["beep"], undefined));
    expect([wake.words, wake.stepMs]).toEqual([["beep"], 80]);
    const steps: { readonly atMs: number; readonly isSure: boolean }[] = [];
    const over = (async () => {
      for await (const { atMs, scores } of wake.scores(microphone())) {
        steps.push({ atMs, isSure: (scores["beep"] ?? 0) > 0.5 });
      }
    })();
    await clock.pass(1_400);
    trouble(workerOf("wake", attic, cellar));
    await clock.until(over);
    expect(steps.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 37 }, (__, n) => (n + 1) * 80));
    const sure = steps.filter(({ isSure }) => isSure).map(({ atMs }) => atMs);
    expect([sure[0], sure.at(-1)]).toEqual([1_040, 2_000]);
  });
});

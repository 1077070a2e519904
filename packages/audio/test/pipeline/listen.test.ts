import { describe, expect, it } from "vitest";
import { AudioError } from "../../src/index.ts";
import type { SpeechToText } from "../../src/engines/index.ts";
import { listen } from "../../src/pipeline/index.ts";
import { VirtualClock } from "./converse/kit.ts";
import { all, levelVad, recording, spellingStt, TO_THE_LETTER } from "./scripted.ts";

const engines = { vad: levelVad, stt: spellingStt() };

describe("listening", () => {
  it("gives each stretch of speech once, in order, with its times", async () => {
    const events = await all(listen(recording("..hello..world."), engines, { partials: "off", speech: TO_THE_LETTER }));
    expect(events).toEqual([
      { type: "speech-start", atMs: 200 },
      { type: "segment", segment: 0, text: "Hello", verbatim: "hello", language: "en", startMs: 200, endMs: 700 },
      { type: "speech-start", atMs: 900 },
      { type: "segment", segment: 1, text: "World", verbatim: "world", language: "en", startMs: 900, endMs: 1400 },
    ]);
  });

  it("tells what it has heard so far while a stretch goes on", async () => {
    const long = "abcdefghijklmnopqrstuvwxyz";
    const events = await all(listen(recording(`.${long}.`), engines, { partials: "every", speech: TO_THE_LETTER }));
    const partials = events.flatMap((event) => (event.type === "partial" ? [event.text] : []));
    expect(partials.length).toBeGreaterThan(1);
    for (const partial of partials) expect(long.startsWith(partial)).toBe(true);
    expect(partials.map((partial) => partial.length)).toEqual(
      partials.map((partial) => partial.length).sort((a, b) => a - b),
    );
    expect(events.at(-1)).toMatchObject({ type: "segment", verbatim: long });
  });

  it("says nothing of a stretch in which no word was", async () => {
    const events = await all(listen(recording(".ab.__.cd."), engines, { partials: "off", speech: TO_THE_LETTER }));
    expect(events.flatMap((event) => (event.type === "segment" ? [[event.segment, event.verbatim]] : []))).toEqual([
      [0, "ab"],
      [1, "cd"],
    ]);
  });

  it("looks again, more closely, at a stretch in which no word was found", async () => {
    const asked: number[] = [];
    const stt: SpeechToText = {
      id: "sensitive to margins",
      languages: ["en"],
      async transcribe(samples) {
        const lengthMs = samples.length / 16;
        asked.push(lengthMs);
        return { text: lengthMs > 600 ? "" : "not", language: "en", realTimeFactor: 0 };
      },
    };
    const speech = { silenceTimeoutMs: 300, minSpeechMs: 100, leadMs: 300, tailMs: 300 };
    const events = await all(listen(recording("....not...."), { vad: levelVad, stt }, { partials: "off", speech }));
    expect(events.at(-1)).toMatchObject({ type: "segment", text: "Not", startMs: 400, endMs: 700 });
    expect(asked).toEqual([900, 500]);
  });

  it("survives a failed partial, because the final decoding decides", async () => {
    const stt = spellingStt({
      onCall: (text) => {
        if (text.length < 26) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
      },
    });
    const events = await all(
      listen(
        recording("abcdefghijklmnopqrstuvwxyz."),
        { vad: levelVad, stt },
        { partials: "every", speech: TO_THE_LETTER },
      ),
    );
    expect(events.filter((event) => event.type === "partial")).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "segment", verbatim: "abcdefghijklmnopqrstuvwxyz" });
  });

  it("hears a stretch again over which the recogniser has died", async () => {
    let calls = 0;
    const stt = spellingStt({
      onCall: () => {
        calls += 1;
        if (calls === 2 || calls === 3) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
      },
    });
    const options = { partials: "off", speech: TO_THE_LETTER, clock: new VirtualClock() } as const;
    const events = all(listen(recording("ab.cd.ef."), { vad: levelVad, stt }, options));
    await options.clock.advance(1000);
    const segments = (await events).filter((event) => event.type === "segment");
    expect(segments.map(({ verbatim }) => verbatim)).toEqual(["ab", "cd", "ef"]);
    expect(calls).toBe(5);
  });

  it("does not wait for ever for a recogniser that does not answer", async () => {
    const stt = spellingStt({ onCall: () => new Promise(() => undefined) });
    const clock = new VirtualClock();
    const failure = all(
      listen(recording("ab."), { vad: levelVad, stt }, { partials: "off", speech: TO_THE_LETTER, clock }),
    ).catch((error: unknown) => error);
    await clock.advance(5 * 21_000 + 4000);
    expect(await failure).toMatchObject({ code: "job-timed-out" });
  });

  it("ends with the recogniser's error when it does not come back, after what was heard before", async () => {
    let calls = 0;
    const stt = spellingStt({
      onCall: () => {
        calls += 1;
        if (calls >= 2) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
      },
    });
    const heard: string[] = [];
    const clock = new VirtualClock();
    const run = async (): Promise<void> => {
      for await (const event of listen(
        recording("ab.cd."),
        { vad: levelVad, stt },
        { partials: "off", speech: TO_THE_LETTER, clock },
      )) {
        if (event.type === "segment") heard.push(event.verbatim);
      }
    };
    const failure = run().catch((error: unknown) => error);
    await clock.advance(10_000);
    expect(await failure).toMatchObject({ code: "engine-crashed" });
    expect(heard).toEqual(["ab"]);
    expect(calls).toBe(6);
  });

  it("takes a pause for the end as soon as it is told to", async () => {
    const segments = async (silenceTimeoutMs: number): Promise<string[]> => {
      const speech = { ...TO_THE_LETTER, silenceTimeoutMs };
      const events = await all(listen(recording(".he..llo....there."), engines, { partials: "off", speech }));
      return events.flatMap((event) => (event.type === "segment" ? [event.verbatim] : []));
    };
    expect(await segments(200)).toEqual(["he", "llo", "there"]);
    expect(await segments(300)).toEqual(["hello", "there"]);
    expect(await segments(600)).toEqual(["hellothere"]);
  });

  it("passes on the failure of the audio source", async () => {
    async function* broken(): AsyncGenerator<Float32Array> {
      yield* recording("ab");
      throw new Error("microphone unplugged");
    }
    await expect(all(listen(broken(), engines, { speech: TO_THE_LETTER }))).rejects.toThrow("microphone unplugged");
  });

  it("lets go of its source when the reader stops early", async () => {
    let released = false;
    async function* endless(): AsyncGenerator<Float32Array> {
      try {
        for (;;) yield* recording("ab.");
      } finally {
        released = true;
      }
    }
    for await (const event of listen(endless(), engines, { partials: "off", speech: TO_THE_LETTER }))
      if (event.type === "segment") break;
    expect(released).toBe(true);
  });

  it("ends as cancelled when its signal aborts", async () => {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      async function* endless(): AsyncGenerator<Float32Array> {
        for (;;) yield* recording("ab.");
      }
      for await (const event of listen(endless(), engines, { speech: TO_THE_LETTER, signal: abort.signal })) {
        if (event.type === "segment") abort.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: "job-cancelled" });
  });

  it("passes on what the recogniser tells of words, in the time of the recording, and writes as its mode wants it", async () => {
    const modes: unknown[] = [];
    const stt: SpeechToText = {
      id: "timed",
      languages: ["en"],
      async transcribe(_samples, { mode, hotWords } = {}) {
        modes.push([mode, hotWords]);
        const words = [
          { text: "Hey,", startMs: 100, endMs: 250, confidence: 0.5 },
          { text: "Parlay.", startMs: 300 },
        ];
        return { text: "Hey, Parlay.", language: "en-GB", realTimeFactor: 0, confidence: 0.75, words };
      },
    };
    const speech = { ...TO_THE_LETTER, leadMs: 200 };
    const options = { partials: "off", speech, mode: "command", hotWords: ["Parley"] } as const;
    const events = await all(listen(recording(".....heyparley."), { vad: levelVad, stt }, options));
    expect(events.at(-1)).toEqual({
      type: "segment",
      segment: 0,
      text: "hey parley",
      verbatim: "Hey, Parlay.",
      startMs: 500,
      endMs: 1400,
      language: "en-GB",
      confidence: 0.75,
      words: [
        { text: "Hey,", startMs: 400, endMs: 550, confidence: 0.5 },
        { text: "Parlay.", startMs: 600 },
      ],
    });
    expect(modes).toEqual([["command", ["Parley"]]]);
    const dictated = spellingStt();
    const spoken = all(
      listen(recording("tea_comma_milk."), { vad: levelVad, stt: dictated }, { ...options, mode: "dictation" }),
    );
    expect((await spoken).at(-1)).toMatchObject({ text: "Tea, milk" });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AudioError } from "../../src/index.ts";
import type { SpeechToText } from "../../src/engines/index.ts";
import { listen, nextPartialAtMs } from "../../src/pipeline/index.ts";
import { all, levelVad, recording, spellingStt, TO_THE_LETTER } from "./scripted.ts";

const engines = { vad: levelVad, stt: spellingStt() };

describe("listening", () => {
  it("gives each stretch of speech once, in order, with its times", async () => {
    const events = await all(listen(recording("..hello..world."), engines, { partials: "off", speech: TO_THE_LETTER }));
    expect(events).toEqual([
      { type: "speech-start", atMs: 200 },
      { type: "segment", segment: 0, text: "hello", startMs: 200, endMs: 700 },
      { type: "speech-start", atMs: 900 },
      { type: "segment", segment: 1, text: "world", startMs: 900, endMs: 1400 },
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
    expect(events.at(-1)).toMatchObject({ type: "segment", text: long });
  });

  it("spends on partials no more than about three times the final decoding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 40_000 }), (lengthMs) => {
        let decodedMs = 0;
        for (let atMs = 1000; atMs <= lengthMs; atMs = nextPartialAtMs(atMs)) decodedMs += atMs;
        expect(decodedMs).toBeLessThanOrEqual(3.1 * lengthMs);
      }),
    );
  });

  it("says nothing of a stretch in which no word was", async () => {
    const events = await all(listen(recording(".ab.__.cd."), engines, { partials: "off", speech: TO_THE_LETTER }));
    expect(events.flatMap((event) => (event.type === "segment" ? [[event.segment, event.text]] : []))).toEqual([
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
    expect(events.at(-1)).toMatchObject({ type: "segment", text: "not", startMs: 400, endMs: 700 });
    expect(asked).toEqual([900, 500]);
  });

  it("survives a failed partial, because the final decoding decides", async () => {
    const stt = spellingStt({
      onCall: (text) => {
        if (text.length < 20) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
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
    expect(events.at(-1)).toMatchObject({ type: "segment", text: "abcdefghijklmnopqrstuvwxyz" });
  });

  it("ends with the recogniser's error when the final decoding fails, after what was heard before", async () => {
    let calls = 0;
    const stt = spellingStt({
      onCall: () => {
        calls += 1;
        if (calls === 2) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
      },
    });
    const heard: string[] = [];
    const run = async (): Promise<void> => {
      for await (const event of listen(
        recording("ab.cd."),
        { vad: levelVad, stt },
        { partials: "off", speech: TO_THE_LETTER },
      )) {
        if (event.type === "segment") heard.push(event.text);
      }
    };
    await expect(run()).rejects.toMatchObject({ code: "engine-crashed" });
    expect(heard).toEqual(["ab"]);
  });

  it("takes a pause for the end as soon as it is told to", async () => {
    const segments = async (silenceTimeoutMs: number): Promise<string[]> => {
      const speech = { ...TO_THE_LETTER, silenceTimeoutMs };
      const events = await all(listen(recording(".he..llo....there."), engines, { partials: "off", speech }));
      return events.flatMap((event) => (event.type === "segment" ? [event.text] : []));
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
});

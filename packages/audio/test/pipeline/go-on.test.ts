import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TextToSpeech } from "../../src/engines/index.ts";
import { speak, speakSsml, voiceTurn, type SpeakEvent, type SpokenSoFar } from "../../src/pipeline/index.ts";
import { all, countingTts } from "./scripted.ts";

const RATE_HZ = 8000;

/** Every sample of a text's sound is another number, in blocks of uneven size. */
const telling: TextToSpeech = {
  id: "telling",
  sampleRateHz: RATE_HZ,
  voices: [{ name: "plain", language: "en" }],
  async *synthesize(text) {
    const whole = Float32Array.from({ length: text.length * 16 }, (_, i) => text.charCodeAt(i >> 4) + (i % 16) / 16);
    for (let at = 0, size = 7; at < whole.length; at += size, size = (size * 5) % 97) {
      yield { sampleRateHz: RATE_HZ, samples: whole.subarray(at, at + size) };
    }
  },
};

async function* inPieces(text: string, sizes: readonly number[]): AsyncGenerator<string> {
  for (let at = 0, i = 0; at < text.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    yield text.slice(at, at + size);
    at += size;
  }
}

/** What a listener has after `events`, as it can tell from them alone. */
function have(events: readonly SpeakEvent[], before?: SpokenSoFar): SpokenSoFar {
  let { text, spoken, index, heardMs } = before ?? { text: "", spoken: 0, index: 0, heardMs: 0 };
  const [again, againMs] = [index, heardMs];
  let open: { readonly from: number; readonly written: number } | undefined;
  for (const event of events) {
    if (event.type === "text") text += event.delta;
    if (event.type === "sentence") {
      heardMs = event.index === again ? againMs : 0;
      open = { from: event.from, written: event.spoken.written.length };
      [spoken, index] = [event.from, event.index];
    }
    if (event.type === "audio" && open !== undefined)
      heardMs += (1000 * event.pcm.samples.length) / event.pcm.sampleRateHz;
    if (event.type === "timing" && open !== undefined) {
      [spoken, index, heardMs] = [open.from + open.written, event.index + 1, 0];
      open = undefined;
    }
  }
  return { text, spoken, index, heardMs };
}

/** What was said of each chunk, sample by sample. */
function soundOf(events: readonly SpeakEvent[]): Map<number, number[]> {
  const sound = new Map<number, number[]>();
  for (const event of events) {
    if (event.type === "audio") sound.set(event.index, [...(sound.get(event.index) ?? []), ...event.pcm.samples]);
  }
  return sound;
}

function textOf(events: readonly SpeakEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.delta : "")).join("");
}

const words = fc.array(
  fc.constantFrom(
    "One here.",
    "and, then",
    "so",
    "Yes!",
    "\n```\nlet a;\n```\n",
    "it goes on and on",
    "3.5 km.",
    "😀",
    "Why?",
  ),
  { minLength: 1, maxLength: 30 },
);
const answer = words.map((each) => each.join(" "));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 });

describe("an answer that is gone on with", () => {
  it("gives, whenever it was cut, nothing twice and leaves nothing out", async () => {
    await fc.assert(
      fc.asyncProperty(answer, sizes, cuts, async (text, pieces, places) => {
        const whole = await all(speak(inPieces(text, pieces), telling));
        const heard: SpeakEvent[] = [];
        let soFar: SpokenSoFar | undefined;
        for (const place of [...places, undefined]) {
          const events = await all(speak(inPieces(text, pieces), telling, { soFar }));
          const kept = place === undefined ? events : events.slice(0, Math.floor(place * events.length));
          heard.push(...kept);
          soFar = have(kept, soFar);
        }
        expect(textOf(heard)).toBe(text);
        expect(soundOf(heard)).toEqual(soundOf(whole));
      }),
      { numRuns: 60 },
    );
  });

  it("says nothing where all was said, and tells what is left of the text", async () => {
    const text = "This was said. ";
    const soFar = { text: "This was", spoken: text.length, index: 1, heardMs: 0 };
    const events = await all(speak(inPieces(text, [4]), countingTts(), { soFar: { ...soFar, text } }));
    expect(events).toEqual([]);
    expect(
      textOf(await all(speak(inPieces(text, [4]), countingTts(), { soFar: { ...soFar, spoken: 0, index: 0 } }))),
    ).toBe(" said. ");
  });

  it("goes on in a marked-up document at the same stretch", async () => {
    const ssml =
      '<speak>First of all. <break time="50ms"/>Then <emphasis>this</emphasis>. <break time="20ms"/>At last.</speak>';
    const whole = await all(speakSsml(ssml, telling));
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const kept = whole.slice(0, cut);
      const rest = await all(speakSsml(ssml, telling, { soFar: have(kept) }));
      const said = (events: readonly SpeakEvent[]): number[] =>
        [...soundOf(events).values()].flat().filter((sample) => sample !== 0);
      expect(said([...kept, ...rest])).toEqual(said(whole));
      expect(textOf([...kept, ...rest])).toBe(textOf(whole));
    }
  });

  it("tells a written answer on from where it was", async () => {
    const parts = {
      hear: () => Promise.reject(new Error("deaf")),
      think: () => inPieces("All of it, at last.", [3]),
      voice: undefined,
    };
    const soFar = { text: "All of", spoken: 0, index: 0, heardMs: 0 };
    const events = await all(voiceTurn({ text: "well?" }, parts, { soFar }));
    expect(events.map((event) => (event.type === "text" ? event.delta : "")).join("")).toBe(" it, at last.");
  });
});

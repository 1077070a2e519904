import { describe, expect, it } from "vitest";
import type { SynthesizeOptions, TextToSpeech } from "../../src/engines/index.ts";
import { readSsml, speakSsml } from "../../src/pipeline/index.ts";
import type { SpeakEvent } from "../../src/pipeline/index.ts";
import { all } from "./scripted.ts";

const RATE_HZ = 24_000;
const TONE_HZ = 500;

/** One second of a tone for each call, shorter when faster, as an engine does: the speed leaves its pitch. */
function humming(calls: { text: string; speed?: number; voice?: string }[]): TextToSpeech {
  return {
    id: "humming",
    sampleRateHz: RATE_HZ,
    voices: [
      { name: "ann", language: "en-US" },
      { name: "uwe", language: "de-DE" },
    ],
    async *synthesize(text, how: SynthesizeOptions = {}) {
      const { speed, voice } = how;
      calls.push({ text, ...(speed === undefined ? {} : { speed }), ...(voice === undefined ? {} : { voice }) });
      const samples = Float32Array.from(
        { length: Math.round(RATE_HZ / (speed ?? 1)) },
        (_, n) => 0.4 * Math.sin((2 * Math.PI * TONE_HZ * n) / RATE_HZ),
      );
      yield { sampleRateHz: RATE_HZ, samples: samples.subarray(0, 5000) };
      yield { sampleRateHz: RATE_HZ, samples: samples.subarray(5000) };
    },
  };
}

function soundOf(events: readonly SpeakEvent[]): Float32Array {
  return Float32Array.from(events.flatMap((event) => (event.type === "audio" ? [...event.pcm.samples] : [])));
}

/** Cycles a second, by rising zero crossings away from the ends. */
function pitchHz(samples: Float32Array): number {
  const inner = samples.subarray(2000, samples.length - 2000);
  let crossings = 0;
  for (let at = 1; at < inner.length; at++) if ((inner[at - 1] ?? 0) < 0 && (inner[at] ?? 0) >= 0) crossings += 1;
  return (crossings * RATE_HZ) / inner.length;
}

describe("speaking SSML", () => {
  it("says each stretch with its pause, and shows the text without markup", async () => {
    const calls: { text: string }[] = [];
    const events = await all(
      speakSsml(
        '<speak>It is <sub alias="five">5</sub>.<break time="500ms"/>Good.<break time="250ms"/></speak>',
        humming(calls),
      ),
    );
    expect(events[0]).toEqual({ type: "text", delta: "It is 5.Good." });
    expect(events.flatMap((event) => (event.type === "sentence" ? [event.text] : []))).toEqual([
      "It is five.",
      "Good.",
    ]);
    const sound = soundOf(events);
    expect(sound).toHaveLength(RATE_HZ * 2.75);
    expect(sound.subarray(RATE_HZ, RATE_HZ * 1.5).every((sample) => sample === 0)).toBe(true);
    expect(sound.subarray(RATE_HZ * 2.5).every((sample) => sample === 0)).toBe(true);
  });

  it("raises the pitch without changing how long it takes", async () => {
    const sound = soundOf(await all(speakSsml('<speak><prosody pitch="+4st">Hello</prosody></speak>', humming([]))));
    expect(pitchHz(sound) / TONE_HZ).toBeCloseTo(2 ** (4 / 12), 1);
    expect(Math.abs(sound.length - RATE_HZ)).toBeLessThan(RATE_HZ / 100);
  });

  it("passes rate and voice of a language to the engine, within its bounds", async () => {
    const calls: { text: string; speed?: number; voice?: string }[] = [];
    const ssml =
      '<speak>a<prosody rate="200%">b</prosody><s xml:lang="de">c</s><s xml:lang="fr">d</s><emphasis level="strong">e</emphasis></speak>';
    await all(speakSsml(ssml, humming(calls), { speed: 1.5, voice: "ann" }));
    expect(calls.map(({ text, speed, voice }) => [text, Math.round((speed ?? 0) * 100) / 100, voice])).toEqual([
      ["a", 1.5, "ann"],
      ["b", 2, "ann"],
      ["c", 1.5, "uwe"],
      ["d", 1.5, "ann"],
      ["e", 1.31, "ann"],
    ]);
  });

  it("lets a document choose its voices, as far as they are there", async () => {
    const calls: { text: string; voice?: string }[] = [];
    const ssml =
      '<speak>a<voice name="nobody uwe">b</voice><voice name="nobody">c</voice><voice languages="de-CH fr">d</voice>' +
      '<voice name="uwe"><voice name="ann">e</voice>f</voice></speak>';
    await all(speakSsml(ssml, humming(calls), { language: "en-GB" }));
    expect(calls.map(({ text, voice }) => `${text} ${voice}`)).toEqual([
      "a ann",
      "b uwe",
      "c ann",
      "d uwe",
      "e ann",
      "f uwe",
    ]);
    await expect(all(speakSsml(ssml, humming([]), { language: "fr" }))).rejects.toMatchObject({
      code: "input-refused",
      message: "no voice here speaks fr",
    });
  });

  it("makes the next stretch while one is taken, and all breaks together are bounded", async () => {
    const calls: { text: string }[] = [];
    for await (const event of speakSsml("<speak><s>a</s><s>b</s></speak>", humming(calls))) {
      // Without it, this never ends.
      if (event.type === "audio") await expect.poll(() => calls.length).toBe(2);
    }
    const pauses = `<speak>x${'<break time="10s"/>y'.repeat(40)}</speak>`;
    const sound = soundOf(await all(speakSsml(pauses, { ...humming([]), sampleRateHz: 1000 })));
    expect(sound.length / 1000).toBeLessThan(300 + 41 * 24 + 1);
    expect(sound.length / 1000).toBeGreaterThan(300);
  });

  it("makes louder and softer, never beyond full scale", async () => {
    const peak = async (volume: string): Promise<number> => {
      const sound = soundOf(
        await all(speakSsml(`<speak><prosody volume="${volume}">x</prosody></speak>`, humming([]))),
      );
      return Math.max(...sound.subarray(0, 5000));
    };
    expect(await peak("-6dB")).toBeCloseTo(0.2, 2);
    expect(await peak("silent")).toBeLessThan(1e-5);
    expect(await peak("+6dB")).toBeCloseTo(0.8, 1);
    const loud = soundOf(
      await all(
        speakSsml('<speak><prosody volume="+6dB"><emphasis level="strong">x</emphasis></prosody></speak>', humming([])),
      ),
    );
    expect(Math.max(...loud.subarray(0, 5000))).toBe(1);
  });

  it("refuses what is no document before anything is said, naming line and column", async () => {
    const calls: { text: string }[] = [];
    await expect(all(speakSsml("<speak>\n<b>x</speak>", humming(calls)))).rejects.toMatchObject({
      code: "input-refused",
      message: expect.stringContaining("line 2, column 5"),
      nextStep: "Close it first with </b>.",
      details: { line: 2, column: 5 },
    });
    expect(calls).toEqual([]);
    expect(() => readSsml("hello")).toThrow("SSML, line 1, column 1");
  });

  it("says nothing of an empty document", async () => {
    expect(await all(speakSsml("<speak/>", humming([])))).toEqual([{ type: "text", delta: "" }]);
  });
});

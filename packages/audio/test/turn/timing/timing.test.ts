import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createChunker, createEnvelopeMeter, createSpeakable, heardText, timeSpeech } from "../../../src/turn/index.ts";
import type { SpeechTiming, Viseme } from "../../../src/turn/index.ts";

const RATE_HZ = 16_000;

/** Sound (a hum) and silence in turns, by milliseconds, sound first. */
function levels(...lengthsMs: readonly number[]): readonly number[] {
  const meter = createEnvelopeMeter(RATE_HZ);
  for (const [index, ms] of lengthsMs.entries()) {
    const samples = new Float32Array((ms * RATE_HZ) / 1000);
    if (index % 2 === 0) samples.forEach((_, n) => (samples[n] = 0.3 * Math.sin(n / 10)));
    meter.push(samples);
  }
  return meter.levels();
}

function timing(written: string, lengthsMs: readonly number[], language = "en"): SpeechTiming {
  const durationMs = lengthsMs.reduce((sum, ms) => sum + ms, 0);
  return timeSpeech(createSpeakable({ language })(written), { durationMs, levels: levels(...lengthsMs), language });
}

describe("the level of sound", () => {
  test("comes in frames of ten milliseconds, whatever the pieces", () => {
    const sound = Float32Array.from({ length: 1000 }, (_, n) => Math.sin(n / 7));
    const whole = createEnvelopeMeter(RATE_HZ);
    whole.push(sound);
    const parts = createEnvelopeMeter(RATE_HZ);
    for (let at = 0; at < 1000; at += 37) parts.push(sound.subarray(at, at + 37));
    expect(parts.levels()).toEqual(whole.levels());
    expect(whole.levels()).toHaveLength(7);
    for (const levelDb of whole.levels().slice(0, 6)) expect(levelDb).toBeCloseTo(-3, 0);
    expect(() => createEnvelopeMeter(0)).toThrow(RangeError);
  });
});

describe("word times", () => {
  test("begin and end with the sound", () => {
    const { words } = timing("Hello there friend", [0, 200, 900, 300]);
    expect(words.map(({ text }) => text)).toEqual(["Hello", "there", "friend"]);
    expect(words[0]?.startMs).toBe(200);
    expect(words[2]?.endMs).toBe(1100);
  });

  test("pauses lie where the comma is, not in the middle of words", () => {
    const { words } = timing("Yes, I will come with you tomorrow.", [350, 250, 1800]);
    expect(words[0]?.endMs).toBe(350);
    expect(words[1]?.startMs).toBe(600);
  });

  test("of two pauses, each finds its place", () => {
    const { words } = timing("Keep it short, keep it simple, and keep it kind.", [600, 150, 700, 200, 1000]);
    expect([words[2]?.endMs, words[3]?.startMs]).toEqual([600, 750]);
    expect([words[5]?.endMs, words[6]?.startMs]).toEqual([1450, 1650]);
  });

  test("a breath without a comma is found by the lengths of the words", () => {
    const { words } = timing("The extraordinary examination of it", [1400, 300, 250]);
    expect(words[2]?.endMs).toBe(1400);
    expect(words[3]?.startMs).toBe(1700);
  });

  test("a short closure inside a word is no pause", () => {
    const { words } = timing("Extraordinarily", [300, 110, 400]);
    expect(words).toMatchObject([{ startMs: 0, endMs: 810 }]);
  });

  test("long words take longer than short ones", () => {
    const { words } = timing("I investigated", [1000]);
    const lengths = words.map(({ startMs, endMs }) => endMs - startMs);
    expect(lengths[1]).toBeGreaterThan(4 * (lengths[0] ?? 0));
  });

  test("without a sound to look at, punctuation makes the pauses", () => {
    const { words } = timeSpeech(createSpeakable()("Well. Yes"), { durationMs: 1000 });
    expect((words[1]?.startMs ?? 0) - (words[0]?.endMs ?? 0)).toBeGreaterThan(150);
    expect(words[1]?.endMs).toBeCloseTo(1000, 6);
  });
});

describe("mouth shapes", () => {
  const shapes = (written: string, language?: string): Viseme[] =>
    timing(written, [0, 100, 800, 100], language).visemes.map(({ viseme }) => viseme);

  test.each<[string, Viseme[]]>([
    ["mama", ["rest", "M", "A", "M", "A", "rest"]],
    ["boom", ["rest", "P", "U", "M", "rest"]],
    ["coffee", ["rest", "E", "O", "F", "I", "rest"]],
    ["thought", ["rest", "Th", "O", "Th", "rest"]],
    ["home", ["rest", "E", "O", "M", "rest"]],
  ])("%s", (word, wanted) => {
    expect(shapes(word)).toEqual(wanted);
  });

  test("German spelling is read as German", () => {
    expect(shapes("Wein", "de")).toEqual(["rest", "F", "A", "I", "Th", "rest"]);
    expect(shapes("Vater", "de-AT")).toEqual(["rest", "F", "A", "Th", "A", "rest"]);
  });

  test("the mouth rests in pauses", () => {
    const { visemes } = timing("Yes, no", [400, 300, 400]);
    expect(visemes).toContainEqual({ viseme: "rest", startMs: 400, endMs: 700 });
  });
});

describe("what was heard", () => {
  /** Its last word ends 100 ms before it does. */
  const chunk = (written: string, durationMs: number): SpeechTiming => timing(written, [durationMs - 100, 100]);

  test("is cut at a word, as it is written", () => {
    const first = chunk("It is **very** [nice](http://a.b), ", 1000);
    const second = chunk("for $3.50. ", 1000);
    const at = (ms: number): string => heardText([first, second], ms);
    const end = (word: number): number => first.words[word]?.endMs ?? 0;
    expect(at(0)).toBe("");
    expect(at(end(0))).toBe("It");
    expect(at(end(2) - 10)).toBe("It is");
    expect(at(end(2))).toBe("It is **very**");
    expect(at(999)).toBe("It is **very** [nice](http://a.b),");
    expect(at(1000 + (second.words[0]?.endMs ?? 0))).toBe("It is **very** [nice](http://a.b), for");
    expect(at(1000 + (second.words[2]?.endMs ?? 0))).toBe("It is **very** [nice](http://a.b), for");
    expect(at(2000)).toBe("It is **very** [nice](http://a.b), for $3.50. ");
  });

  test("what is not said counts when sound behind it was heard, or nothing follows", () => {
    const code = { written: "```\nx\n```\n", durationMs: 0, words: [] };
    const chunks = [chunk("Look: ", 500), code, chunk("Done. ", 500), code];
    expect(heardText(chunks, 500)).toBe("Look: ");
    expect(heardText(chunks, 999)).toBe("Look: ```\nx\n```\nDone.");
    expect(heardText(chunks, 1000)).toBe("Look: ```\nx\n```\nDone. ```\nx\n```\n");
    expect(heardText([], 1000)).toBe("");
  });
});

describe("whatever is said", () => {
  const piece = fc.constantFrom(
    "word",
    "a",
    "the",
    "Extraordinary",
    "12:30",
    "$3.50",
    "**b**",
    "🎉",
    "你好",
    "z.B.",
    "Straße",
    "CPU",
    ", ",
    ". ",
    "! ",
    " ",
    " ",
    "\n",
    "```\ncode\n```\n",
    "[x y](http://z)",
    "ñandú",
    "привет",
    "e\u0301",
    "—",
    "3",
  );
  const text = fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(""));
  const sound = fc
    .array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 12 })
    .map((tens) => tens.map((n) => n * 10));
  const language = fc.constantFrom("en-US", "de", "fr", undefined);

  test("words follow each other inside the chunk, and mouth shapes cover all of it", () => {
    fc.assert(
      fc.property(text, sound, language, fc.boolean(), (written, lengthsMs, tag, isBlind) => {
        const durationMs = lengthsMs.reduce((sum, ms) => sum + ms, 0);
        const spoken = createSpeakable({ language: tag })(written);
        const { words, visemes } = timeSpeech(spoken, {
          durationMs,
          language: tag,
          levels: isBlind ? undefined : levels(...lengthsMs),
        });
        expect(words.map((word) => word.text)).toEqual(spoken.words.map((word) => word.text));
        let atMs = 0;
        for (const { startMs, endMs } of words) {
          expect(startMs).toBeGreaterThanOrEqual(atMs - 1e-6);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          atMs = endMs;
        }
        expect(atMs).toBeLessThanOrEqual(durationMs + 1e-6);
        expect(visemes[0]?.startMs ?? 0).toBe(0);
        expect(visemes.at(-1)?.endMs ?? 0).toBe(durationMs);
        for (const [index, { viseme, startMs, endMs }] of visemes.entries()) {
          expect(endMs).toBeGreaterThan(startMs);
          if (index === 0) continue;
          expect(startMs).toBe(visemes[index - 1]?.endMs);
          expect(viseme).not.toBe(visemes[index - 1]?.viseme);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("what was heard is a beginning of what is written, grows with time, and is all of it in the end", () => {
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 30, max: 90 }),
        fc.array(fc.nat({ max: 20_000 })),
        (written, msPerChar, times) => {
          const chunker = createChunker();
          const say = createSpeakable({ language: "en" });
          const chunks = [...chunker.push(written), ...chunker.end()].map((part) => {
            const spoken = say(part);
            return timeSpeech(spoken, { durationMs: spoken.text.length * msPerChar, language: "en" });
          });
          const totalMs = chunks.reduce((sum, { durationMs }) => sum + durationMs, 0);
          let before = "";
          for (const ms of times.toSorted((a, b) => a - b)) {
            const heard = heardText(chunks, ms);
            expect(written.startsWith(heard)).toBe(true);
            expect(heard.startsWith(before)).toBe(true);
            before = heard;
          }
          if (totalMs > 0) expect(heardText(chunks, totalMs)).toBe(written);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("a very long chunk takes no more than its share of work", () => {
    const written = "word, and then some more of it. ".repeat(1000);
    const durationMs = 2_000_000;
    const spoken = createSpeakable({ language: "en" })(written);
    const many = Array.from({ length: durationMs / 10 }, (_, n) => (n % 60 < 12 ? -120 : -20));
    const { words } = timeSpeech(spoken, { durationMs, levels: many, language: "en" });
    expect(words).toHaveLength(7000);
    expect(words.at(-1)?.endMs).toBeCloseTo(durationMs, 3);
  });
});

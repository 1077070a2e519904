import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEndpointer, endOfTurnScore, endpointOptions, silenceFor } from "../../../src/turn/index.ts";
import type { EndpointEvent, EndpointOptions } from "../../../src/turn/index.ts";
import { ENGLISH, GERMAN } from "./sentences.ts";

const FRAME_MS = 32;
const COMMAND = { language: "en", mode: "command" } as const;

/** One who speaks and pauses: milliseconds of voice or, negative, of silence, or a transcript that comes just then. */
function listen(parts: readonly (number | string)[], options: Partial<EndpointOptions> = {}) {
  const ears = createEndpointer(options);
  const events: (EndpointEvent & { readonly atMs: number })[] = [];
  let atMs = 0;
  let voiceEndMs = 0;
  for (const part of parts) {
    if (typeof part === "string") {
      ears.partial({ text: part, throughMs: voiceEndMs });
      continue;
    }
    for (const endMs = atMs + Math.abs(part); atMs < endMs; atMs += FRAME_MS) {
      for (const event of ears.push({ atMs, voiced: part > 0 })) events.push({ ...event, atMs: atMs + FRAME_MS });
      if (part > 0) voiceEndMs = atMs + FRAME_MS;
    }
  }
  return events;
}

const kinds = (events: readonly EndpointEvent[]): string => events.map(({ type }) => type).join(" ");

describe("the end of a turn", () => {
  test("“I would like … tea” is one turn, with a pause of a second and a half", () => {
    const events = listen([800, -400, "I would like", -1100, 400, -200, "I would like tea.", -3000]);
    expect(kinds(events)).toBe("may-end goes-on may-end ended");
    expect(events.at(-1)).toMatchObject({ type: "ended" });
  });

  test("“stop” ends as soon as it is recognised, after a quarter of a second", () => {
    const [early, end] = listen([400, -200, "Stop.", -2000]);
    expect(early).toMatchObject({ type: "may-end", atMs: 416 + 160 });
    expect(end).toMatchObject({ type: "ended", silenceMs: 256, reason: "whole" });
  });

  test("with nothing recognised, silence alone decides", () => {
    expect(listen([400, -2000]).at(-1)).toMatchObject({ type: "ended", silenceMs: 1216, reason: "silence" });
  });

  test("a transcript of the beginning says nothing of the end", () => {
    const events = listen([400, "Stop", 1500, -2000]);
    expect(events.at(-1)).toMatchObject({ silenceMs: 1216 });
  });

  test("an older transcript that comes late does not count", () => {
    const ears = createEndpointer();
    ears.partial({ text: "set a timer for", throughMs: 1000 });
    ears.partial({ text: "stop", throughMs: 900 });
    expect(ears.complete).toBeLessThan(0.1);
  });

  test("who speaks without end is cut", () => {
    expect(listen([70_000]).at(-1)).toMatchObject({ type: "ended", reason: "length", atMs: 60_000 });
  });

  test("in dictation a sentence is not the end", () => {
    const dictated = [1000, -300, "The meeting was moved to Monday.", -2700] as const;
    expect(listen(dictated, { mode: "dictation" }).at(-1)?.atMs).toBeGreaterThan(1000 + 1200);
    expect(listen(dictated).at(-1)?.atMs).toBeLessThan(1000 + 700);
  });

  test("a judge of one's own is asked, or gives its score with the transcript", () => {
    expect(listen([400, "x", -2000], { score: () => 1 }).at(-1)).toMatchObject({ silenceMs: 256 });
    const ears = createEndpointer();
    ears.partial({ text: "stop", throughMs: 0, score: 0 });
    expect(ears.complete).toBe(0);
  });

  test("options that make no sense are refused", () => {
    for (const wrong of [
      { frameMs: 0 },
      { earlyMs: -1 },
      { leastSilenceMs: 1300 },
      { patience: -1 },
      { mostSilenceMs: Number.NaN },
    ]) {
      expect(() => endpointOptions(wrong)).toThrow(RangeError);
    }
  });
});

describe("a pause", () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });

  test("shorter than what its score asks for never ends a turn, and one as long as that does", () => {
    const said = fc.tuple(fc.integer({ min: 64, max: 3000 }), score, fc.double({ min: 0, max: 0.999, noNaN: true }));
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 8 }), (parts) => {
        const options = endpointOptions({ frameMs: FRAME_MS });
        const ears = createEndpointer({ frameMs: FRAME_MS });
        let atMs = 0;
        const hear = (ms: number, voiced: boolean): EndpointEvent[] => {
          const events: EndpointEvent[] = [];
          for (let frames = Math.floor(ms / FRAME_MS); frames > 0; frames -= 1, atMs += FRAME_MS)
            events.push(...ears.push({ atMs, voiced }));
          return events;
        };
        let last = 0;
        for (const [voiceMs, judged, share] of parts) {
          const before = hear(voiceMs, true);
          ears.partial({ text: "x", throughMs: atMs, score: judged });
          last = judged;
          const pause = hear(Math.min(share * silenceFor(judged, options), silenceFor(judged, options) - 1), false);
          expect([...before, ...pause].filter(({ type }) => type === "ended")).toEqual([]);
        }
        // Of whom it is not known how they pause, exactly that; the more they have paused, the longer.
        const end = hear(10_000, false).find(({ type }) => type === "ended");
        expect(end?.type === "ended" && end.silenceMs >= silenceFor(last, options)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("behind what surely is whole is the least, whatever was said and however it was paused before", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 64, max: 900 }), { maxLength: 6 }), (lengths) => {
        const parts = lengths.flatMap((ms) => [ms, -Math.min(ms, 200)]);
        const end = listen([...parts, 400, -200, "Stop.", -3000]).find(({ type }) => type === "ended");
        expect(end?.type === "ended" && end.silenceMs).toBe(256);
      }),
    );
  });

  test("that was long lets the next one be longer, also when the turn had been taken for over", () => {
    const need = (pausedMs: number): number => {
      const ears = createEndpointer({ frameMs: FRAME_MS });
      ears.reset(pausedMs);
      let silenceMs = 0;
      for (let atMs = 0; atMs < 10_000; atMs += FRAME_MS) {
        const [event] = ears.push({ atMs, voiced: atMs < 320 });
        if (event?.type === "ended") silenceMs = event.silenceMs;
      }
      return silenceMs;
    };
    expect([0, 1000, 20_000].map(need)).toEqual([1216, 1600, 2528]);
  });
});

describe("silence for a score", () => {
  test("falls from the most to the least, and never leaves them", () => {
    const options = endpointOptions();
    expect([0, 0.1, 0.5, 0.9, 1].map((score) => silenceFor(score, options))).toEqual([2500, 2500, 1200, 250, 250]);
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
        const [low, high] = [silenceFor(Math.min(a, b), options), silenceFor(Math.max(a, b), options)];
        return high <= low && high >= 250 && low <= 2500;
      }),
    );
  });
});

describe("the judge", () => {
  test.each<[string, string, "open" | "unsure" | "whole"]>([
    ["en", "I would like", "open"],
    ["en", "and", "open"],
    ["en", "um", "open"],
    ["en", "I want to, uh", "open"],
    ["en", "set a timer for", "open"],
    ["en", "Could you please", "open"],
    ["en", "turn on the", "open"],
    ["en", "my phone number is", "open"],
    ["en", "we need bread, butter,", "open"],
    ["en", "what is the", "open"],
    ["en", "set a timer for twenty", "unsure"],
    ["en", "five five five", "unsure"],
    ["en", "Turn off the lights end.", "unsure"],
    ["en", "Call my wife int.", "unsure"],
    ["en", "Lock there,", "unsure"],
    ["en", "turn the radio off", "whole"],
    ["en", "tell me how it works in the end", "whole"],
    ["en", "turn the kitchen light", "unsure"],
    ["en", "Stop.", "whole"],
    ["en", "Yes, please.", "whole"],
    ["en", "what time is it", "whole"],
    ["en", "turn the kitchen light off", "whole"],
    ["en", "set a timer for twenty minutes", "whole"],
    ["en-GB", "Is it raining?", "whole"],
    ["de", "Ich möchte", "open"],
    ["de", "Ich hätte gern", "open"],
    ["de", "Kannst du mir bitte", "open"],
    ["de", "stell den Wecker auf", "unsure"],
    ["de", "und", "open"],
    ["de", "ähm", "open"],
    ["de", "mach das Licht", "unsure"],
    ["de", "Stopp!", "whole"],
    ["de", "Ja, bitte.", "whole"],
    ["de", "Wie spät ist es?", "whole"],
    ["de-AT", "mach das Licht an", "whole"],
    ["fr", "je voudrais", "unsure"],
    ["fr", "quelle heure est-il ?", "whole"],
    ["ja", "今何時", "unsure"],
    ["en", "", "unsure"],
  ])("%s: “%s” is %s", (language, text, wanted) => {
    const score = endOfTurnScore(text, { language, mode: "command" });
    const range = { open: [0, 0.25], unsure: [0.25, 0.81], whole: [0.8, 1] }[wanted];
    expect(score).toBeGreaterThanOrEqual(range[0] ?? 0);
    expect(score).toBeLessThanOrEqual(range[1] ?? 1);
  });

  test("a full stop tells nothing: recognisers put one behind everything", () => {
    expect(endOfTurnScore("I would like.", COMMAND)).toBe(endOfTurnScore("I would like", COMMAND));
  });

  test("gives a probability for any text, also a very long one", () => {
    const word = fc.constantFrom(
      "the",
      "stop",
      "um",
      "please",
      "twenty",
      "turn",
      "?",
      ",",
      "…",
      "'",
      "bitte",
      "ich möchte",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(word).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, fc.constantFrom("en", "de", "", "x-klingon", "EN_us"), (said, language) => {
        const score = endOfTurnScore(said, { language, mode: "command" });
        return score >= 0 && score <= 1;
      }),
      { numRuns: 500 },
    );
    const flood = endOfTurnScore("please ".repeat(100_000), COMMAND);
    expect(flood).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ["en", ENGLISH],
    ["de", GERMAN],
  ] as const)("on %s sentences, whole and begun", (language, sentences) => {
    const options = endpointOptions({ language });
    const need = (text: string): number => silenceFor(endOfTurnScore(text, { language, mode: "command" }), options);
    const whole = sentences.map(need).toSorted((a, b) => a - b);
    // A pause may come at any word; some beginnings are whole sentences themselves ("play the latest album").
    const begun = sentences.flatMap((sentence) => {
      const words = sentence.split(" ");
      return words.slice(1).map((_, index) => need(words.slice(0, index + 1).join(" ")));
    });
    const share = (needs: readonly number[], holds: (needMs: number) => boolean): number =>
      Math.round((100 * needs.filter(holds).length) / needs.length);
    const [early, late] = [share(begun, (ms) => ms <= 600), share(whole, (ms) => ms > 1200)];
    console.log(
      `${language}: whole sentences end after p50 ${whole[Math.floor(whole.length / 2)]?.toFixed(0)} ms, p90 ${whole[Math.floor(whole.length * 0.9)]?.toFixed(0)} ms, later than unsure ${late} %; of pauses of 0.6 s within a sentence ${early} % cut it, of 0.9 s ${share(begun, (ms) => ms <= 900)} %, of 1.5 s ${share(begun, (ms) => ms <= 1500)} % (silence of 0.6 s alone: 100 %)`,
    );
    expect(late).toBeLessThanOrEqual(10);
    expect(early).toBeLessThanOrEqual(45);
  });
});

describe("whatever is heard", () => {
  const part = fc.oneof(
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: -3000, max: -1 }),
    fc.constantFrom("stop", "I would like", "", "um", "what time is it"),
  );

  test("early starts and their taking back alternate, one end comes, and nothing after it", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.boolean(), (parts, dictated) => {
        const events = listen([...parts, -4000], { mode: dictated ? "dictation" : "command" });
        expect(kinds(events)).toMatch(/^(may-end goes-on ?)*(may-end ?)?(ended)?$/u);
        expect(events.some(({ type }) => type === "ended")).toBe(
          parts.some((one) => typeof one === "number" && one > 0),
        );
        for (const event of events) if ("toMs" in event) expect(event.toMs).toBeLessThanOrEqual(event.atMs);
      }),
      { numRuns: 500 },
    );
  });
});

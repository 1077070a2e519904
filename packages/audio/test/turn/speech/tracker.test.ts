import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createSpeechTracker,
  thresholdsFor,
  type SpeechEvent,
  type SpeechOptions,
  type SpeechState,
} from "../../../src/turn/speech/index.ts";

const FRAME_MS = 32;

type SpeechEnd = Extract<SpeechEvent, { type: "speech-end" }>;

function track(
  probabilities: readonly number[],
  options: SpeechOptions = {},
): { readonly events: SpeechEvent[]; readonly states: SpeechState[] } {
  const tracker = createSpeechTracker(FRAME_MS, options);
  const events: SpeechEvent[] = [];
  const states: SpeechState[] = [];
  for (const [n, probability] of probabilities.entries()) {
    const step = tracker.push({ atMs: n * FRAME_MS, probability });
    events.push(...step.events);
    states.push(step.state);
  }
  events.push(...tracker.end());
  return { events, states };
}

function ends(events: readonly SpeechEvent[]): SpeechEnd[] {
  return events.filter((event) => event.type === "speech-end");
}

const run = (length: number, probability: number): number[] => Array.from({ length }, () => probability);

/** Like what a detector says: runs of one certainty, with doubt at the edges. */
const certainty = fc.oneof(fc.constantFrom(0, 0.02, 0.4, 0.5, 0.99, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const stream = fc
  .array(fc.tuple(certainty, fc.integer({ min: 1, max: 40 })), { maxLength: 30 })
  .map((runs) => runs.flatMap(([probability, length]) => run(length, probability)));
const options = fc.record({
  sensitivity: fc.double({ min: 0, max: 1, noNaN: true }),
  silenceTimeoutMs: fc.integer({ min: 0, max: 2000 }),
  minSpeechMs: fc.integer({ min: 0, max: 400 }),
  maxSpeechMs: fc.integer({ min: 1200, max: 8000 }),
  leadMs: fc.integer({ min: 0, max: 400 }),
  tailMs: fc.integer({ min: 0, max: 400 }),
});

describe("frames become stretches of speech", () => {
  it("that begin where the voice began and end where it ended, with margins for the recogniser", () => {
    const { events } = track([...run(20, 0.01), ...run(20, 0.9), ...run(40, 0.01)], { leadMs: 100, tailMs: 150 });
    expect(events).toEqual([
      { type: "speech-start", atMs: 640 },
      {
        type: "speech-end",
        startMs: 640,
        endMs: 1280,
        fromMs: 540,
        toMs: 1430,
        silenceMs: 512,
        cut: false,
      },
    ]);
  });

  it("though a click is none, however often it comes", () => {
    const click = [...run(3, 0.99), ...run(10, 0.01)];
    const { events, states } = track(Array.from({ length: 20 }, () => click).flat());
    expect(events).toEqual([]);
    expect(new Set(states)).toEqual(new Set(["voice", "silence"]));
  });

  it("and a short pause within a word does not forget what was said before it", () => {
    const { events } = track([...run(4, 0.9), ...run(3, 0.1), ...run(4, 0.9), ...run(20, 0.01)]);
    expect(ends(events)).toMatchObject([{ startMs: 0, endMs: 11 * FRAME_MS }]);
  });

  it("in which a doubtful frame goes on but does not begin", () => {
    const { events, states } = track([...run(10, 0.4), ...run(10, 0.6), ...run(10, 0.4), ...run(20, 0.2)]);
    expect(ends(events)).toMatchObject([{ startMs: 320, endMs: 960 }]);
    expect(states.slice(0, 10)).toEqual(run(10, 0).map(() => "silence"));
    expect(states.slice(20, 30)).toEqual(run(10, 0).map(() => "speech"));
    expect(states[31]).toBe("pause");
  });

  it("cut where a voice is least probable when they are too long, without losing any of it", () => {
    const breath = [0.6, 0.45, 0.6];
    const long = [...run(70, 0.99), ...breath, ...run(60, 0.99), ...run(30, 0)];
    const { events } = track(long, { maxSpeechMs: 4000 });
    const [first, second] = ends(events);
    expect(first).toMatchObject({ startMs: 0, toMs: 71 * FRAME_MS, cut: true });
    expect(second).toMatchObject({ fromMs: 71 * FRAME_MS, endMs: 133 * FRAME_MS, cut: false });
    expect(events.map(({ type }) => type)).toEqual(["speech-start", "speech-end", "speech-start", "speech-end"]);
  });

  it("that are closed when the stream ends, with no more sound than there was", () => {
    const { events } = track(run(20, 0.9));
    expect(ends(events)).toMatchObject([{ startMs: 0, endMs: 640, toMs: 640, silenceMs: 0 }]);
  });

  it("disjoint, in order, each announced once before it ends, none longer than allowed", () => {
    fc.assert(
      fc.property(stream, options, (probabilities, how) => {
        const { events } = track(probabilities, how);
        let takenMs = 0;
        let openedAtMs: number | undefined;
        for (const event of events) {
          if (event.type === "speech-start") {
            expect(openedAtMs).toBeUndefined();
            openedAtMs = event.atMs;
            continue;
          }
          expect(event.startMs).toBe(openedAtMs);
          openedAtMs = undefined;
          expect(event.fromMs).toBeGreaterThanOrEqual(takenMs);
          expect(event.fromMs).toBeLessThanOrEqual(event.startMs);
          expect(event.endMs).toBeGreaterThan(event.startMs);
          expect(event.toMs).toBeGreaterThanOrEqual(event.endMs);
          expect(event.toMs).toBeLessThanOrEqual(probabilities.length * FRAME_MS);
          expect(event.silenceMs).toBeGreaterThanOrEqual(0);
          // Silence behind the voice is not yet known to be an end, so it may be looked at too.
          const longestMs = how.maxSpeechMs + how.leadMs + how.tailMs + FRAME_MS;
          expect(event.toMs - event.fromMs).toBeLessThanOrEqual(longestMs);
          takenMs = event.toMs;
        }
        expect(openedAtMs).toBeUndefined();
      }),
    );
  });

  it("with every voice in them that lasts long enough", () => {
    fc.assert(
      fc.property(stream, options, (probabilities, how) => {
        const stretches = ends(track(probabilities, how).events);
        const { onProbability } = thresholdsFor(how.sensitivity);
        const isVoice = probabilities.map((probability) => probability >= onProbability);
        for (const [n, voice] of isVoice.entries()) {
          const from = isVoice.lastIndexOf(false, n);
          const next = isVoice.indexOf(false, n);
          const length = (next === -1 ? isVoice.length : next) - from - 1;
          if (!voice || length * FRAME_MS < how.minSpeechMs) continue;
          const atMs = n * FRAME_MS;
          expect(stretches.some(({ fromMs, toMs }) => fromMs <= atMs && toMs >= atMs + FRAME_MS)).toBe(true);
        }
      }),
    );
  });

  it("of which more are heard when it is more sensitive", () => {
    const voiced = (probabilities: readonly number[], sensitivity: number): number =>
      track(probabilities, { sensitivity, minSpeechMs: 0 }).states.filter((state) => state === "speech").length;
    fc.assert(
      fc.property(stream, fc.double({ min: 0, max: 0.5, noNaN: true }), (probabilities, less) => {
        expect(voiced(probabilities, less + 0.5)).toBeGreaterThanOrEqual(voiced(probabilities, less));
      }),
    );
  });

  it("by a tracker that is as new after the end", () => {
    fc.assert(
      fc.property(stream, stream, (first, second) => {
        const tracker = createSpeechTracker(FRAME_MS);
        const feed = (probabilities: readonly number[]): SpeechEvent[] => [
          ...probabilities.flatMap((probability, n) => tracker.push({ atMs: n * FRAME_MS, probability }).events),
          ...tracker.end(),
        ];
        feed(first);
        expect(feed(second)).toEqual(track(second).events);
      }),
    );
  });

  it("unless the options make no sense", () => {
    expect(() => createSpeechTracker(0)).toThrow(RangeError);
    expect(() => createSpeechTracker(FRAME_MS, { sensitivity: 1.1 })).toThrow(/sensitivity/);
    expect(() => createSpeechTracker(FRAME_MS, { silenceTimeoutMs: Number.NaN })).toThrow(/silenceTimeoutMs/);
    expect(() => createSpeechTracker(FRAME_MS, { maxSpeechMs: 500 })).toThrow(/maxSpeechMs/);
  });
});

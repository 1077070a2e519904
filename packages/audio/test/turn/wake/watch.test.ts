import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWakeWatch, type WakeHit, type WakeOptions } from "../../../src/turn/wake/index.ts";

const STEP_MS = 80;

/** The hits of one input whose word scores as listed, step by step. */
function hits(scores: readonly number[], options: Partial<WakeOptions> = {}): WakeHit[] {
  const watch = createWakeWatch({ words: { nova: {} }, ...options });
  return scores.flatMap((score, n) => watch.push({ input: "mic", atMs: n * STEP_MS, scores: { nova: score } }) ?? []);
}

describe("a wake word is heard", () => {
  it("when its score stays high for as many steps as its patience says", () => {
    expect(hits([0.1, 0.9, 0.1, 0.9, 0.1])).toEqual([]);
    expect(hits([0.1, 0.6, 0.9, 0.7])).toEqual([{ input: "mic", word: "nova", atMs: 160, score: 0.9 }]);
    expect(hits([0.6, 0.6, 0.6], { words: { nova: { patience: 3 } } })).toMatchObject([{ atMs: 160 }]);
    expect(hits([0.6], { words: { nova: { patience: 1, threshold: 0.6 } } })).toHaveLength(1);
  });

  it("once, however long it echoes, and again after the rest", () => {
    const long = Array.from({ length: 30 }, () => 0.9);
    expect(hits(long).map(({ atMs }) => atMs)).toEqual([80, 2160]);
    expect(hits(long, { refractoryMs: 10_000 })).toHaveLength(1);
  });

  it("on the inputs that are watched only, and once for a host", () => {
    const watch = createWakeWatch({ words: { nova: { patience: 1 } }, inputs: ["mic", "desk"] });
    const say = (input: string, atMs: number) => watch.push({ input, atMs, scores: { nova: 0.9 } });
    expect(say("television", 0)).toBeUndefined();
    expect(say("mic", 80)).toMatchObject({ input: "mic" });
    expect(say("desk", 160)).toBeUndefined();
    expect(say("desk", 2080)).toMatchObject({ input: "desk" });
  });

  it("by its own threshold, the surest when there are several", () => {
    const watch = createWakeWatch({ words: { nova: { patience: 1 }, jarvis: { patience: 1, threshold: 0.8 } } });
    const heard = (scores: Record<string, number>, atMs: number) => watch.push({ input: "mic", atMs, scores })?.word;
    expect(heard({ nova: 0.1, jarvis: 0.7, alexa: 1 }, 0)).toBeUndefined();
    expect(heard({ nova: 0.6, jarvis: 0.9 }, 80)).toBe("jarvis");
    expect(heard({ nova: 0.6, jarvis: 0.7 }, 5000)).toBe("nova");
    expect(heard({}, 10_000)).toBeUndefined();
  });

  it("not across a moment in which its input was not listened to", () => {
    const watch = createWakeWatch({ words: { nova: {} } });
    const say = (atMs: number) => watch.push({ input: "mic", atMs, scores: { nova: 0.9 } });
    say(0);
    watch.forget("mic");
    expect(say(80)).toBeUndefined();
    expect(say(160)).toBeDefined();
  });

  it("exactly when a plain count over the steps says so", () => {
    const scores = fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 80,
    });
    const patience = fc.integer({ min: 1, max: 4 });
    const threshold = fc.double({ min: 0.05, max: 1, noNaN: true });
    const refractory = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(scores, patience, threshold, refractory, (steps, inARow, least, refractoryMs) => {
        const watch = createWakeWatch({ words: { nova: { patience: inARow, threshold: least } }, refractoryMs });
        let restUntil = -1;
        let counted: { input: string; score: number }[] = [];
        for (const [n, [input, score]] of steps.entries()) {
          const atMs = n * STEP_MS;
          const hit = watch.push({ input, atMs, scores: { nova: score } });
          if (atMs < restUntil) {
            expect(hit).toBeUndefined();
            continue;
          }
          counted.push({ input, score });
          const last = counted.filter((step) => step.input === input).slice(-inARow);
          const expected = last.length === inARow && last.every((step) => step.score >= least);
          expect(hit !== undefined).toBe(expected);
          if (hit === undefined) continue;
          restUntil = atMs + refractoryMs;
          counted = [];
        }
      }),
    );
  });

  it("never by options that make no sense", () => {
    expect(() => createWakeWatch({ words: {} })).toThrow(/at least one word/);
    expect(() => createWakeWatch({ words: { nova: { threshold: 0 } } })).toThrow(/threshold of nova/);
    expect(() => createWakeWatch({ words: { nova: { patience: 1.5 } } })).toThrow(/patience of nova/);
    expect(() => createWakeWatch({ words: { nova: {} }, refractoryMs: -1 })).toThrow(/refractoryMs/);
  });
});

import { describe, expect, it } from "vitest";
import { silenceIn, Taken } from "../../../src/cli/chaos/taken.ts";
import { turnOf } from "./house-of.ts";

const USUAL = turnOf(0, "say", ["One.", "Two.", "Three."], { firstMs: 20 });
const audio = (ms: number) => ({ type: "audio" as const, samples: new Float32Array(24 * ms), sampleRateHz: 24_000 });
const sentence = (text: string, index: number) => ({ type: "sentence" as const, text, index });
const done = { type: "done" as const, timings: { totalMs: 1 } };

describe("a turn that is taken", () => {
  it("is told with its sentences, the sound of each, and its silences", () => {
    let nowMs = 0;
    const taken = new Taken({ number: 3, kind: "say" }, () => nowMs);
    nowMs = 100;
    taken.event(sentence("One.", 0));
    taken.event(audio(200));
    nowMs = 450;
    taken.event(sentence("Two.", 1));
    taken.event(audio(100));
    taken.disconnected();
    taken.event(done);
    expect(taken.end()).toMatchObject({
      number: 3,
      failure: undefined,
      sentences: [
        { text: "One.", soundMs: 200 },
        { text: "Two.", soundMs: 100 },
      ],
      soundMs: 300,
      firstMs: 100,
      silentMs: 150,
      lost: 1,
    });
  });

  it("has failed where its end was not told", () => {
    expect(new Taken({ number: 1, kind: "say" }).end().failure).toBe("it ended without its end being told");
  });

  it("is silent between what was played and what comes, and not where much came ahead", () => {
    expect(
      silenceIn([
        { atMs: 0, soundMs: 500 },
        { atMs: 100, soundMs: 500 },
        { atMs: 1_200, soundMs: 10 },
      ]),
    ).toBe(200);
    expect(silenceIn([])).toBe(0);
  });

  it("is met in the middle of a sentence, before its first sound, or not at all", async () => {
    const taken = new Taken({ number: 1, kind: "say" });
    const [early, late, never] = [
      taken.until("mid-thinking", 0.5, USUAL),
      taken.until("mid-sentence", 0.6, USUAL),
      taken.until("mid-sentence", 0.99, USUAL),
    ];
    expect(await early).toBe(true);
    expect(taken.hasBegun).toBe(false);
    taken.event(sentence("One.", 0));
    taken.event(audio(10));
    let isMet = false;
    void late.then((met) => (isMet = met));
    await Promise.resolve();
    expect(isMet).toBe(false);
    taken.event(sentence("Two.", 1));
    taken.event(audio(10));
    expect(await late).toBe(true);
    taken.event(done);
    taken.end();
    expect(await never).toBe(true);
    const over = new Taken({ number: 1, kind: "say" });
    const missed = over.until("mid-sentence", 0.1, USUAL);
    over.end();
    expect(await missed).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import type { TextToSpeech } from "../../../src/engines/index.ts";
import { MS_PER_CHAR, Room, VirtualClock } from "./kit.ts";

interface Made {
  readonly text: string;
  readonly begunMs: number;
  readonly durationMs: number;
}

/** A voice that computes for `realTimeFactor` of what it then sounds. */
function labouring(clock: VirtualClock, realTimeFactor: number): { readonly tts: TextToSpeech; readonly made: Made[] } {
  const made: Made[] = [];
  const tts: TextToSpeech = {
    id: "labouring",
    sampleRateHz: 8000,
    voices: [{ name: "plain", language: "en" }],
    async *synthesize(text, { signal } = {}) {
      const durationMs = text.length * MS_PER_CHAR;
      made.push({ text, begunMs: clock.now(), durationMs });
      await clock.sleep(durationMs * realTimeFactor, signal);
      yield { sampleRateHz: 8000, samples: new Float32Array(durationMs * 8).fill(0.3) };
    },
  };
  return { tts, made };
}

const STORY = "Once there was a ship on the sea. It sailed for a long time and saw no land at all. ";

describe("a reply while it is spoken", () => {
  it("is made ahead: each chunk is begun before the one before it was heard, and there is no gap between them", async () => {
    const clock = new VirtualClock();
    const { tts, made } = labouring(clock, 0.6);
    const room = new Room(() => STORY.repeat(2), { clock, tts });
    await room.say("500 tell me a story 3000");
    await room.untilQuiet();
    await room.end();
    const [turn] = room.of("turn");
    expect(turn).toMatchObject({ outcome: "complete" });
    expect(made.length).toBeGreaterThan(3);
    // It sounds from where the first chunk was made.
    let endMs = (made[0]?.begunMs ?? 0) + (made[0]?.durationMs ?? 0) * 1.6;
    for (const [n, { begunMs, durationMs }] of made.slice(1).entries()) {
      expect(begunMs, made[n + 1]?.text).toBeLessThan(endMs);
      endMs += durationMs;
    }
    const soundMs = made.reduce((sum, { durationMs }) => sum + durationMs, 0);
    expect(turn?.heardMs).toBeCloseTo(soundMs, -1);
  });

  it("is made only so far ahead of what is heard, however quick voice and writer are", async () => {
    const clock = new VirtualClock();
    const { tts, made } = labouring(clock, 0.01);
    const room = new Room(() => STORY.repeat(20), { clock, tts });
    await room.say("500 tell me a story 2000");
    let furthestMs = 0;
    for (let n = 0; n < 100; n++) {
      await room.say("200");
      const madeMs = made.reduce((sum, { durationMs }) => sum + durationMs, 0);
      furthestMs = Math.max(furthestMs, madeMs - room.playback.heardMs);
    }
    // Two seconds queued in the loudspeaker, ten that wait, and what was begun before they were full.
    expect(furthestMs).toBeGreaterThan(8_000);
    expect(furthestMs).toBeLessThan(12_000 + 2 * 250 * MS_PER_CHAR);
    expect(made.length).toBeLessThan(30);
    await room.end();
  });

  it("begins with its first clause when the writer is slow", async () => {
    const firstAudioMs = async (word: number): Promise<number> => {
      const clock = new VirtualClock();
      const room = new Room(() => "", {
        clock,
        parts: {
          async *think(_, { signal }) {
            for (const text of "Well, that is a long and winding story of which nobody knows the end.".split(
              /(?<= )/u,
            )) {
              await clock.sleep(word, signal);
              yield text;
            }
          },
        },
      });
      await room.say("500 tell me a story 3000");
      await room.untilQuiet();
      await room.end();
      const [turn] = room.of("turn");
      expect(turn?.heard).toBe("Well, that is a long and winding story of which nobody knows the end.");
      return turn?.firstAudioMs ?? Number.NaN;
    };
    // Fifteen words: whoever waited for the sentence would begin after 15 s at a word a second.
    expect(await firstAudioMs(1000)).toBeLessThan(4_000);
    expect(await firstAudioMs(10)).toBeLessThan(2_000);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SpeechToText } from "../../../src/engines/index.ts";
import { AudioError } from "../../../src/index.ts";
import { Hearing, type HearingOptions } from "../../../src/pipeline/hearing/hearing.ts";
import { Recorder } from "../../../src/pipeline/recorder.ts";
import { VirtualClock } from "../converse/kit.ts";
import { block, spellingStt } from "../scripted.ts";

const BLOCK_MS = 100;
const NEVER = new AbortController().signal;

/** Somebody whose every letter lasts 100 ms, heard as long as they speak; a dot is a pause. */
class Speaker {
  readonly clock = new VirtualClock();
  readonly told: [text: string, throughMs: number][] = [];
  readonly hearing: Hearing;
  readonly #recorder = new Recorder(600_000);
  #voicedMs = 0;

  constructor(stt: SpeechToText, options: HearingOptions = {}) {
    const sound = (fromMs: number, toMs: number): Float32Array => this.#recorder.between(fromMs, toMs);
    this.hearing = new Hearing(stt, sound, this.clock, options, (text, throughMs) => {
      this.told.push([text, throughMs]);
    });
  }

  async say(script: string): Promise<void> {
    for (const sign of script) {
      this.#recorder.push(block(BLOCK_MS, sign === "." ? 0 : sign.charCodeAt(0) / 1000));
      const toMs = this.#recorder.endMs;
      if (sign !== ".") this.#voicedMs = toMs;
      await this.hearing.follow({ fromMs: 0, toMs, heardMs: toMs, voicedMs: this.#voicedMs });
      await this.clock.advance(BLOCK_MS);
    }
  }

  async finish(): Promise<string> {
    const finished = this.hearing.finish({ fromMs: 0, toMs: this.#recorder.endMs }, NEVER);
    finished.catch(() => undefined);
    await this.clock.advance(60_000);
    return (await finished).text;
  }
}

/** How much sound was decoded. */
function counted(): { readonly stt: SpeechToText; readonly decodedMs: number[] } {
  const decodedMs: number[] = [];
  const plain = spellingStt();
  const stt: SpeechToText = {
    ...plain,
    async transcribe(samples, options) {
      decodedMs.push(samples.length / 16);
      return await plain.transcribe(samples, options);
    },
  };
  return { stt, decodedMs };
}

const letters = (text: string): string => text.replaceAll(/[^a-z]/gu, "");
const ALPHABET = "abcdefghijklmnopqrstuvwxyz";

describe("hearing what is being said", () => {
  it("loses and doubles nothing, in however many pieces it was heard, and whenever somebody took it for the end", async () => {
    const phrase = fc.record({
      said: fc.string({ unit: fc.constantFrom(...Array.from(ALPHABET)), minLength: 1, maxLength: 30 }),
      pause: fc.integer({ min: 1, max: 30 }),
      isTakenForEnd: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(phrase, { minLength: 1, maxLength: 15 }),
        fc.integer({ min: 500, max: 4000 }),
        async (phrases, pieceMs) => {
          const speaker = new Speaker(spellingStt(), { pieceMs, longestPieceMs: Infinity, partials: "live" });
          let all = "";
          for (const { said, pause, isTakenForEnd } of phrases) {
            all += said;
            await speaker.say(said + ".".repeat(pause));
            if (isTakenForEnd) expect(letters(await speaker.finish())).toBe(all);
          }
          expect(letters(await speaker.finish())).toBe(all);
          for (const [text] of speaker.told) expect(all.startsWith(letters(text))).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("spends nothing on silence, nor on what it knows already", async () => {
    const { stt, decodedMs } = counted();
    const speaker = new Speaker(stt);
    await speaker.say("abcdefghijkl");
    await speaker.finish();
    const spentMs = decodedMs.reduce((sum, ms) => sum + ms, 0);
    await speaker.say(".".repeat(200));
    expect(decodedMs.reduce((sum, ms) => sum + ms, 0)).toBe(spentMs);
  });

  it("spends nothing on silence that nobody took for the end either", async () => {
    const { stt, decodedMs } = counted();
    const speaker = new Speaker(stt, { pieceMs: 60_000 });
    await speaker.say("abcdefghijkl..");
    const before = decodedMs.length;
    await speaker.say(".".repeat(200));
    expect(decodedMs).toHaveLength(before);
    expect(Math.max(...decodedMs)).toBeLessThanOrEqual(1400);
  });

  it("begins nothing preliminary in the first silence, and makes up for it when nobody asks for the whole", async () => {
    const { stt, decodedMs } = counted();
    const speaker = new Speaker(stt);
    await speaker.say("abcdefghi.");
    expect(decodedMs).toEqual([]);
    await speaker.say(".");
    expect(decodedMs).toEqual([1100]);
    await speaker.say(".");
    expect(speaker.told).toEqual([["abcdefghi", 1100]]);
  });

  it("asks nobody what was said in the silence behind a piece", async () => {
    const plain = spellingStt();
    const stt: SpeechToText = {
      ...plain,
      async transcribe(samples, options) {
        const heard = await plain.transcribe(samples, options);
        return heard.text === "" ? { ...heard, text: "Thank you." } : heard;
      },
    };
    const speaker = new Speaker(stt, { pieceMs: 1000 });
    await speaker.say(`${ALPHABET}${".".repeat(40)}`);
    expect(await speaker.finish()).toBe(ALPHABET);
  });

  it("decodes of a long speech only the last piece again", async () => {
    const { stt, decodedMs } = counted();
    const speaker = new Speaker(stt, { pieceMs: 3000 });
    for (let n = 0; n < 40; n += 1) await speaker.say(`${ALPHABET}....`);
    expect(letters(await speaker.finish())).toBe(ALPHABET.repeat(40));
    const spokenMs = 40 * 30 * BLOCK_MS;
    expect(decodedMs.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(4.5 * spokenMs);
    expect(Math.max(...decodedMs)).toBeLessThan(10_000);
    decodedMs.length = 0;
    await speaker.finish();
    expect(decodedMs.length).toBeLessThanOrEqual(1);
  });

  it("cuts speech without a pause where it is quietest", async () => {
    const { stt, decodedMs } = counted();
    // A letter of low level in the middle of loud ones.
    const speaker = new Speaker(stt, { pieceMs: 1000, longestPieceMs: 4000, partials: "off" });
    await speaker.say(`${"z".repeat(32)}A${"z".repeat(12)}`);
    await speaker.finish();
    // The middle of the quiet letter, give or take how closely it is looked for.
    expect(Math.abs((decodedMs[0] ?? 0) - 3250)).toBeLessThanOrEqual(60);
  });

  it("tells the whole of what was understood, also when its beginning is a piece of its own", async () => {
    const speaker = new Speaker(spellingStt(), { pieceMs: 2000 });
    await speaker.say("abcdefghijklmnopqrstuvwxyz....");
    await speaker.say("abcdefghijklmnop");
    const [text, throughMs] = speaker.told.at(-1) ?? ["", 0];
    expect(text.startsWith(`${ALPHABET} abcdef`)).toBe(true);
    expect(throughMs).toBeGreaterThan(3600);
  });

  it("tries a piece again that an engine died over, when the stretch ends", async () => {
    let calls = 0;
    const stt = spellingStt({
      onCall: () => {
        calls += 1;
        // All tries for the first piece, and the first one for the whole.
        if (calls <= 6) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
      },
    });
    const speaker = new Speaker(stt, { pieceMs: 1000, partials: "off" });
    await speaker.say("abcdefghijklmnop....");
    await speaker.say(`${".".repeat(60)}qrstuvwxyz`);
    expect(letters(await speaker.finish())).toBe(ALPHABET);
  });

  it("gives a piece whose tries are used up those of the whole", async () => {
    let isUp = false;
    const stt = spellingStt({
      onCall: () => {
        if (!isUp) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
      },
    });
    const speaker = new Speaker(stt, { pieceMs: 1000, partials: "off" });
    await speaker.say("abcdefghijklmnop....qrstuvwxyz");
    // The first piece has tried for a while; it gives up before the engine is back, and the whole is still wanted.
    const finished = speaker.hearing.finish({ fromMs: 0, toMs: 3000 }, NEVER);
    await speaker.clock.advance(3300);
    isUp = true;
    await speaker.clock.advance(10_000);
    expect(letters((await finished).text)).toBe(ALPHABET);
  });

  it("asks nobody again when asking again would not help", async () => {
    let calls = 0;
    const stt = spellingStt({
      onCall: () => {
        calls += 1;
        throw new AudioError("input-refused", "the key is wrong", { nextStep: "mend it" });
      },
    });
    const speaker = new Speaker(stt, { partials: "off" });
    await speaker.say("abcdef");
    await expect(speaker.finish()).rejects.toMatchObject({ code: "input-refused" });
    expect(calls).toBe(1);
  });

  it("stops when it is not wanted any more", async () => {
    const stt = spellingStt({ onCall: () => new Promise(() => undefined) });
    const speaker = new Speaker(stt, { partials: "off" });
    await speaker.say("abcdef");
    const abort = new AbortController();
    const finished = speaker.hearing.finish({ fromMs: 0, toMs: 600 }, abort.signal);
    abort.abort();
    await expect(finished).rejects.toMatchObject({ code: "job-cancelled" });
  });

  it("refuses hot words that are none before anybody speaks", () => {
    expect(() => new Speaker(spellingStt(), { hotWords: [""] })).toThrow(
      expect.objectContaining({ code: "input-refused" }),
    );
  });
});

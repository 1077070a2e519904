import { describe, expect, it } from "vitest";
import type { SpeechStream, SpeechToText, StreamEvent, VoiceFrame, VoiceFrames } from "../../../src/engines/index.ts";
import { abortable } from "../../../src/format/abort.ts";
import { AudioError } from "../../../src/index.ts";
import { RATE_HZ, Room, toneStt, toneVad, toneWake, VirtualClock } from "./kit.ts";

const echoed = (question: string): string => `You said ${question}.`;

interface Streaming {
  readonly stt: SpeechToText;
  /** Milliseconds of sound that were fed to streams. */
  readonly fedMs: () => number;
  readonly started: () => number;
  readonly transcribed: () => number;
}

/** Recognises while it hears: of each block that is fed it tells what was said so far. `dies` is asked before each block. */
function streamingTones(clock: VirtualClock, dies: (fedMs: number) => boolean = () => false): Streaming {
  const tones = toneStt(clock, 1);
  let [fed, started, transcribed] = [0, 0, 0];
  const stt: SpeechToText = {
    ...tones,
    async transcribe(samples, options) {
      transcribed += 1;
      return await tones.transcribe(samples, options);
    },
    startStream(): SpeechStream {
      started += 1;
      const parts: Float32Array[] = [];
      const waiting: StreamEvent[] = [];
      let over = false;
      let change = Promise.withResolvers<void>();
      let failure: AudioError | undefined;
      const heard = () => tones.transcribe(Float32Array.from(parts.flatMap((part) => Array.from(part))));
      const tell = (): void => {
        change.resolve();
        change = Promise.withResolvers();
      };
      return {
        async feed(samples) {
          if (failure === undefined && dies((fed * 1000) / RATE_HZ)) {
            failure = new AudioError("engine-crashed", "gone", { nextStep: "wait" });
          }
          if (failure !== undefined) throw failure;
          fed += samples.length;
          parts.push(samples);
          const throughMs = (parts.reduce((sum, { length }) => sum + length, 0) * 1000) / RATE_HZ;
          const { text } = await heard();
          if (text !== "" && !over) waiting.push({ type: "partial", text, throughMs });
          tell();
        },
        async end() {
          over = true;
          tell();
          if (failure !== undefined) throw failure;
          return await heard();
        },
        cancel() {
          over = true;
          tell();
        },
        events: (async function* events() {
          for (;;) {
            const next = waiting.shift();
            if (over) return;
            if (next === undefined) await change.promise;
            else yield next;
          }
        })(),
      };
    },
  };
  return { stt, fedMs: () => (fed * 1000) / RATE_HZ, started: () => started, transcribed: () => transcribed };
}

describe("a conversation with a recogniser that hears while somebody speaks", () => {
  it("feeds it what is said once, and asks it for nothing else", async () => {
    const clock = new VirtualClock();
    const { stt, fedMs, transcribed } = streamingTones(clock);
    const room = new Room(echoed, { clock, parts: { stt } });
    await room.say("500 what time is it 3000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([{ outcome: "complete", question: "What time is it" }]);
    expect(room.of("partial").map(({ text }) => text)).toContain("what time");
    expect(transcribed()).toBe(0);
    // Four words of 288 ms, the margins, and no silence beyond them.
    expect(fedMs()).toBeGreaterThan(4 * 288);
    expect(fedMs()).toBeLessThan(4 * 288 + 700);
  });

  it("loses no word when it dies in the middle of one, again and again", async () => {
    for (const at of [200, 500, 900, 1200]) {
      const clock = new VirtualClock();
      const deaths: number[] = [];
      const { stt, started } = streamingTones(clock, (fedMs) => {
        if (deaths.length >= 2 || fedMs < at * (deaths.length + 1)) return false;
        deaths.push(fedMs);
        return true;
      });
      const room = new Room(echoed, { clock, parts: { stt } });
      await room.say("500 tell me a long story about the sea 4000");
      await room.untilQuiet();
      expect(await room.end()).toBeUndefined();
      expect(room.of("turn")).toMatchObject([{ outcome: "complete", question: "Tell me a long story about the sea" }]);
      expect(deaths.length).toBeGreaterThan(0);
      expect(started()).toBeGreaterThan(1);
    }
  });

  it("does not count the wake word to what was asked, while it is said", async () => {
    const clock = new VirtualClock();
    const { stt } = streamingTones(clock);
    const wake = { engine: toneWake("yes"), rules: { words: { yes: { threshold: 0.5 } } } };
    const room = new Room(echoed, { clock, parts: { stt, wake }, interaction: { mode: "wake", followUpMs: 0 } });
    await room.say("500 yes tell me a story 5000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([{ question: "Tell me a story" }]);
    expect(room.of("partial").length).toBeGreaterThan(0);
    for (const { text } of room.of("partial")) expect(text.toLowerCase()).not.toContain("yes");
  });
});

/** As native recognisers are: one stretch after the other, each to its end, also when nobody wants it any more. */
function unstoppableTones(
  clock: VirtualClock,
  workMs: number,
): { readonly stt: SpeechToText; readonly waits: number[] } {
  const tones = toneStt(clock, workMs);
  const waits: number[] = [];
  let working: Promise<unknown> = Promise.resolve();
  const stt: SpeechToText = {
    ...tones,
    async transcribe(samples, { signal } = {}) {
      const askedMs = clock.now();
      const before = working;
      const work = (async () => {
        await before;
        waits.push(clock.now() - askedMs);
        return await tones.transcribe(samples);
      })();
      working = work;
      return await abortable(work, signal, "recognising");
    },
  };
  return { stt, waits };
}

/** A detector that is so many frames behind what is captured. */
function behind(frames: number): VoiceFrames {
  return {
    ...toneVad,
    async *frames(audio, options) {
      const waiting: VoiceFrame[] = [];
      for await (const frame of toneVad.frames(audio, options)) {
        waiting.push(frame);
        const first = waiting.length > frames ? waiting.shift() : undefined;
        if (first !== undefined) yield first;
      }
      yield* waiting;
    },
  };
}

describe("a conversation with a recogniser that decodes anew, and cannot be stopped", () => {
  const WORDS = "what time is it please tell me a story".split(" ");
  // Shorter than the silence behind which a turn may have ended.
  const WORK_MS = 150;

  it("never waits for something preliminary when the turn may have ended, however long somebody spoke", async () => {
    let decodings = 0;
    for (let words = 1; words <= WORDS.length; words += 1) {
      const clock = new VirtualClock();
      const { stt, waits } = unstoppableTones(clock, WORK_MS);
      const room = new Room(echoed, { clock, parts: { stt } });
      await room.say(`500 ${WORDS.slice(0, words).join(" ")}`);
      await room.untilQuiet();
      expect(await room.end()).toBeUndefined();
      expect(room.asked.at(-1)?.toLowerCase()).toBe(WORDS.slice(0, words).join(" "));
      expect(Math.max(...waits), `${words} words`).toBe(0);
      decodings += waits.length;
    }
    expect(decodings).toBeGreaterThan(WORDS.length);
  });

  it("never waits for it when a key goes up right behind what was said", async () => {
    for (let words = 1; words <= WORDS.length; words += 1) {
      const clock = new VirtualClock();
      const { stt, waits } = unstoppableTones(clock, WORK_MS);
      const room = new Room(echoed, { clock, parts: { stt }, interaction: { mode: "wake" } });
      await room.say("500");
      room.conversation.press();
      await room.say(`${WORDS.slice(0, words).join(" ")} 150`);
      room.conversation.release();
      await room.untilQuiet();
      expect(await room.end()).toBeUndefined();
      expect(room.asked).toHaveLength(1);
      expect(Math.max(...waits), `${words} words`).toBe(0);
    }
  });

  it("tells what it understands while somebody speaks, also where the detector is behind", async () => {
    const clock = new VirtualClock();
    const { stt } = unstoppableTones(clock, WORK_MS);
    const room = new Room(echoed, { clock, parts: { stt, vad: behind(3) } });
    await room.say(`500 ${WORDS.join(" ")}`);
    expect(room.of("partial").length).toBeGreaterThan(1);
    await room.untilQuiet();
    await room.end();
  });
});

describe("a conversation whose detector is behind", () => {
  it("does not take the end of what was said under a key for somebody who interrupts the answer", async () => {
    for (const frames of [3, 6, 10, 15, 20, 30]) {
      const room = new Room(echoed, { parts: { vad: behind(frames) }, interaction: { mode: "wake" } });
      await room.say("500");
      room.conversation.press();
      await room.say("what time is it");
      room.conversation.release();
      await room.untilQuiet();
      await room.end();
      const turns = room.of("turn").map(({ outcome, question }) => ({ outcome, question }));
      expect(turns, `${frames} frames`).toEqual([{ outcome: "complete", question: "What time is it" }]);
      expect(room.asked).toHaveLength(1);
    }
  });

  it("is still interrupted by who speaks after the key went up", async () => {
    const room = new Room(() => "Once there was a ship that sailed across the sea for many years.", {
      parts: { vad: behind(6) },
      interaction: { mode: "wake" },
    });
    await room.say("500");
    room.conversation.press();
    await room.say("tell me a story");
    room.conversation.release();
    await room.say("1800 no wait stop");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")[0]).toMatchObject({ outcome: "interrupted", question: "Tell me a story" });
    expect(room.playback.stops).toHaveLength(1);
  });
});

describe("what a conversation expects", () => {
  it("in command mode is plain words, likely ones put right", async () => {
    const room = new Room(echoed, { mode: "command", hotWords: ["Koffee"] });
    await room.say("500 tea and coffee please 4000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([{ question: "tea and koffee please" }]);
  });

  it("in dictation is text, with longer pauses in it", async () => {
    const said = async (mode: "command" | "dictation"): Promise<string[]> => {
      const room = new Room(echoed, { mode, interaction: { mode: "open" } });
      await room.say("500 please tell me 700 tea 6000");
      await room.untilQuiet();
      await room.end();
      return room.of("question").map(({ text }) => text.toLowerCase());
    };
    expect((await said("dictation")).at(-1)).toBe("please tell me tea");
  });

  it("refuses likely words that are none before anybody speaks", () => {
    expect(() => new Room(echoed, { hotWords: ["x".repeat(65)] })).toThrow(
      expect.objectContaining({ code: "input-refused" }),
    );
  });
});

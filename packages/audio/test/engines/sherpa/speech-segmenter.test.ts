import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VoiceActivityEvent } from "../../../src/engines/index.ts";
import type { NativeVad } from "../../../src/engines/sherpa/native.ts";
import { SpeechSegmenter, WINDOW_SAMPLES } from "../../../src/engines/sherpa/speech-segmenter.ts";
import { speakablePieces } from "../../../src/engines/sherpa/speakable.ts";

/** Detects without delay: a window is speech when its first sample is positive; a silent window ends the stretch. */
class FakeVad implements NativeVad {
  resets = 0;
  #seen = 0;
  #stretch: number[] = [];
  #done: { start: number; samples: Float32Array }[] = [];

  acceptWaveform(samples: Float32Array): void {
    if (samples.length !== WINDOW_SAMPLES) throw new Error(`a window of ${samples.length} samples`);
    this.#seen += samples.length;
    if ((samples[0] ?? 0) > 0) this.#stretch.push(...samples);
    else this.flush(samples.length);
  }

  isDetected(): boolean {
    return this.#stretch.length > 0;
  }

  isEmpty(): boolean {
    return this.#done.length === 0;
  }

  front(): { start: number; samples: Float32Array } {
    const [first] = this.#done;
    if (first === undefined) throw new Error("front of an empty detector");
    return first;
  }

  pop(): void {
    this.#done.shift();
  }

  flush(behind = 0): void {
    if (this.#stretch.length === 0) return;
    const start = this.#seen - behind - this.#stretch.length;
    this.#done.push({ start, samples: Float32Array.from(this.#stretch) });
    this.#stretch = [];
  }

  reset(): void {
    this.resets += 1;
    this.#seen = 0;
    this.#stretch = [];
    this.#done = [];
  }
}

function eventsOf(frames: readonly Float32Array[], vad = new FakeVad()): VoiceActivityEvent[] {
  const segmenter = new SpeechSegmenter(vad, 250);
  return [...frames.flatMap((frame) => segmenter.push(frame)), ...segmenter.end()];
}

describe("the speech segmenter", () => {
  it("says the same however the audio is cut into frames", () => {
    const loudness = fc.array(fc.constantFrom(0, 0.5), { minLength: 1, maxLength: 20 });
    const property = fc.property(
      loudness,
      fc.nat(511),
      fc.array(fc.integer({ min: 1, max: 3_000 })),
      (loud, tail, cuts) => {
        const audio = Float32Array.from(
          { length: loud.length * WINDOW_SAMPLES + tail },
          (_, n) => loud[Math.floor(n / WINDOW_SAMPLES)] ?? 0.5,
        );
        const frames: Float32Array[] = [];
        let at = 0;
        for (const cut of [...cuts, audio.length]) {
          frames.push(audio.subarray(at, at + cut));
          at += cut;
        }
        expect(eventsOf(frames)).toEqual(eventsOf([audio]));
      },
    );
    fc.assert(property);
  });

  it("closes a stretch that is open at the end, no later than the audio itself", () => {
    const audio = new Float32Array(10 * WINDOW_SAMPLES + 100).fill(0.5);
    const events = eventsOf([audio]);
    expect(events.map(({ type }) => type)).toEqual(["speech-start", "speech-end"]);
    expect(events[1]).toMatchObject({ startMs: 0, endMs: audio.length / 16 });
  });

  it("starts a stretch before the moment it was noticed, but never inside the one before", () => {
    const loud = new Float32Array(20 * WINDOW_SAMPLES).fill(0.5);
    const gap = new Float32Array(WINDOW_SAMPLES);
    const starts = eventsOf([loud, gap, loud]).filter((event) => event.type === "speech-start");
    expect(starts).toEqual([
      { type: "speech-start", atMs: 0 },
      { type: "speech-start", atMs: 20 * 32 },
    ]);
  });

  it("says nothing of silence and of nothing", () => {
    expect(eventsOf([])).toEqual([]);
    expect(eventsOf([new Float32Array(16_000)])).toEqual([]);
  });

  it("goes on counting time when the detector has to start its count again", () => {
    const vad = new FakeVad();
    const hour = new Float32Array(3_600 * 16_000);
    const loud = new Float32Array(10 * WINDOW_SAMPLES).fill(0.5);
    const events = eventsOf([hour, new Float32Array(WINDOW_SAMPLES), loud, new Float32Array(WINDOW_SAMPLES)], vad);
    expect(vad.resets).toBeGreaterThan(0);
    expect(events.at(-1)).toMatchObject({ type: "speech-end", startMs: 3_600_000 + 32 });
  });
});

describe("cutting text for the synthesiser", () => {
  it("loses no word and makes no empty piece", () => {
    fc.assert(
      fc.property(fc.lorem({ mode: "sentences", maxCount: 30 }), (text) => {
        const pieces = speakablePieces(text);
        expect(pieces.join(" ").split(/\s+/)).toEqual(text.trim().split(/\s+/));
        expect(pieces.every((piece) => piece.trim() !== "")).toBe(true);
      }),
    );
  });

  it.each(["", "  \n", "...", "?! —"])("finds nothing to say in %j", (text) => {
    expect(speakablePieces(text)).toEqual([]);
  });
});

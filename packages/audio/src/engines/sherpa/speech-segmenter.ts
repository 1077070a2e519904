/** Turns one detector and a stream of frames of any size into the events of {@link VoiceActivityEvent}. */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { VoiceActivityEvent } from "../contracts.ts";
import type { NativeVad } from "./native.ts";

/** Silero v5 looks at 512 samples (32 ms) at a time at 16 kHz. */
export const WINDOW_SAMPLES = 512;

/** What sherpa adds in front of the speech that made it decide: two windows with their context (measured, 1.13.8). */
const LEAD_IN_SAMPLES = 1_664;

/** Sherpa counts samples in 32 bits (37 hours); in the first silence after this many, counting starts again. */
const RECOUNT_AFTER_SAMPLES = 3_600 * SPEECH_RATE_HZ;

/** One stream's state. */
export class SpeechSegmenter {
  readonly #vad: NativeVad;
  readonly #minSpeechSamples: number;
  readonly #window = new Float32Array(WINDOW_SAMPLES);
  /** Samples in the window that is being filled. */
  #filled = 0;
  /** Samples the detector has seen since it counts. */
  #seen = 0;
  /** Samples before the detector's count began. */
  #base = 0;
  /** End of the last stretch, on the detector's count; the next one cannot begin earlier. */
  #lastEnd = 0;
  #speaking = false;

  constructor(vad: NativeVad, minSpeechMs: number) {
    this.#vad = vad;
    this.#minSpeechSamples = (minSpeechMs / 1000) * SPEECH_RATE_HZ;
  }

  /** What the next samples tell. */
  push(samples: Float32Array): VoiceActivityEvent[] {
    const events: VoiceActivityEvent[] = [];
    for (let at = 0; at < samples.length;) {
      const part = samples.subarray(at, at + WINDOW_SAMPLES - this.#filled);
      this.#window.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === WINDOW_SAMPLES) this.#look(events);
    }
    return events;
  }

  /** The stream is over: what its end tells. A stretch that is still open is closed. */
  end(): VoiceActivityEvent[] {
    const events: VoiceActivityEvent[] = [];
    const total = this.#seen + this.#filled;
    // Sherpa leaves the last window out when it flushes: silence behind the stream keeps its last syllable.
    this.push(new Float32Array(2 * WINDOW_SAMPLES - this.#filled)).forEach((event) => events.push(event));
    this.#vad.flush();
    this.#collect(events);
    return events.map((event) => this.#trimmed(event, total));
  }

  #look(events: VoiceActivityEvent[]): void {
    this.#vad.acceptWaveform(this.#window);
    this.#filled = 0;
    this.#seen += WINDOW_SAMPLES;
    const speaking = this.#vad.isDetected();
    if (speaking && !this.#speaking) {
      const start = Math.max(this.#seen - this.#minSpeechSamples - LEAD_IN_SAMPLES, this.#lastEnd);
      events.push({ type: "speech-start", atMs: this.#atMs(start) });
    }
    this.#speaking = speaking;
    this.#collect(events);
    if (!speaking && this.#seen >= RECOUNT_AFTER_SAMPLES) this.#recount();
  }

  #collect(events: VoiceActivityEvent[]): void {
    while (!this.#vad.isEmpty()) {
      const { start, samples } = this.#vad.front(false);
      const end = start + samples.length;
      const [startMs, endMs] = [this.#atMs(start), this.#atMs(end)];
      const silenceMs = Math.max(0, this.#atMs(this.#seen) - endMs);
      events.push({ type: "speech-end", startMs, endMs, silenceMs });
      this.#vad.pop();
      this.#lastEnd = end;
    }
  }

  #recount(): void {
    this.#vad.reset();
    this.#base += this.#seen;
    this.#seen = 0;
    this.#lastEnd = 0;
  }

  #trimmed(event: VoiceActivityEvent, total: number): VoiceActivityEvent {
    const totalMs = this.#atMs(total);
    if (event.type === "speech-start" || event.endMs <= totalMs) return event;
    return { ...event, endMs: totalMs };
  }

  #atMs(sample: number): number {
    return ((this.#base + sample) / SPEECH_RATE_HZ) * 1000;
  }
}

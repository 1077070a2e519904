/**
 * Ears that note when each piece of a live stream reached them, and give that as what they understood: for measuring the way there.
 * Named so, never a default.
 */
import { SPEECH_RATE_HZ } from "@parley/audio";
import type { SpeechToText, VoiceFrames } from "@parley/audio/engines";
import { toFrames } from "@parley/audio/format";

const WINDOW_SAMPLES = 160;
/** Mean square of a window above which it is speech. */
const ENERGY = 1e-4;
const MOST_NOTES = 2_000;

/** So many samples of the stream were there at that moment, in milliseconds of {@link machineMs}. */
export interface Arrival {
  readonly samples: number;
  readonly atMs: number;
}

/** The same clock for all processes of a machine, in milliseconds. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** The two share their notes: of the last stream that was looked at. */
export function notingEars(): { readonly vad: VoiceFrames; readonly stt: SpeechToText } {
  let notes: Arrival[] = [];
  const noted = async function* (audio: AsyncIterable<Float32Array>, own: Arrival[]): AsyncGenerator<Float32Array> {
    let samples = 0;
    for await (const block of audio) {
      samples += block.length;
      if (own.length < MOST_NOTES) own.push({ samples, atMs: machineMs() });
      yield block;
    }
  };
  return {
    vad: {
      id: "noting-vad",
      frameMs: (1000 * WINDOW_SAMPLES) / SPEECH_RATE_HZ,
      async *frames(audio) {
        const own: Arrival[] = [];
        notes = own;
        let seen = 0;
        for await (const window of toFrames(noted(audio, own), WINDOW_SAMPLES, "pad")) {
          const meanSquare = window.reduce((sum, sample) => sum + sample * sample, 0) / WINDOW_SAMPLES;
          yield { atMs: (1000 * seen) / SPEECH_RATE_HZ, probability: meanSquare > ENERGY ? 1 : 0 };
          seen += WINDOW_SAMPLES;
        }
      },
    },
    stt: {
      id: "noting-stt",
      languages: ["en"],
      transcribe: async () => ({
        text: notes.map(({ samples, atMs }) => `${samples}@${atMs.toFixed(3)}`).join(" "),
        language: "en",
        realTimeFactor: 0,
      }),
    },
  };
}

/** What {@link notingEars} understood. */
export function arrivalsIn(transcript: string): readonly Arrival[] {
  return transcript
    .split(" ")
    .filter((note) => note !== "")
    .map((note) => {
      const [samples = "", atMs = ""] = note.split("@");
      return { samples: Number(samples), atMs: Number(atMs) };
    });
}

/** A voice that is none: a tone for each letter. It shows what an engine of one's own has to be. */
import type { TextToSpeech } from "@parley/audio/engines";

const SAMPLE_RATE_HZ = 16_000;
const LETTER_MS = 40;
const LOWEST_HZ = 220;

export function beeps(): TextToSpeech {
  return {
    id: "beeps",
    sampleRateHz: SAMPLE_RATE_HZ,
    voices: [{ name: "robot", language: "en" }],
    async *synthesize(text, { signal, speed = 1 } = {}) {
      for (const letter of text.toLowerCase()) {
        signal?.throwIfAborted();
        yield { sampleRateHz: SAMPLE_RATE_HZ, samples: tone(pitchOf(letter), LETTER_MS / speed) };
      }
    },
  };
}

/** Two octaves from a to z; anything else is a pause. */
function pitchOf(letter: string): number {
  const index = letter.charCodeAt(0) - "a".charCodeAt(0);
  return index >= 0 && index < 26 ? LOWEST_HZ * 2 ** (index / 13) : 0;
}

function tone(hz: number, ms: number): Float32Array {
  const length = Math.round((ms * SAMPLE_RATE_HZ) / 1000);
  return Float32Array.from({ length }, (_, n) => 0.3 * Math.sin((2 * Math.PI * hz * n) / SAMPLE_RATE_HZ));
}

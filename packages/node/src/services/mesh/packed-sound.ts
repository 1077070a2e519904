/**
 * Sound between peers in fewer bytes than its 32-bit floats: as 16-bit samples, packed. Who speaks is heard by clients, which are sent 16
 * bits: it is rounded as they would be sent it, so that they are sent the very same. What is heard has come from clients with 16 bits: what
 * has no more than those comes out as it was, and what has more is not packed.
 */
import { packSamples, unpackSamples } from "@parley/audio/format";

/** What a frame to a client counts full scale as (`encodeAudioFrame` of the SDK), and what one from a client does. */
const [SPOKEN_SCALE, HEARD_SCALE] = [32_767, 32_768];

/** What is no number is silence, as it is where it travels as floats. */
export function packSpoken(samples: Float32Array): Uint8Array {
  const rounded = new Int16Array(samples.length);
  for (const [n, sample] of samples.entries()) {
    rounded[n] = Number.isFinite(sample) ? Math.round(Math.max(-1, Math.min(1, sample)) * SPOKEN_SCALE) : 0;
  }
  return packSamples(rounded);
}

/** @throws AudioError `audio-corrupt` when it is no block, or one of more samples than that */
export function unpackSpoken(bytes: Uint8Array, mostSamples: number): Float32Array {
  return Float32Array.from(unpackSamples(bytes, mostSamples), (sample) => sample / SPOKEN_SCALE);
}

/** Undefined: it has more than 16 bits. */
export function packHeard(samples: Float32Array): Uint8Array | undefined {
  const exact = new Int16Array(samples.length);
  for (const [n, sample] of samples.entries()) {
    exact[n] = sample * HEARD_SCALE;
    if (exact[n] !== sample * HEARD_SCALE) return undefined;
  }
  return packSamples(exact);
}

/** @throws AudioError `audio-corrupt` when it is no block, or one of more samples than that */
export function unpackHeard(bytes: Uint8Array, mostSamples: number): Float32Array {
  return Float32Array.from(unpackSamples(bytes, mostSamples), (sample) => sample / HEARD_SCALE);
}

/** Headerless PCM, as devices and pipes speak it, cut anywhere. */
import { bounded, gainsOf } from "../downmix.ts";
import { monoFromWav, SAMPLE_BYTES } from "../wav-samples.ts";
import type { SampleEncoding } from "../wav-samples.ts";

/** How raw PCM is laid out: channels interleaved, little-endian. */
export interface RawLayout {
  readonly encoding: SampleEncoding;
  /** At least 1. */
  readonly channels: number;
}

/** Bytes to mono. */
export interface RawDecoder {
  /** The sample frames that are complete by now, their channels averaged: in [-1, 1], what is no number as 0. */
  push(bytes: Uint8Array): Float32Array;
}

/** A decoder for one stream, given in pieces of any size. */
export function createRawDecoder(layout: RawLayout): RawDecoder {
  const { encoding, channels } = layout;
  if (!Number.isInteger(channels) || channels < 1)
    throw new RangeError(`raw PCM has 1 channel or more, not ${channels}`);
  const frameBytes = channels * SAMPLE_BYTES[encoding];
  const gains = gainsOf(channels);
  let rest = new Uint8Array(0);
  return {
    push: (bytes) => {
      const joined = new Uint8Array(rest.length + bytes.length);
      joined.set(rest);
      joined.set(bytes, rest.length);
      const whole = joined.length - (joined.length % frameBytes);
      rest = joined.slice(whole);
      return bounded(monoFromWav(joined.subarray(0, whole), { encoding, frameBytes, gains }));
    },
  };
}

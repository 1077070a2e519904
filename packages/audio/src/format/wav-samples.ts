/** From the bytes of one WAV sample encoding to floats. */

/** How one sample is stored. 8-bit PCM is unsigned, wider PCM signed, all little-endian. */
export type SampleEncoding = "pcm8" | "pcm16" | "pcm24" | "pcm32" | "float32" | "float64" | "alaw" | "mulaw";

/** Bytes of one sample. */
export const SAMPLE_BYTES: Readonly<Record<SampleEncoding, number>> = {
  pcm8: 1,
  pcm16: 2,
  pcm24: 3,
  pcm32: 4,
  float32: 4,
  float64: 8,
  alaw: 1,
  mulaw: 1,
};

type ReadSample = (view: DataView, offset: number) => number;

const READERS: Readonly<Record<SampleEncoding, ReadSample>> = {
  pcm8: (view, offset) => (view.getUint8(offset) - 128) / 128,
  pcm16: (view, offset) => view.getInt16(offset, true) / 32_768,
  pcm24: (view, offset) => ((view.getInt16(offset + 1, true) << 8) | view.getUint8(offset)) / 8_388_608,
  pcm32: (view, offset) => view.getInt32(offset, true) / 2_147_483_648,
  float32: (view, offset) => view.getFloat32(offset, true),
  float64: (view, offset) => view.getFloat64(offset, true),
  alaw: (view, offset) => ALAW[view.getUint8(offset)] ?? 0,
  mulaw: (view, offset) => MULAW[view.getUint8(offset)] ?? 0,
};

/** ITU-T G.711, A-law: even bits inverted, sign, 3 bits of exponent, 4 of mantissa; 13-bit result left-aligned in 16. */
const ALAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return ((bits & 0x80) === 0 ? -magnitude : magnitude) / 32_768;
});

/** ITU-T G.711, mu-law: all bits inverted, biased by 132 so that the segments meet; 14-bit result left-aligned in 16. */
const MULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return ((bits & 0x80) === 0 ? magnitude : -magnitude) / 32_768;
});

/**
 * Whole sample frames of `bytes` as mono.
 * `gains` is how much of each channel goes into it; `frameBytes` may exceed channels x sample size when the container pads.
 */
export function monoFromWav(
  bytes: Uint8Array,
  layout: { readonly encoding: SampleEncoding; readonly frameBytes: number; readonly gains: readonly number[] },
): Float32Array {
  const { encoding, frameBytes, gains } = layout;
  const read = READERS[encoding];
  const step = SAMPLE_BYTES[encoding];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mono = new Float32Array(Math.floor(bytes.length / frameBytes));
  for (let i = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < gains.length; channel++) {
      sum += (gains[channel] ?? 0) * read(view, i * frameBytes + channel * step);
    }
    mono[i] = sum;
  }
  return mono;
}

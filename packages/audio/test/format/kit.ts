/** What the tests of format/ share: tones, byte streams cut at will, and reading to the end whatever the end is. */
import { readFileSync } from "node:fs";
import { AudioError } from "../../src/errors.ts";
import { openAudio } from "../../src/format/index.ts";
import type { OpenAudio, OpenAudioOptions, Pcm } from "../../src/format/index.ts";

export function sine(frequencyHz: number, sampleRateHz: number, samples: number, amplitude = 0.5): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRateHz),
  );
}

/** A file of `test/fixtures` (0.5 s, 440 Hz, 0.6 left and 0.4 right, 16 kHz; see its README). */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));
}

export const FIXTURES = ["tone.mp3", "tone-bare.mp3", "tone.flac", "tone-vorbis.ogg", "tone-opus.ogg"] as const;

/** `bytes` in pieces of the given sizes, repeated; size 0 gives an empty piece. */
export async function* pieces(bytes: Uint8Array, sizes: readonly number[] = [4096]): AsyncGenerator<Uint8Array> {
  const usable = sizes.some((size) => size > 0) ? sizes : [1];
  for (let offset = 0, i = 0; offset < bytes.length; i++) {
    const size = usable[i % usable.length] ?? 1;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

export async function* blocks(samples: Float32Array, size: number, sampleRateHz: number): AsyncGenerator<Pcm> {
  for (let at = 0; at < samples.length; at += size) yield { sampleRateHz, samples: samples.subarray(at, at + size) };
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

export interface Outcome {
  readonly audio: OpenAudio | undefined;
  readonly samples: Float32Array;
  /** The code of the AudioError that ended it. Anything else that is thrown fails the test. */
  readonly code: string | undefined;
  readonly message: string;
}

/** Opens and reads to the end or the error. */
export async function decode(
  bytes: Uint8Array,
  sizes?: readonly number[],
  options: OpenAudioOptions = {},
): Promise<Outcome> {
  const parts: Float32Array[] = [];
  let audio: OpenAudio | undefined;
  let error: AudioError | undefined;
  try {
    audio = await openAudio(pieces(bytes, sizes), options);
    for await (const block of audio.pcm) parts.push(block.samples);
  } catch (thrown) {
    if (!(thrown instanceof AudioError)) throw thrown;
    error = thrown;
  }
  return { audio, samples: joined(parts), code: error?.code, message: error?.message ?? "" };
}

/** Amplitude of one frequency in `samples` (a single bin of a Fourier transform). */
export function amplitudeAt(samples: Float32Array, frequencyHz: number, sampleRateHz: number): number {
  let re = 0;
  let im = 0;
  for (const [i, sample] of samples.entries()) {
    const angle = (2 * Math.PI * frequencyHz * i) / sampleRateHz;
    re += sample * Math.cos(angle);
    im += sample * Math.sin(angle);
  }
  return (2 * Math.hypot(re, im)) / samples.length;
}

export function concat(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
  );
}

/** One Ogg page of one packet below 255 bytes, of serial number 7. */
export function oggPage(body: Uint8Array, flags: number, sequence: number): Uint8Array {
  const page = concat(
    "OggS\0",
    Uint8Array.of(flags),
    new Uint8Array(8),
    "\u0007\0\0\0",
    Uint8Array.of(sequence, 0, 0, 0),
    new Uint8Array(4),
    Uint8Array.of(1, body.length),
    body,
  );
  new DataView(page.buffer).setInt32(22, oggCrc(page), true);
  return page;
}

/** The checksum of Ogg, computed bit by bit. */
export function oggCrc(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    value ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c1_1db7 : value << 1;
  }
  return value;
}

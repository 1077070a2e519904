/** Sound as it travels between peers: blocks of it, checked and bounded. */
import * as z from "zod";
import { packHeard, unpackHeard } from "./packed-sound.ts";

/**
 * What is heard, at `SPEECH_RATE_HZ`: mono 32-bit floats, little-endian, or packed to peers that know it. With it may
 * come that its end may follow at once.
 */
export type SoundItem =
  | Uint8Array
  | { readonly mayBeLast: true; readonly samples: Uint8Array }
  | { readonly mayBeLast?: true; readonly packed: Uint8Array };

/** Samples in one block. */
export const BLOCK_SAMPLES = 16_000;
const BLOCK_BYTES_MAX = 4 * BLOCK_SAMPLES;

/** As it travels: a view where it can be, so nobody may change the samples afterwards. */
export function bytesOf(samples: Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** A copy, which keeps nothing of its frame alive; what is no number is silence. @throws TypeError when it is no block of sound */
export function samplesOf(bytes: unknown): Float32Array {
  if (!(bytes instanceof Uint8Array) || !isSound(bytes)) throw new TypeError("no block of sound");
  const samples = new Float32Array(bytes.length / 4);
  new Uint8Array(samples.buffer).set(bytes);
  for (let n = 0; n < samples.length; n += 1) if (!Number.isFinite(samples[n])) samples[n] = 0;
  return samples;
}

/** How a block goes to whoever hears it. */
export interface SoundManner {
  readonly mayBeLast?: boolean;
  /** Who hears it takes packed sound. */
  readonly isPacked?: boolean;
}

/** A block of any length as it travels. */
export function* itemsOf(
  samples: Float32Array,
  { mayBeLast = false, isPacked = false }: SoundManner = {},
): Generator<SoundItem, undefined> {
  for (let at = 0; at < samples.length; at += BLOCK_SAMPLES) {
    const block = samples.subarray(at, at + BLOCK_SAMPLES);
    const packed = isPacked ? packHeard(block) : undefined;
    const isLast = mayBeLast && at + BLOCK_SAMPLES >= samples.length;
    if (packed !== undefined) yield { ...(isLast ? { mayBeLast } : {}), packed };
    else yield isLast ? { mayBeLast, samples: bytesOf(block) } : bytesOf(block);
  }
  return undefined;
}

const lastSound = z.strictObject({ mayBeLast: z.literal(true), samples: z.unknown() });
const packedSound = z.strictObject({ mayBeLast: z.literal(true).optional(), packed: z.instanceof(Uint8Array) });

/** What another peer's microphone gave. @throws TypeError when it is no block of sound */
export function readSound(item: unknown): { readonly samples: Float32Array; readonly mayBeLast: boolean } {
  const packed = packedSound.safeParse(item);
  if (packed.success) {
    return { samples: unpacked(unpackHeard, packed.data.packed), mayBeLast: packed.data.mayBeLast === true };
  }
  const last = lastSound.safeParse(item);
  return { samples: samplesOf(last.success ? last.data.samples : item), mayBeLast: last.success };
}

/** A packed block of it. @throws TypeError when it is none */
export function unpacked(unpack: typeof unpackHeard, bytes: Uint8Array): Float32Array {
  let samples: Float32Array | undefined;
  try {
    samples = unpack(bytes, BLOCK_SAMPLES);
  } catch (cause) {
    throw new TypeError("no packed block of sound", { cause });
  }
  if (samples.length === 0) throw new TypeError("no sound in a block of it");
  return samples;
}

/** A long stretch in blocks that may travel. */
export function* blocksOf(samples: Float32Array): Generator<Float32Array> {
  for (let at = 0; at < samples.length; at += BLOCK_SAMPLES) yield samples.subarray(at, at + BLOCK_SAMPLES);
}

/** Several as one; one as it is. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether it is a block of floats. */
export function isSound(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length <= BLOCK_BYTES_MAX && bytes.length % 4 === 0;
}

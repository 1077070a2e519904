/**
 * Blocks of 16-bit mono sound in fewer bytes, and without loss: as in FLAC's fixed subframes (RFC 9639, 9.2.5), each sample is foretold
 * from those before it, and what it differs by is written as a Rice code. Each block stands for itself: none is waited for.
 *
 *     byte    1: the version
 *     varint  samples
 *     bits    for each stretch of 128 samples: 8 of how it is written, then it; zeros up to a whole byte
 *
 * How a stretch is written: 32 times the order (from how many samples before it each is foretold) and the low bits of the codes, which are
 * 31 where all is as foretold and there are no codes; or 254: its samples are the bare 16 bits. The first samples of a block, before which
 * there are too few, are bare too.
 */
import { BitReader, BitWriter } from "./bits.ts";
import { corruptAudio } from "./failures.ts";

/** In one block. */
export const MOST_PACKED_SAMPLES = 131_072;

const VERSION = 1;
const STRETCH = 128;
const MOST_ORDER = 4;
const BARE = 254;
const AS_FORETOLD = 31;
const MOST_LOW = 20;
/** A code is of a difference and its sign: one of order 4 of the loudest sound there can be. */
const MOST_CODE = 2 ** 21 - 1;
const HEAD_BYTES = 4;

const [LEAST_SAMPLE, MOST_SAMPLE] = [-32_768, 32_767];

/** How a stretch is written best. */
interface Manner {
  readonly order: number;
  readonly low: number;
}

/** @throws RangeError when there are more than {@link MOST_PACKED_SAMPLES} */
export function packSamples(samples: Int16Array): Uint8Array {
  if (samples.length > MOST_PACKED_SAMPLES) throw new RangeError(`${samples.length} samples are too many for a block`);
  const stretches = Math.ceil(samples.length / STRETCH);
  const out = new BitWriter(HEAD_BYTES + stretches + 2 * samples.length);
  out.put(VERSION, 8);
  let rest = samples.length;
  for (; rest >= 0x80; rest >>>= 7) out.put((rest & 0x7f) | 0x80, 8);
  out.put(rest, 8);
  const codes = Array.from({ length: MOST_ORDER + 1 }, () => new Uint32Array(STRETCH));
  for (let from = 0; from < samples.length; from += STRETCH) {
    const to = Math.min(samples.length, from + STRETCH);
    const manner = foretell(samples, from, to, codes);
    const bare = manner === undefined ? to : from === 0 ? manner.order : from;
    out.put(manner === undefined ? BARE : manner.order * 32 + manner.low, 8);
    for (let n = from; n < bare; n += 1) out.put((samples[n] ?? 0) & 0xffff, 16);
    const written = manner === undefined || manner.low === AS_FORETOLD ? undefined : codes[manner.order];
    if (manner === undefined || written === undefined) continue;
    for (let n = bare; n < to; n += 1) out.putRice(written[n - from] ?? 0, manner.low);
  }
  return out.end();
}

/**
 * What was packed.
 * @param mostSamples a block of more is refused before anything is made of it
 * @throws AudioError `audio-corrupt` when it is no such block
 */
export function unpackSamples(bytes: Uint8Array, mostSamples = MOST_PACKED_SAMPLES): Int16Array {
  const head = headOf(bytes);
  if (head.samples > Math.min(mostSamples, MOST_PACKED_SAMPLES)) throw corrupt("it says that it is too long");
  // Each stretch has a byte of its own at least.
  if (Math.ceil(head.samples / STRETCH) > bytes.length - head.bytes) throw corrupt("it is cut short");
  const samples = new Int16Array(head.samples);
  const from = new BitReader(bytes.subarray(head.bytes));
  for (let at = 0; at < samples.length; at += STRETCH) readStretch(from, samples, at);
  if (!from.isAtEnd) throw corrupt("something follows it");
  return samples;
}

function headOf(bytes: Uint8Array): { readonly samples: number; readonly bytes: number } {
  if (bytes[0] !== VERSION) throw corrupt(bytes.length === 0 ? "it is empty" : `version ${bytes[0]} is unknown`);
  let samples = 0;
  for (let at = 1; at < HEAD_BYTES; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) break;
    samples |= (byte & 0x7f) << (7 * (at - 1));
    if (byte < 0x80) return { samples, bytes: at + 1 };
  }
  throw corrupt("it does not say how long it is");
}

function readStretch(from: BitReader, samples: Int16Array, at: number): void {
  const to = Math.min(samples.length, at + STRETCH);
  const manner = from.take(8) ?? BARE;
  const [order, low] = [manner >>> 5, manner & 31];
  const isKnown = order <= MOST_ORDER && (low <= MOST_LOW || low === AS_FORETOLD);
  if (manner !== BARE && !isKnown) throw corrupt("it is written in an unknown manner");
  const bare = manner === BARE ? to : at === 0 ? order : at;
  if (bare > to) throw corrupt("more is foretold than there is");
  for (let n = at; n < bare; n += 1) {
    const bits = from.take(16);
    if (bits === undefined) throw corrupt("it is cut short");
    samples[n] = bits;
  }
  for (let n = bare; n < to; n += 1) {
    const code = low === AS_FORETOLD ? 0 : from.takeRice(low, MOST_CODE);
    if (code === undefined) throw corrupt("it is cut short");
    const sample = foretold(samples, n, order) + ((code >>> 1) ^ -(code & 1));
    if (sample < LEAST_SAMPLE || sample > MOST_SAMPLE) throw corrupt("a sample has more than 16 bits");
    samples[n] = sample;
  }
}

/** From those before it, if the curve goes on as it does: its value, its slope, its bend … */
function foretold(samples: Int16Array, n: number, order: number): number {
  switch (order) {
    case 0:
      return 0;
    case 1:
      return samples[n - 1] ?? 0;
    case 2:
      return 2 * (samples[n - 1] ?? 0) - (samples[n - 2] ?? 0);
    case 3:
      return 3 * ((samples[n - 1] ?? 0) - (samples[n - 2] ?? 0)) + (samples[n - 3] ?? 0);
    default:
      return 4 * ((samples[n - 1] ?? 0) + (samples[n - 3] ?? 0)) - 6 * (samples[n - 2] ?? 0) - (samples[n - 4] ?? 0);
  }
}

/** Writes the codes of each order, and says which are the shortest; undefined: the samples themselves are. */
function foretell(samples: Int16Array, from: number, to: number, codes: readonly Uint32Array[]): Manner | undefined {
  let best = { order: 0, sum: Infinity };
  for (const [order, into] of codes.entries()) {
    const bare = from === 0 ? order : from;
    if (bare > to) break;
    let sum = 0;
    for (let n = bare; n < to; n += 1) {
      const difference = (samples[n] ?? 0) - foretold(samples, n, order);
      const code = difference >= 0 ? 2 * difference : -2 * difference - 1;
      into[n - from] = code;
      sum += code;
    }
    if (sum < best.sum) best = { order, sum };
  }
  const { order, sum } = best;
  const bare = from === 0 ? order : 0;
  const { low, bits } = shortest(codes[order]?.subarray(bare, to - from) ?? new Uint32Array(0), sum);
  return bits + 16 * bare < 16 * (to - from) ? { order, low } : undefined;
}

/** How many low bits to leave as they are: near the mean, as the codes fall off from 0 on. */
function shortest(codes: Uint32Array, sum: number): { readonly low: number; readonly bits: number } {
  if (sum === 0) return { low: AS_FORETOLD, bits: 0 };
  const guess = Math.max(0, 30 - Math.clz32(Math.ceil(sum / codes.length)));
  let best = { low: guess, bits: Infinity };
  for (let low = Math.max(0, guess - 1); low <= guess + 1; low += 1) {
    let bits = codes.length * (low + 1);
    for (const code of codes) bits += code >>> low;
    if (bits < best.bits) best = { low, bits };
  }
  return best;
}

function corrupt(what: string): Error {
  return corruptAudio("a packed block of sound", what);
}

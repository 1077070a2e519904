/**
 * A client's frames of sound between the peer that it has reached and the host of its session: the same head, then its samples packed. What
 * comes out is the very frame, byte for byte.
 */
import { MOST_PACKED_SAMPLES, packSamples, unpackSamples } from "@parley/audio/format";
import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES } from "@parley/sdk";

/** What samples stand behind, by a frame's first two bytes (`audio-frame.ts` of the SDK): one kind has two bytes more. */
const HEADS: ReadonlyMap<number, number> = new Map([
  [0x5001, FRAME_HEADER_BYTES],
  [0x5002, FRAME_HEADER_BYTES + 2],
]);
const SAMPLE_BYTES = 2;

/** Undefined: it is no frame of samples, or is not shorter so. */
export function packFrame(bytes: Uint8Array): Uint8Array | undefined {
  const head = headOf(bytes);
  const length = bytes.length - head;
  if (length <= 0 || length % SAMPLE_BYTES !== 0 || length > SAMPLE_BYTES * MOST_PACKED_SAMPLES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + head, length);
  const samples = new Int16Array(length / SAMPLE_BYTES);
  for (let n = 0; n < samples.length; n += 1) samples[n] = view.getInt16(SAMPLE_BYTES * n, true);
  const packed = packSamples(samples);
  return packed.length < length ? joined(bytes.subarray(0, head), packed) : undefined;
}

/** @throws TypeError when it is no frame that was packed */
export function unpackFrame(packed: Uint8Array): Uint8Array {
  const head = headOf(packed);
  if (packed.length <= head) throw new TypeError("no packed frame");
  const most = Math.floor((MAX_FRAME_BYTES - head) / SAMPLE_BYTES);
  const samples = samplesIn(packed.subarray(head), most);
  const frame = new Uint8Array(head + SAMPLE_BYTES * samples.length);
  frame.set(packed.subarray(0, head));
  const view = new DataView(frame.buffer, head);
  for (const [n, sample] of samples.entries()) view.setInt16(SAMPLE_BYTES * n, sample, true);
  return frame;
}

function samplesIn(packed: Uint8Array, most: number): Int16Array {
  try {
    return unpackSamples(packed, most);
  } catch (cause) {
    throw new TypeError("no packed samples in a frame", { cause });
  }
}

/** Longer than any frame: it has none. */
function headOf(bytes: Uint8Array): number {
  return HEADS.get(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) ?? Infinity;
}

function joined(head: Uint8Array, packed: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + packed.length);
  whole.set(head);
  whole.set(packed, head.length);
  return whole;
}

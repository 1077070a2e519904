/**
 * Binary frames: 16 bytes of header, then 16-bit little-endian mono PCM. Audio never goes through JSON or base64.
 *
 *     0      1      2..3       4..7      8..11     12..15         16..
 *     'P'    kind   rate/100   stream    sequence  timestampMs    samples
 */

/** Bytes before the samples. */
export const FRAME_HEADER_BYTES = 16;
/** Largest frame either side accepts, in bytes (header included). */
export const MAX_FRAME_BYTES = 262_144;

const MAGIC = 0x50;
const KIND_PCM_S16LE = 1;

/** One piece of an audio stream. */
export interface AudioFrame {
  /** Chosen by the client in the command that opened the stream; the same number is used both ways. */
  readonly stream: number;
  /** Counts up from 0 within a stream and direction. */
  readonly sequence: number;
  /** Position of the first sample from the start of the stream, in milliseconds. */
  readonly timestampMs: number;
  /** A multiple of 100. */
  readonly sampleRateHz: number;
  /** Mono floats in [-1, 1]. */
  readonly samples: Float32Array;
}

/** Encodes a frame; samples beyond [-1, 1] are clipped. @throws RangeError when a field does not fit its place. */
export function encodeAudioFrame(frame: AudioFrame): Uint8Array<ArrayBuffer> {
  const bytes = FRAME_HEADER_BYTES + frame.samples.length * 2;
  if (bytes > MAX_FRAME_BYTES) throw new RangeError(`audio frame of ${bytes} bytes exceeds ${MAX_FRAME_BYTES}`);
  const rate = frame.sampleRateHz / 100;
  if (!Number.isInteger(rate) || rate < 1 || rate > 0xffff) {
    throw new RangeError(`sample rate ${frame.sampleRateHz} Hz is not a multiple of 100 Hz below 6.5 MHz`);
  }
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  view.setUint8(0, MAGIC);
  view.setUint8(1, KIND_PCM_S16LE);
  view.setUint16(2, rate, true);
  view.setUint32(4, frame.stream, true);
  view.setUint32(8, frame.sequence, true);
  view.setUint32(12, Math.round(frame.timestampMs), true);
  let offset = FRAME_HEADER_BYTES;
  for (const sample of frame.samples) {
    const clipped = Math.max(-1, Math.min(1, sample));
    view.setInt16(offset, Math.round(clipped * 32_767), true);
    offset += 2;
  }
  return out;
}

/** Decodes a frame, or returns a sentence that says what is wrong with it. Never throws. */
export function decodeAudioFrame(bytes: Uint8Array): AudioFrame | string {
  if (bytes.byteLength < FRAME_HEADER_BYTES) return `binary frame of ${bytes.byteLength} bytes has no whole header`;
  if (bytes.byteLength > MAX_FRAME_BYTES) return `binary frame of ${bytes.byteLength} bytes exceeds ${MAX_FRAME_BYTES}`;
  if (bytes.byteLength % 2 !== 0) return "binary frame ends in the middle of a sample";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== MAGIC) return "binary frame is not an audio frame";
  if (view.getUint8(1) !== KIND_PCM_S16LE) return `unknown audio frame kind ${view.getUint8(1)}`;
  const sampleRateHz = view.getUint16(2, true) * 100;
  if (sampleRateHz === 0) return "audio frame names no sample rate";
  const count = (bytes.byteLength - FRAME_HEADER_BYTES) / 2;
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i += 1) samples[i] = view.getInt16(FRAME_HEADER_BYTES + i * 2, true) / 32_768;
  return {
    stream: view.getUint32(4, true),
    sequence: view.getUint32(8, true),
    timestampMs: view.getUint32(12, true),
    sampleRateHz,
    samples,
  };
}

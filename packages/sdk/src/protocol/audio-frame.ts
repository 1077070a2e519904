/**
 * Binary frames: 16 bytes of header, then 16-bit little-endian mono PCM. Audio never goes through JSON or base64.
 *
 *     0      1      2..3       4..7      8..11     12..15         16..
 *     'P'    1      rate/100   stream    sequence  timestampMs    samples
 *     'P'    2      rate/100   stream    sequence  timestampMs    echo (2 bytes), then samples
 *
 * `echo` is a share of 65,535: how much of the frame the client's own playback explains. Only a peer that says `echo` in its
 * capabilities is sent frames of kind 2.
 */

/** Bytes before the samples. */
export const FRAME_HEADER_BYTES = 16;
/** Largest frame either side accepts, in bytes (header included). */
export const MAX_FRAME_BYTES = 262_144;

const MAGIC = 0x50;
const KIND_PCM_S16LE = 1;
const KIND_PCM_S16LE_ECHO = 2;
const ECHO_BYTES = 2;
const WHOLE_ECHO = 0xffff;

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
  /** How much of it the sender's own playback explains, 0 to 1; none when absent. */
  readonly echo?: number;
}

/** Encodes a frame; samples beyond [-1, 1] are clipped. @throws RangeError when a field does not fit its place. */
export function encodeAudioFrame(frame: AudioFrame): Uint8Array<ArrayBuffer> {
  const { echo } = frame;
  if (echo !== undefined && !(echo >= 0 && echo <= 1)) throw new RangeError(`echo must be 0 to 1, not ${echo}`);
  const header = FRAME_HEADER_BYTES + (echo === undefined ? 0 : ECHO_BYTES);
  const bytes = header + frame.samples.length * 2;
  if (bytes > MAX_FRAME_BYTES) throw new RangeError(`audio frame of ${bytes} bytes exceeds ${MAX_FRAME_BYTES}`);
  const rate = frame.sampleRateHz / 100;
  if (!Number.isInteger(rate) || rate < 1 || rate > 0xffff) {
    throw new RangeError(`sample rate ${frame.sampleRateHz} Hz is not a multiple of 100 Hz below 6.5 MHz`);
  }
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  view.setUint8(0, MAGIC);
  view.setUint8(1, echo === undefined ? KIND_PCM_S16LE : KIND_PCM_S16LE_ECHO);
  view.setUint16(2, rate, true);
  view.setUint32(4, frame.stream, true);
  view.setUint32(8, frame.sequence, true);
  view.setUint32(12, Math.round(frame.timestampMs), true);
  if (echo !== undefined) view.setUint16(FRAME_HEADER_BYTES, Math.round(echo * WHOLE_ECHO), true);
  let offset = header;
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
  const kind = view.getUint8(1);
  if (kind !== KIND_PCM_S16LE && kind !== KIND_PCM_S16LE_ECHO) return `unknown audio frame kind ${kind}`;
  const sampleRateHz = view.getUint16(2, true) * 100;
  if (sampleRateHz === 0) return "audio frame names no sample rate";
  const hasEcho = kind === KIND_PCM_S16LE_ECHO;
  const header = FRAME_HEADER_BYTES + (hasEcho ? ECHO_BYTES : 0);
  if (bytes.byteLength < header) return "audio frame ends before its echo";
  const count = (bytes.byteLength - header) / 2;
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i += 1) samples[i] = view.getInt16(header + i * 2, true) / 32_768;
  return {
    stream: view.getUint32(4, true),
    sequence: view.getUint32(8, true),
    timestampMs: view.getUint32(12, true),
    sampleRateHz,
    samples,
    ...(hasEcho ? { echo: view.getUint16(FRAME_HEADER_BYTES, true) / WHOLE_ECHO } : {}),
  };
}

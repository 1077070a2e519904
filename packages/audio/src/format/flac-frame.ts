/** STREAMINFO and the frame header of FLAC (RFC 9639, sections 8.2 and 9.1). */
import { viewOf } from "./bytes.ts";
import { crc8 } from "./crc.ts";

/** The facts of STREAMINFO that decoding needs. */
export interface FlacInfo {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly bitsPerSample: number;
  readonly maxBlockSamples: number;
  /** Undefined when the encoder did not know. */
  readonly totalSamples: number | undefined;
}

/** Bytes of a STREAMINFO block. */
export const STREAMINFO_BYTES = 34;
/** Longest frame header. */
export const FLAC_HEADER_BYTES = 16;

/** Undefined when the values are outside what the format allows. */
export function parseStreamInfo(bytes: Uint8Array): FlacInfo | undefined {
  const view = viewOf(bytes);
  const maxBlockSamples = view.getUint16(2, false);
  const packed = view.getUint32(10, false);
  const sampleRateHz = packed >>> 12;
  const channels = ((packed >>> 9) & 7) + 1;
  const bitsPerSample = ((packed >>> 4) & 31) + 1;
  const total = (packed & 15) * 2 ** 32 + view.getUint32(14, false);
  if (sampleRateHz === 0 || bitsPerSample < 4 || maxBlockSamples < 16) return undefined;
  return { sampleRateHz, channels, bitsPerSample, maxBlockSamples, totalSamples: total === 0 ? undefined : total };
}

/** A frame header whose CRC-8 is right. */
export interface FlacHeader {
  readonly headerBytes: number;
  readonly samples: number;
  /** The frame leaves its rate or sample size to STREAMINFO, which the wasm decoder is never shown. */
  readonly needsStreamInfo: boolean;
}

/** The header that `bytes` begin with, undefined when they begin with none. Wants {@link FLAC_HEADER_BYTES} to see all of it. */
export function parseFlacHeader(bytes: Uint8Array): FlacHeader | undefined {
  const [sync = 0, strategy = 0, sizes = 0, layout = 0, number = 0] = bytes;
  if (sync !== 0xff || (strategy & 0xfe) !== 0xf8 || (layout & 1) !== 0) return undefined;
  const sizeCode = sizes >> 4;
  const rateCode = sizes & 15;
  const depthCode = (layout >> 1) & 7;
  if (sizeCode === 0 || rateCode === 15 || layout >> 4 > 10 || depthCode === 3) return undefined;
  const numberBytes = number < 0x80 ? 1 : Math.clz32(~(number << 24)) || 1;
  if (numberBytes > 7 || (number >= 0x80 && numberBytes === 1)) return undefined;
  const sizeAt = 4 + numberBytes;
  const rateAt = sizeAt + (sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0);
  const crcAt = rateAt + (rateCode === 12 ? 1 : rateCode === 13 || rateCode === 14 ? 2 : 0);
  if (bytes.length <= crcAt || crc8(bytes.subarray(0, crcAt)) !== bytes[crcAt]) return undefined;
  return {
    headerBytes: crcAt + 1,
    samples: blockSamples(sizeCode, bytes.subarray(sizeAt, rateAt)),
    needsStreamInfo: rateCode === 0 || depthCode === 0,
  };
}

function blockSamples(code: number, extra: Uint8Array): number {
  if (code === 1) return 192;
  if (code <= 5) return 576 * 2 ** (code - 2);
  if (code === 6) return (extra[0] ?? 0) + 1;
  if (code === 7) return (extra[0] ?? 0) * 256 + (extra[1] ?? 0) + 1;
  return 2 ** code;
}

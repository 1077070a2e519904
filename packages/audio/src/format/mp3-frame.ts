/** The frame header of MPEG audio (ISO/IEC 11172-3, 13818-3) and the Xing/Info/VBRI header inside a first frame. */
import { latin1, viewOf } from "./bytes.ts";

/** Bytes of a frame header. */
export const MP3_HEADER_BYTES = 4;

/** What four bytes say about the frame they begin. */
export interface Mp3Header {
  /** Of the whole frame, header included. */
  readonly frameBytes: number;
  readonly samples: number;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Bytes between the header and where a Xing header may begin. */
  readonly sideInfoBytes: number;
  /** The bits that all frames of one stream share: sync, version, layer, rate. */
  readonly kind: number;
}

const KBPS_V1: readonly (readonly number[])[] = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
];
const KBPS_V2: readonly (readonly number[])[] = [
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const RATES_V1_HZ: readonly number[] = [44_100, 48_000, 32_000];

/** The header in the first four bytes; undefined when they are none (free-format streams count as none). */
export function parseMp3Header(bytes: Uint8Array): Mp3Header | undefined {
  if (bytes.length < MP3_HEADER_BYTES) return undefined;
  const bits = viewOf(bytes).getUint32(0, false);
  const version = (bits >>> 19) & 3; // 3 = MPEG 1, 2 = MPEG 2, 0 = MPEG 2.5, 1 reserved
  const layer = 4 - ((bits >>> 17) & 3); // 1 to 3; 4 reserved
  if (bits >>> 21 !== 0x7ff || version === 1 || layer === 4) return undefined;
  const first = version === 3;
  const kbps = (first ? KBPS_V1 : KBPS_V2)[layer - 1]?.[(bits >>> 12) & 15] ?? 0;
  const fullRateHz = RATES_V1_HZ[(bits >>> 10) & 3] ?? 0;
  if (kbps === 0 || fullRateHz === 0 || (bits & 3) === 2) return undefined;
  const sampleRateHz = first ? fullRateHz : version === 2 ? fullRateHz / 2 : fullRateHz / 4;
  const samples = layer === 1 ? 384 : layer === 2 || first ? 1152 : 576;
  const padding = (bits >>> 9) & 1;
  // Layer I counts in slots of four bytes.
  const slotBytes = layer === 1 ? 4 : 1;
  const frameBytes = (Math.floor(((samples / 8) * kbps * 1000) / slotBytes / sampleRateHz) + padding) * slotBytes;
  const mono = ((bits >>> 6) & 3) === 3;
  const sideInfoBytes = first ? (mono ? 17 : 32) : mono ? 9 : 17;
  return { frameBytes, samples, sampleRateHz, channels: mono ? 1 : 2, sideInfoBytes, kind: (bits & 0xfffe_0c00) >>> 0 };
}

/** What an encoder noted about the whole stream in a first frame that holds no sound. */
export interface Mp3Summary {
  /** Frames that follow. */
  readonly frames: number;
  /** Samples to cut at both ends together, as noted by LAME and ffmpeg; 0 when not noted. */
  readonly trimmedSamples: number;
}

/** The Xing, Info or VBRI header of `frame`, when it has one that counts frames. */
export function parseMp3Summary(frame: Uint8Array, header: Mp3Header): Mp3Summary | undefined {
  const view = viewOf(frame);
  const vbri = MP3_HEADER_BYTES + 32;
  if (frame.length >= vbri + 18 && latin1(frame, vbri, 4) === "VBRI") {
    return { frames: view.getUint32(vbri + 14, false), trimmedSamples: 0 };
  }
  const start = MP3_HEADER_BYTES + header.sideInfoBytes;
  if (frame.length < start + 12) return undefined;
  const tag = latin1(frame, start, 4);
  const flags = view.getUint32(start + 4, false);
  if ((tag !== "Xing" && tag !== "Info") || (flags & 1) === 0) return undefined;
  const frames = view.getUint32(start + 8, false);
  const lame =
    start + 8 + 4 + ((flags & 2) === 0 ? 0 : 4) + ((flags & 4) === 0 ? 0 : 100) + ((flags & 8) === 0 ? 0 : 4);
  if (frame.length < lame + 24 || !/^(LAME|Lav[cf])/.test(latin1(frame, lame, 4))) return { frames, trimmedSamples: 0 };
  const delays = view.getUint32(lame + 20, false) & 0xff_ffff;
  return { frames, trimmedSamples: (delays >>> 12) + (delays & 0xfff) };
}

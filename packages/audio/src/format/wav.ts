/**
 * WAV: RIFF/WAVE (Microsoft, "Multimedia Programming Interface", 1991; WAVE_FORMAT_EXTENSIBLE) and RF64/BW64 (EBU Tech
 * 3306, ITU-R BS.2088), read as a stream, in any order of chunks that puts `fmt ` before `data`.
 */
import type { ByteReader } from "./bytes.ts";
import { latin1, viewOf } from "./bytes.ts";
import type { Decoding } from "./decoder.ts";
import { gainsOf, rolesOfMask, WAVE_ORDER } from "./downmix.ts";
import type { SpeakerRole } from "./downmix.ts";
import { corruptAudio, emptyAudio, truncatedAudio, unsupportedAudio } from "./failures.ts";
import { monoFromWav, SAMPLE_BYTES } from "./wav-samples.ts";
import type { SampleEncoding } from "./wav-samples.ts";

/** Bytes decoded at a time: at least 4,096 sample frames of ordinary audio, without ever holding much. */
const BLOCK_BYTES = 32 * 1024;
/** WAVE_FORMAT_EXTENSIBLE. */
const EXTENSIBLE = 0xfffe;
const MAX_CHANNELS = 64;
const MIN_RATE_HZ = 1_000;
const MAX_RATE_HZ = 768_000;

interface WavFormat {
  readonly encoding: SampleEncoding;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly frameBytes: number;
  /** How much of each channel is heard. */
  readonly gains: readonly number[];
}

/** Opens a WAV stream whose magic is not yet consumed. */
export async function openWav(reader: ByteReader): Promise<Decoding> {
  const { format, dataBytes } = await readHeader(reader);
  return {
    format: "wav",
    sampleRateHz: format.sampleRateHz,
    channels: format.channels,
    declaredSamples: dataBytes === undefined ? undefined : Math.floor(dataBytes / format.frameBytes),
    blocks: readData(reader, format, dataBytes),
    free: () => undefined,
  };
}

async function readHeader(
  reader: ByteReader,
): Promise<{ readonly format: WavFormat; readonly dataBytes: number | undefined }> {
  await reader.need(12);
  reader.skip(12);
  let format: WavFormat | undefined;
  let longDataBytes: number | undefined;
  for (;;) {
    if (!(await reader.need(8))) {
      throw reader.available === 0 && format !== undefined
        ? emptyAudio(reader.label, "it ends before its sound data begin")
        : truncatedAudio(reader.label, "it ends inside its header");
    }
    const header = reader.view(8);
    const id = latin1(header, 0, 4);
    const size = viewOf(header).getUint32(4, true);
    reader.skip(8);
    if (id === "data") {
      if (format === undefined) throw corruptAudio(reader.label, "its sound data come before their description");
      return { format, dataBytes: dataSize(size, longDataBytes) };
    }
    if (id === "fmt ") format = await chunk(reader, size, 64, (bytes) => parseFormat(reader.label, bytes));
    else if (id === "ds64")
      longDataBytes = await chunk(reader, size, 28, (bytes) => parseLongSize(reader.label, bytes));
    else await skipChunk(reader, size);
  }
}

/** Reads the first `wanted` bytes of a chunk, skips the rest and the padding byte of an odd size. */
async function chunk<T>(reader: ByteReader, size: number, wanted: number, parse: (bytes: Uint8Array) => T): Promise<T> {
  const length = Math.min(size, wanted);
  if (!(await reader.need(length))) throw truncatedAudio(reader.label, "it ends inside its header");
  const value = parse(reader.view(length));
  reader.skip(length);
  await skipChunk(reader, size, length);
  return value;
}

async function skipChunk(reader: ByteReader, size: number, done = 0): Promise<void> {
  const left = size - done;
  if ((await reader.discard(left)) < left) throw truncatedAudio(reader.label, "it ends inside its header");
  if (size % 2 === 1) await reader.discard(1);
}

/**
 * Bytes of sound to expect, undefined for "until the end": programs that write into a pipe cannot go back to fill the
 * size in and leave 0, all ones (ffmpeg), 0x7ffff000 (sox) or 0x80000000 (arecord), some less the header.
 */
function dataSize(size: number, longBytes: number | undefined): number | undefined {
  if (size === 0xffff_ffff && longBytes !== undefined && longBytes > 0) return longBytes;
  const open = size === 0 || size >= 0xffff_ff00 || (size >= 0x7fff_ef00 && size <= 0x8000_0000);
  return open ? undefined : size;
}

function parseLongSize(label: string, bytes: Uint8Array): number {
  if (bytes.length < 16) throw corruptAudio(label, "its ds64 chunk is too short");
  const size = viewOf(bytes).getBigUint64(8, true);
  // All ones is RF64's own "unknown".
  return size > BigInt(Number.MAX_SAFE_INTEGER) ? 0 : Number(size);
}

function parseFormat(label: string, bytes: Uint8Array): WavFormat {
  if (bytes.length < 16) throw corruptAudio(label, "its format chunk is too short");
  const view = viewOf(bytes);
  const tag = view.getUint16(0, true);
  const channels = view.getUint16(2, true);
  const sampleRateHz = view.getUint32(4, true);
  const frameBytes = view.getUint16(12, true);
  // WAVE_FORMAT_EXTENSIBLE: the real tag is the first two bytes of the sub-format GUID.
  const codec = tag === EXTENSIBLE && bytes.length >= 26 ? view.getUint16(24, true) : tag;
  if (channels < 1 || channels > MAX_CHANNELS) throw corruptAudio(label, `its header claims ${channels} channels`);
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ) {
    throw corruptAudio(label, `its header claims a rate of ${sampleRateHz} Hz`);
  }
  const encoding = encodingOf(label, codec, view.getUint16(14, true));
  if (frameBytes < channels * SAMPLE_BYTES[encoding]) {
    throw corruptAudio(label, `its header claims ${frameBytes} bytes for ${channels} x ${encoding}`);
  }
  const mask = tag === EXTENSIBLE && bytes.length >= 24 ? view.getUint32(20, true) : undefined;
  return { encoding, channels, sampleRateHz, frameBytes, gains: gainsOf(channels, rolesOf(channels, mask)) };
}

/** Older headers say nothing: six and eight channels are surround sound; other numbers are as often microphones of one room. */
function rolesOf(channels: number, mask: number | undefined): readonly SpeakerRole[] | undefined {
  if (mask !== undefined) return rolesOfMask(mask, channels);
  return channels === 6 || channels === 8 ? WAVE_ORDER[channels] : undefined;
}

/** Samples of fewer bits than their bytes hold are left-aligned, so that reading the whole bytes is right. */
function encodingOf(label: string, codec: number, bits: number): SampleEncoding {
  const bytes = Math.ceil(bits / 8);
  if (codec === 1 && bytes >= 1 && bytes <= 4)
    return (["pcm8", "pcm16", "pcm24", "pcm32"] as const)[bytes - 1] ?? "pcm8";
  if (codec === 3 && bits === 32) return "float32";
  if (codec === 3 && bits === 64) return "float64";
  if (codec === 6 && bits === 8) return "alaw";
  if (codec === 7 && bits === 8) return "mulaw";
  if (codec === 1 || codec === 3 || codec === 6 || codec === 7) {
    throw corruptAudio(label, `its header claims ${bits} bits for encoding ${codec}`);
  }
  const name = OTHER_CODECS.get(codec) ?? `encoding 0x${codec.toString(16)}`;
  throw unsupportedAudio(label, `is a WAV file holding ${name}, which is not supported`);
}

const OTHER_CODECS: ReadonlyMap<number, string> = new Map([
  [0x02, "Microsoft ADPCM"],
  [0x11, "IMA ADPCM"],
  [0x31, "GSM 6.10"],
  [0x50, "MPEG layer II"],
  [0x55, "MP3"],
  [0xff, "AAC"],
]);

async function* readData(
  reader: ByteReader,
  format: WavFormat,
  dataBytes: number | undefined,
): AsyncGenerator<Float32Array, void, undefined> {
  const { frameBytes } = format;
  const blockBytes = Math.max(1, Math.floor(BLOCK_BYTES / frameBytes)) * frameBytes;
  let left = dataBytes ?? Number.POSITIVE_INFINITY;
  while (left >= frameBytes) {
    // What is there is given: a live stream may take a second to fill a block.
    await reader.need(frameBytes);
    const usable = Math.min(reader.available, blockBytes, left);
    const bytes = usable - (usable % frameBytes);
    if (bytes === 0) break;
    yield monoFromWav(reader.view(bytes), format);
    reader.skip(bytes);
    left -= bytes;
  }
  if (dataBytes === undefined || left < frameBytes) return;
  const readBytes = dataBytes - left;
  throw truncatedAudio(reader.label, `its header promises ${dataBytes} bytes of sound, ${readBytes} are there`, {
    promisedBytes: dataBytes,
    readBytes,
  });
}

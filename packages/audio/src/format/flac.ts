/**
 * Native FLAC (RFC 9639). Frames are cut out here, each checked by its CRC-16, and only whole sound frames go to libFLAC
 * (wasm): the package's own parser drops half a megabyte for one wrong bit without saying so.
 */
import type { FLACDecoder } from "@wasm-audio-decoders/flac";
import type { ByteReader } from "./bytes.ts";
import { latin1, skipJunk } from "./bytes.ts";
import { crc16, crc16Step } from "./crc.ts";
import { freeing, quietly } from "./decoder.ts";
import { gainsOf, toMono, WAVE_ORDER } from "./downmix.ts";
import type { Decoding } from "./decoder.ts";
import { corruptAudio, truncatedAudio, unsupportedAudio } from "./failures.ts";
import { FLAC_HEADER_BYTES, parseFlacHeader, parseStreamInfo, STREAMINFO_BYTES } from "./flac-frame.ts";
import type { FlacInfo } from "./flac-frame.ts";
import { skipTags, tagBytes } from "./tags.ts";

/** Looking for the end of a broken frame costs up to two megabytes of checksums: a hostile file may not ask for it without end. */
const MAX_BROKEN_FRAMES = 200;

/** Opens a FLAC stream at its tag or magic. */
export async function openFlac(reader: ByteReader): Promise<Decoding> {
  const info = await readMetadata(reader);
  // Only who decodes some has its wasm in memory; so with the other formats.
  const { FLACDecoder: Decoder } = await import("@wasm-audio-decoders/flac");
  const decoder = new Decoder();
  await decoder.ready;
  return {
    format: "flac",
    sampleRateHz: info.sampleRateHz,
    channels: info.channels,
    declaredSamples: info.totalSamples,
    blocks: decodeFrames(reader, decoder, info),
    free: freeing(decoder),
  };
}

async function readMetadata(reader: ByteReader): Promise<FlacInfo> {
  await skipTags(reader);
  await reader.discard(4);
  let info: FlacInfo | undefined;
  for (let last = false; !last;) {
    if (!(await reader.need(4))) throw truncatedAudio(reader.label, "it ends inside its header");
    const [head = 0, a = 0, b = 0, c = 0] = reader.view(4);
    let bytes = (a << 16) | (b << 8) | c;
    last = (head & 0x80) !== 0;
    reader.skip(4);
    if (info === undefined) {
      // STREAMINFO comes first, always.
      if ((head & 0x7f) !== 0 || bytes !== STREAMINFO_BYTES) throw corruptAudio(reader.label, "it has no STREAMINFO");
      if (!(await reader.need(bytes))) throw truncatedAudio(reader.label, "it ends inside its header");
      info = parseStreamInfo(reader.view(bytes));
      if (info === undefined) throw corruptAudio(reader.label, "its STREAMINFO makes no sense");
      reader.skip(bytes);
      bytes = 0;
    }
    if ((await reader.discard(bytes)) < bytes) throw truncatedAudio(reader.label, "it ends inside its header");
  }
  if (info === undefined) throw corruptAudio(reader.label, "it has no STREAMINFO");
  return info;
}

async function* decodeFrames(
  reader: ByteReader,
  decoder: FLACDecoder,
  info: FlacInfo,
): AsyncGenerator<Float32Array, void, undefined> {
  // A frame stored verbatim is its samples (one bit more for a side channel) and a few bytes; real ones are smaller.
  const maxFrameBytes = Math.ceil((info.maxBlockSamples * info.channels * (info.bitsPerSample + 1)) / 8) + 128;
  const gains = gainsOf(info.channels, WAVE_ORDER[info.channels]);
  let samples = 0;
  let junkBytes = 0;
  let lostBytes = 0;
  let broken = 0;
  while (await reader.need(1)) {
    const frameBytes = await findFrame(reader, maxFrameBytes);
    if (typeof frameBytes === "string") {
      if (frameBytes === "broken" && ++broken > MAX_BROKEN_FRAMES) {
        throw corruptAudio(reader.label, `more than ${MAX_BROKEN_FRAMES} of its frames are broken`);
      }
      if (junkBytes === 0 && (await skipTags(reader))) continue;
      junkBytes += skipJunk(reader, 0xff);
      continue;
    }
    lostBytes += junkBytes;
    junkBytes = 0;
    const mono = await decodeFrame(reader, decoder, frameBytes, gains);
    if (mono === undefined) lostBytes += frameBytes;
    reader.skip(frameBytes);
    if (mono === undefined) continue;
    samples += mono.length;
    yield mono;
  }
  if (lostBytes > 0) throw corruptAudio(reader.label, `${lostBytes} bytes of it are not FLAC frames`);
  reportMissing(reader.label, samples, info.totalSamples, junkBytes);
}

function reportMissing(label: string, samples: number, promised: number | undefined, tailBytes: number): void {
  if (promised !== undefined && samples < promised) {
    throw truncatedAudio(label, `its header promises ${promised} samples, ${samples} are there`, {
      promisedSamples: promised,
      readSamples: samples,
    });
  }
  if (promised === undefined && tailBytes > 0) {
    throw truncatedAudio(label, "it ends inside a FLAC frame", { readSamples: samples });
  }
}

/**
 * Bytes of the frame at the reader's position; "none" when none begins there, "broken" when it does not end. A frame ends
 * where its CRC-16 comes out and the next frame, a tag or the end of the stream follows. One pass over the bytes.
 */
async function findFrame(reader: ByteReader, maxFrameBytes: number): Promise<number | "none" | "broken"> {
  await reader.need(FLAC_HEADER_BYTES);
  const header = parseFlacHeader(reader.view(FLAC_HEADER_BYTES));
  if (header === undefined) return "none";
  if (header.needsStreamInfo) throw unsupportedAudio(reader.label, "is a FLAC file of unusual rate or sample size");
  let end = header.headerBytes;
  let crc = crc16(reader.view(end));
  while (end < maxFrameBytes) {
    const more = await reader.need(end + 1 + FLAC_HEADER_BYTES);
    const bytes = reader.view();
    // Near the end of the stream every byte is looked at; before, only those with a whole header behind them.
    const limit = Math.min(more ? bytes.length - FLAC_HEADER_BYTES : bytes.length, maxFrameBytes);
    while (end < limit) {
      crc = crc16Step(crc, bytes[end] ?? 0);
      end++;
      if (crc === 0 && endsHere(bytes.subarray(end))) return end;
    }
    if (!more) return "broken";
  }
  return "broken";
}

function endsHere(next: Uint8Array): boolean {
  return next.length === 0 || parseFlacHeader(next.subarray(0, FLAC_HEADER_BYTES)) !== undefined || tagBytes(next) > 0;
}

async function decodeFrame(
  reader: ByteReader,
  decoder: FLACDecoder,
  frameBytes: number,
  gains: readonly number[],
): Promise<Float32Array | undefined> {
  try {
    const decoded = await quietly(() => decoder.decodeFrames([reader.view(frameBytes)]));
    return decoded.errors.length > 0 ? undefined : toMono(decoded.channelData, decoded.samplesDecoded, gains);
  } catch (error) {
    throw corruptAudio(reader.label, `the FLAC decoder gave up at byte ${reader.position}`, error);
  }
}

/** True when `bytes` begin with FLAC's magic. */
export function isFlac(bytes: Uint8Array): boolean {
  return latin1(bytes, 0, 4) === "fLaC";
}

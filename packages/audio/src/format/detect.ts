/** What a stream is, by its first bytes; never by a name. */
import type { ByteReader } from "./bytes.ts";
import { latin1 } from "./bytes.ts";
import type { DecoderFactory } from "./decoder.ts";
import { emptyAudio, truncatedAudio, unsupportedAudio } from "./failures.ts";
import { isFlac, openFlac } from "./flac.ts";
import { openMp3 } from "./mp3.ts";
import { MP3_HEADER_BYTES, parseMp3Header } from "./mp3-frame.ts";
import { openOgg } from "./ogg.ts";
import { TAG_HEADER_BYTES, tagBytes } from "./tags.ts";
import { openWav } from "./wav.ts";

/** Bytes that hold every magic we know, where it is. */
const MAGIC_BYTES = 16;
/** Bytes looked at to say what something unknown may be. */
const LOOK_BYTES = 512;
/** A tag longer than this is not looked behind: what follows is taken for MP3, and an MP3 error if it is none. */
const MAX_TAG_BYTES = 4 * 1024 * 1024;

/** Things people hand over by mistake, with the offset of their magic. */
const OTHERS: readonly (readonly [offset: number, magic: string, name: string])[] = [
  [4, "ftypM4A", "an M4A file (MP4 sound)"],
  [4, "ftyp", "an MP4 or QuickTime file"],
  [0, "\u001aE\u00df\u00a3", "a WebM or Matroska file"],
  [0, "\u0089PNG", "a PNG image"],
  [0, "\u00ff\u00d8\u00ff", "a JPEG image"],
  [0, "GIF8", "a GIF image"],
  [0, "%PDF", "a PDF document"],
  [0, "PK\u0003\u0004", "a ZIP archive (or an office document)"],
  [0, "\u001f\u008b", "a gzip archive"],
  [0, "FORM", "an AIFF file"],
  [0, "caff", "a CAF file"],
  [0, ".snd", "an AU file"],
  [0, "#!AMR", "an AMR file"],
  [0, "RIFX", "a big-endian WAV file"],
  [0, "MThd", "a MIDI file"],
  [0, "wvpk", "a WavPack file"],
  [0, "MAC ", "a Monkey's Audio file"],
  [0, "0&\u00b2u\u008ef\u00cf\u0011", "a WMA or WMV file"],
  [8, "AVI ", "an AVI file"],
  [8, "WEBP", "a WebP image"],
];

/**
 * The decoder for what `reader` begins with; nothing is consumed but a tag.
 * @throws AudioError `audio-empty`, `audio-truncated`, `audio-unsupported` (naming what it is).
 */
export async function detect(reader: ByteReader): Promise<DecoderFactory> {
  // A live stream may take seconds to fill a longer look: most are known by their first bytes.
  await reader.need(MAGIC_BYTES);
  const known = byMagic(reader, reader.view(MAGIC_BYTES));
  if (known !== undefined) return known;
  await reader.need(TAG_HEADER_BYTES);
  const tag = tagBytes(reader.view(TAG_HEADER_BYTES));
  if (tag > 0) return (await flacBehind(reader, tag)) ? openFlac : openMp3;
  if (await beginsWithFrames(reader)) return openMp3;
  await reader.need(LOOK_BYTES);
  throw unsupportedAudio(reader.label, describe(reader.view(LOOK_BYTES)));
}

function byMagic(reader: ByteReader, bytes: Uint8Array): DecoderFactory | undefined {
  if (bytes.length === 0) throw emptyAudio(reader.label, "it has no bytes");
  const riff = latin1(bytes, 0, 4);
  if (
    (riff === "RIFF" || riff === "RF64" || riff === "BW64") &&
    (bytes.length < 12 || latin1(bytes, 8, 4) === "WAVE")
  ) {
    if (bytes.length < 12) throw truncatedAudio(reader.label, "it ends inside its header");
    return openWav;
  }
  if (riff === "OggS") return openOgg;
  if (isFlac(bytes)) return openFlac;
  const other = OTHERS.find(([offset, magic]) => latin1(bytes, offset, magic.length) === magic);
  if (other !== undefined) throw unsupportedAudio(reader.label, `is ${other[2]}, not a sound file we read`);
  return undefined;
}

/** Some taggers put ID3 before FLAC too. */
async function flacBehind(reader: ByteReader, tag: number): Promise<boolean> {
  if (tag > MAX_TAG_BYTES || (await reader.discard(tag)) < tag) return false;
  await reader.need(4);
  return isFlac(reader.view(4));
}

/** Two MP3 frames in a row, or one that is the whole of it: one alone is found in any large file of noise. */
async function beginsWithFrames(reader: ByteReader): Promise<boolean> {
  const first = parseMp3Header(reader.view(MP3_HEADER_BYTES));
  if (first === undefined) return false;
  // A slow stream takes half a second for a few kilobytes: no more of it is waited for than says what it is.
  const hasNext = await reader.need(first.frameBytes + MP3_HEADER_BYTES);
  const bytes = reader.view(first.frameBytes + MP3_HEADER_BYTES);
  if (!hasNext && bytes.length <= first.frameBytes) return true;
  return parseMp3Header(bytes.subarray(first.frameBytes))?.kind === first.kind;
}

function describe(bytes: Uint8Array): string {
  const [first = 0, second = 0] = bytes;
  if (first === 0xff && (second & 0xf6) === 0xf0) return "is a raw AAC file, not a sound file we read";
  const sample = bytes.subarray(0, 512);
  const isText = sample.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
  return isText
    ? "is a text file, not a sound file"
    : "is not a sound file we know (WAV, MP3, FLAC, Ogg Vorbis, Ogg Opus)";
}

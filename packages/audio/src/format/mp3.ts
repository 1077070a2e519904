/**
 * MP3 (MPEG audio layers I to III). Frames are found and counted here; only whole frames go to mpg123 (wasm), whose own
 * search through rubbish is slow, chatty and gives no account of what was lost.
 */
import type { MPEGDecoder } from "mpg123-decoder";
import { skipJunk } from "./bytes.ts";
import type { ByteReader } from "./bytes.ts";
import { freeing, quietly } from "./decoder.ts";
import { toMono } from "./downmix.ts";
import type { Decoding } from "./decoder.ts";
import { corruptAudio, emptyAudio, truncatedAudio } from "./failures.ts";
import { MP3_HEADER_BYTES, parseMp3Header, parseMp3Summary } from "./mp3-frame.ts";
import type { Mp3Header, Mp3Summary } from "./mp3-frame.ts";
import { skipTags } from "./tags.ts";

/** How far behind a tag the first frame is looked for; padding after ID3 tags is rarely above a few kilobytes. */
const SEARCH_BYTES = 256 * 1024;

/** Opens an MP3 stream at its first tag or frame. */
export async function openMp3(reader: ByteReader): Promise<Decoding> {
  const first = await findFirst(reader);
  await reader.need(first.frameBytes);
  const summary = parseMp3Summary(reader.view(first.frameBytes), first);
  const { MPEGDecoder: Decoder } = await import("mpg123-decoder");
  const decoder = new Decoder();
  await decoder.ready;
  const declared = summary === undefined ? 0 : summary.frames * first.samples - summary.trimmedSamples;
  return {
    format: "mp3",
    sampleRateHz: first.sampleRateHz,
    channels: first.channels,
    declaredSamples: declared > 0 ? declared : undefined,
    blocks: decodeFrames(reader, decoder, first, summary),
    free: freeing(decoder),
  };
}

async function findFirst(reader: ByteReader): Promise<Mp3Header> {
  for (let searched = 0; searched < SEARCH_BYTES; searched++) {
    await skipTags(reader);
    if (!(await reader.need(MP3_HEADER_BYTES))) {
      throw emptyAudio(reader.label, "there is a tag but no MP3 frame behind it");
    }
    const header = parseMp3Header(reader.view(MP3_HEADER_BYTES));
    if (header !== undefined && (await isFollowed(reader, header))) return header;
    reader.skip(1);
  }
  throw corruptAudio(reader.label, "no MP3 frame follows its tag");
}

/** Four bytes may look like a header by chance: a frame is believed when another of its kind, or the end, follows it. */
async function isFollowed(reader: ByteReader, header: Mp3Header): Promise<boolean> {
  if (!(await reader.need(header.frameBytes + MP3_HEADER_BYTES))) return true;
  const next = reader.view().subarray(header.frameBytes);
  return (
    parseMp3Header(next)?.kind === header.kind || next[0] === 0 || String.fromCharCode(...next.subarray(0, 3)) === "TAG"
  );
}

async function* decodeFrames(
  reader: ByteReader,
  decoder: MPEGDecoder,
  first: Mp3Header,
  summary: Mp3Summary | undefined,
): AsyncGenerator<Float32Array, void, undefined> {
  let frames = summary === undefined ? 0 : -1;
  let cutShort = false;
  let inSync = true;
  let junkBytes = 0;
  let lostBytes = 0;
  while (await reader.need(MP3_HEADER_BYTES)) {
    const header = parseMp3Header(reader.view(MP3_HEADER_BYTES));
    if (header?.kind !== first.kind || (!inSync && !(await isFollowed(reader, header)))) {
      if (await skipTags(reader)) continue;
      inSync = false;
      junkBytes += skipJunk(reader, 0xff);
      continue;
    }
    if (!(await reader.need(header.frameBytes))) {
      cutShort = true;
      break;
    }
    // Junk is a loss only where sound goes on behind it; trailers of all sorts follow the last frame.
    if (junkBytes > 0) lostBytes += junkBytes;
    junkBytes = 0;
    inSync = true;
    const mono = decodeFrame(reader, decoder, header);
    if (mono === undefined) lostBytes += header.frameBytes;
    reader.skip(header.frameBytes);
    frames++;
    if (mono !== undefined && mono.length > 0) yield mono;
  }
  if (lostBytes > 0) throw corruptAudio(reader.label, `${lostBytes} bytes of it are not MP3 frames`);
  reportMissing(reader.label, frames, summary, cutShort);
}

function decodeFrame(reader: ByteReader, decoder: MPEGDecoder, header: Mp3Header): Float32Array | undefined {
  try {
    const decoded = quietly(() => decoder.decode(reader.view(header.frameBytes)));
    return decoded.errors.length > 0 ? undefined : toMono(decoded.channelData, decoded.samplesDecoded);
  } catch (error) {
    throw corruptAudio(reader.label, `the MP3 decoder gave up at byte ${reader.position}`, error);
  }
}

function reportMissing(label: string, frames: number, summary: Mp3Summary | undefined, cutShort: boolean): void {
  if (summary !== undefined && frames < summary.frames) {
    throw truncatedAudio(label, `its header promises ${summary.frames} frames, ${frames} are there`, {
      promisedFrames: summary.frames,
      readFrames: frames,
    });
  }
  if (cutShort) throw truncatedAudio(label, "it ends inside an MP3 frame", { readFrames: Math.max(0, frames) });
}

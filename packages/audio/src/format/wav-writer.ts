/** Writing 16-bit mono WAV: in memory, to a file that appears only when complete, to a stream. */
import type { Writable } from "node:stream";
import { AudioError } from "../errors.ts";
import { emptyAudio } from "./failures.ts";
import { intoFile, intoStream, ofOneRate, STREAM_LABEL } from "./out.ts";
import type { Pcm } from "./pcm.ts";

const HEADER_BYTES = 44;
const SAMPLE_BYTES = 2;
/** What a 32-bit size can say, with room for the header. */
const MAX_DATA_BYTES = 0xffff_ffff - HEADER_BYTES - SAMPLE_BYTES;

/** The 44 bytes before the samples. Without `dataBytes` the sizes say "until the end", as pipes need. */
export function wavHeader(sampleRateHz: number, dataBytes?: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(dataBytes === undefined ? 0xffff_ffff : dataBytes + HEADER_BYTES - 8, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * SAMPLE_BYTES, 28);
  header.writeUInt16LE(SAMPLE_BYTES, 32);
  header.writeUInt16LE(8 * SAMPLE_BYTES, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes ?? 0xffff_ffff, 40);
  return header;
}

/** Samples as signed 16-bit little-endian; values beyond [-1, 1] are clipped, NaN is silence. */
export function toPcm16(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * SAMPLE_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) {
    const scaled = Math.round((samples[i] ?? 0) * 32_768);
    view.setInt16(i * SAMPLE_BYTES, Math.max(-32_768, Math.min(32_767, scaled)), true);
  }
  return bytes;
}

/** A complete WAV file in memory. */
export function encodeWav(pcm: Pcm): Uint8Array {
  const data = toPcm16(pcm.samples);
  const file = new Uint8Array(HEADER_BYTES + data.length);
  file.set(wavHeader(pcm.sampleRateHz, data.length));
  file.set(data, HEADER_BYTES);
  return file;
}

/** Common to the writers. */
export interface WriteWavOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What was written. */
export interface WrittenWav {
  readonly sampleRateHz: number;
  readonly samples: number;
  readonly bytes: number;
}

/**
 * Writes `pcm` to `path`: there is either what was there before or the complete file. On any failure nothing is left.
 * @throws AudioError `disk-full`, `file-unwritable`, `audio-empty` (no block came), `audio-too-long` (4 GiB), `input-refused`
 * (the rate changed), `job-cancelled`, `job-timed-out`, and whatever `pcm` throws.
 */
export async function writeWavFile(
  path: string,
  pcm: AsyncIterable<Pcm>,
  options: WriteWavOptions = {},
): Promise<WrittenWav> {
  return await intoFile(path, async (file) => {
    // Sizes are known at the end; until then the header says "until the end".
    const written = await writeTo(file.append, pcm, path, options.signal);
    await file.rewriteStart(wavHeader(written.sampleRateHz, written.bytes - HEADER_BYTES));
    return written;
  });
}

/**
 * Writes `pcm` to `out`, which need not be seekable and is left open (stdout). Waits when `out` is full.
 * @throws AudioError `file-unwritable` when `out` fails or its reader goes away; otherwise as {@link writeWavFile}.
 */
export async function writeWavStream(
  out: Writable,
  pcm: AsyncIterable<Pcm>,
  options: WriteWavOptions = {},
): Promise<WrittenWav> {
  return await intoStream(out, options.signal, (send) => writeTo(send, pcm, STREAM_LABEL, options.signal));
}

async function writeTo(
  send: (bytes: Uint8Array) => Promise<void>,
  pcm: AsyncIterable<Pcm>,
  label: string,
  signal: AbortSignal | undefined,
): Promise<WrittenWav> {
  let sampleRateHz: number | undefined;
  let dataBytes = 0;
  for await (const block of ofOneRate(pcm, label, signal)) {
    if (sampleRateHz === undefined) await send(wavHeader((sampleRateHz = block.sampleRateHz)));
    dataBytes += block.samples.length * SAMPLE_BYTES;
    if (dataBytes > MAX_DATA_BYTES) {
      throw new AudioError("audio-too-long", `A WAV file holds at most 4 GiB; ${label} would be longer.`, {
        nextStep: "Write it in several files.",
      });
    }
    await send(toPcm16(block.samples));
  }
  if (sampleRateHz === undefined) throw emptyAudio(label, "no sound came to be written");
  return { sampleRateHz, samples: dataBytes / SAMPLE_BYTES, bytes: HEADER_BYTES + dataBytes };
}

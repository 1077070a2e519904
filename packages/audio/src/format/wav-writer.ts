/** Writing 16-bit mono WAV: in memory, to a file that appears only when complete, to a stream. */
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { AudioError, isAudioError } from "../errors.ts";
import { abortable } from "./abort.ts";
import { emptyAudio } from "./failures.ts";
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
 * Writes `pcm` to `path`. The sound grows in `path` + `.partial` beside it, is flushed to disk and then renamed: at `path`
 * there is either what was there before or the complete file. On any failure the partial file is removed.
 * @throws AudioError `disk-full`, `file-unwritable`, `audio-empty` (no block came), `audio-too-long` (4 GiB), `input-refused`
 * (the rate changed), `job-cancelled`, `job-timed-out`, and whatever `pcm` throws.
 */
export async function writeWavFile(
  path: string,
  pcm: AsyncIterable<Pcm>,
  options: WriteWavOptions = {},
): Promise<WrittenWav> {
  const target = await mapped(path, () => resolveTarget(path));
  const partial = `${target}.partial`;
  const file = await mapped(path, () => open(partial, "w"));
  try {
    const written = await writeBlocks(path, file, pcm, options.signal);
    await mapped(path, () => file.sync());
    await file.close();
    await mapped(path, () => rename(partial, target));
    await syncFolder(dirname(target));
    return written;
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeBlocks(
  path: string,
  file: FileHandle,
  pcm: AsyncIterable<Pcm>,
  signal: AbortSignal | undefined,
): Promise<WrittenWav> {
  let sampleRateHz: number | undefined;
  let position = HEADER_BYTES;
  for await (const bytes of encodeBlocks(pcm, path, signal, (rateHz) => (sampleRateHz = rateHz))) {
    await mapped(path, () => writeAll(file, bytes, position));
    position += bytes.length;
  }
  if (sampleRateHz === undefined) throw emptyAudio(path, "no sound came to be written");
  const header = wavHeader(sampleRateHz, position - HEADER_BYTES);
  await mapped(path, () => writeAll(file, header, 0));
  return { sampleRateHz, samples: (position - HEADER_BYTES) / SAMPLE_BYTES, bytes: position };
}

/** A write may take fewer bytes than it was given, on a full disk for one. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
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
  const { signal } = options;
  const label = "the output";
  let sampleRateHz: number | undefined;
  let bytes = 0;
  const send = async (block: Uint8Array): Promise<void> => {
    await abortable(written(out, block), signal, `writing ${label}`);
    bytes += block.length;
  };
  out.on("error", seen);
  try {
    for await (const block of encodeBlocks(pcm, label, signal, (rateHz) => (sampleRateHz = rateHz))) {
      if (bytes === 0) await send(wavHeader(sampleRateHz ?? 0));
      await send(block);
    }
  } finally {
    // A stream that has failed emits its error a moment after the write reported it: the listener stays with it.
    if (out.errored === null) out.off("error", seen);
  }
  if (sampleRateHz === undefined) throw emptyAudio(label, "no sound came to be written");
  return { sampleRateHz, samples: (bytes - HEADER_BYTES) / SAMPLE_BYTES, bytes };
}

/** Resolves when `out` has taken the bytes: the source waits as long as the reader does. */
function written(out: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(bytes, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(unwritable("the output", error));
    });
  });
}

/** The error of a stream reaches us through the write that failed; its event needs a listener all the same. */
function seen(): void {
  return undefined;
}

async function* encodeBlocks(
  pcm: AsyncIterable<Pcm>,
  label: string,
  signal: AbortSignal | undefined,
  onRate: (sampleRateHz: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let rateHz: number | undefined;
  let dataBytes = 0;
  for await (const block of withAbort(pcm, label, signal)) {
    if (rateHz === undefined) onRate((rateHz = block.sampleRateHz));
    if (block.sampleRateHz !== rateHz) {
      throw new AudioError(
        "input-refused",
        `The sound changed from ${rateHz} to ${block.sampleRateHz} Hz on its way.`,
        {
          nextStep: "Resample it to one rate before writing.",
        },
      );
    }
    dataBytes += block.samples.length * SAMPLE_BYTES;
    if (dataBytes > MAX_DATA_BYTES) {
      throw new AudioError("audio-too-long", `A WAV file holds at most 4 GiB; ${label} would be longer.`, {
        nextStep: "Write it in several files.",
      });
    }
    yield toPcm16(block.samples);
  }
}

/** `pcm`, ended by an abort even while its next block is being waited for. */
async function* withAbort(
  pcm: AsyncIterable<Pcm>,
  label: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Pcm, void, undefined> {
  const iterator = pcm[Symbol.asyncIterator]();
  let open = true;
  try {
    for (;;) {
      const step = await abortable(iterator.next(), signal, `writing ${label}`);
      open = step.done !== true;
      if (step.done === true) return;
      yield step.value;
    }
  } catch (error) {
    // After an abort the source may be stuck in next(): it is told to stop, not waited for.
    open = false;
    if (isAudioError(error, "job-cancelled", "job-timed-out")) iterator.return?.().then(ignore, ignore);
    throw error;
  } finally {
    if (open) await iterator.return?.();
  }
}

/** The outcome of closing a source that was given up does not matter any more. */
function ignore(): void {
  return undefined;
}

/** Where a rename must go: behind symbolic links, and never over a device, pipe or directory. */
async function resolveTarget(path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return path;
  if (found.isFile()) return realpath(path);
  throw new AudioError("file-unwritable", `Cannot write ${path}: it is not a regular file.`, {
    nextStep: found.isDirectory() ? "Name a file inside it." : "Name a file, or write to the standard output.",
  });
}

/** Makes the rename last through a power cut; where folders cannot be opened (Windows) there is nothing to do. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function mapped<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw isAudioError(error) ? error : unwritable(path, error);
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

function unwritable(path: string, cause: unknown): AudioError {
  const code = errorCode(cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  if (FULL.has(code)) {
    return new AudioError("disk-full", `No room to write ${path} (${code}).`, {
      nextStep: "Free some space, or write to another disk.",
      cause,
      details: { code },
    });
  }
  const nextStep =
    code === "EPIPE"
      ? "The program that reads the output ended early; start it again."
      : "Check that the folder exists and may be written to.";
  return new AudioError("file-unwritable", `Cannot write ${path}: ${why}.`, { nextStep, cause, details: { code } });
}

/** Where encoded sound goes: a file that appears only when complete, or a stream; and where it comes from, at one rate. */
import { access, constants, open, realpath, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { AudioError, isAudioError } from "../errors.ts";
import { abortable } from "./abort.ts";
import type { Pcm } from "./pcm.ts";

/** What can be written. */
export type WrittenFormat = "wav" | "opus";

const OPUS_NAMES = /\.(?:opus|ogg|oga)$/iu;

/** What a file is expected to hold: Opus when its name ends in .opus, .ogg or .oga, else WAV. */
export function formatOfName(path: string): WrittenFormat {
  return OPUS_NAMES.test(path) ? "opus" : "wav";
}

/** A file being written. Rejects with `disk-full`, `file-unwritable`. */
export interface OutFile {
  readonly append: (bytes: Uint8Array) => Promise<void>;
  /** Writes over what is there, from byte 0 on. */
  readonly rewriteStart: (bytes: Uint8Array) => Promise<void>;
}

/**
 * Runs `fill` on a file that grows in `path` + `.partial` beside it, is flushed to disk and then renamed: at `path` there
 * is either what was there before or the complete file. On any failure the partial file is removed.
 * @throws AudioError `disk-full`, `file-unwritable`, and whatever `fill` throws.
 */
export async function intoFile<T>(path: string, fill: (file: OutFile) => Promise<T>): Promise<T> {
  const target = await mapped(path, () => resolveTarget(path));
  const partial = `${target}.partial`;
  const file = await mapped(path, () => open(partial, "w"));
  let position = 0;
  try {
    const result = await fill({
      append: async (bytes) => {
        await mapped(path, () => writeAll(file, bytes, position));
        position += bytes.length;
      },
      rewriteStart: (bytes) => mapped(path, () => writeAll(file, bytes, 0)),
    });
    await mapped(path, () => file.sync());
    await file.close();
    await mapped(path, () => rename(partial, target));
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
}

/**
 * Looks whether a file can be written at `path`, without touching anything: for who will have something to write only later.
 * @throws AudioError `file-unwritable`.
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await mapped(path, () => resolveTarget(path));
  await mapped(path, async () => {
    const folder = dirname(target);
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is not a folder`);
    await access(folder, constants.W_OK | constants.X_OK);
  });
}

/**
 * Runs `fill` with a function that writes to `out`, which need not be seekable and is left open (stdout); it waits when
 * `out` is full.
 * @throws AudioError `file-unwritable` when `out` fails or its reader goes away, `job-cancelled`, `job-timed-out`, and
 * whatever `fill` throws.
 */
export async function intoStream<T>(
  out: Writable,
  signal: AbortSignal | undefined,
  fill: (send: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  out.on("error", seen);
  try {
    return await fill((bytes) => abortable(written(out, bytes), signal, `writing ${STREAM_LABEL}`));
  } finally {
    // A stream that has failed emits its error a moment after the write reported it: the listener stays with it.
    if (out.errored === null) out.off("error", seen);
  }
}

/** What a stream is called in messages. */
export const STREAM_LABEL = "the output";

/**
 * The blocks of `pcm`, all of one rate, ended by an abort even while the next block is being waited for.
 * @throws AudioError `input-refused` (the rate changed), `job-cancelled`, `job-timed-out`, and whatever `pcm` throws.
 */
export async function* ofOneRate(
  pcm: AsyncIterable<Pcm>,
  label: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Pcm, void, undefined> {
  let rateHz: number | undefined;
  for await (const block of withAbort(pcm, label, signal)) {
    rateHz ??= block.sampleRateHz;
    if (block.sampleRateHz !== rateHz) {
      throw new AudioError(
        "input-refused",
        `The sound changed from ${rateHz} to ${block.sampleRateHz} Hz on its way.`,
        { nextStep: "Resample it to one rate before writing." },
      );
    }
    yield block;
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

/** A write may take fewer bytes than it was given, on a full disk for one. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
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

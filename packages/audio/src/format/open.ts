/** From any supported file or stream of bytes to mono samples. */
import { open } from "node:fs/promises";
import { AudioError } from "../errors.ts";
import { abortError } from "./abort.ts";
import { ByteReader } from "./bytes.ts";
import type { AudioFormat, Decoding } from "./decoder.ts";
import { bounded } from "./downmix.ts";
import { detect } from "./detect.ts";
import { emptyAudio } from "./failures.ts";
import type { Pcm } from "./pcm.ts";

/** Samples in one block of {@link OpenAudio.pcm} at most: 1 s at 16 kHz. */
export const MAX_BLOCK_SAMPLES = 16_384;

const READ_BYTES = 64 * 1024;

/** Options of {@link openAudio}. */
export interface OpenAudioOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest sound accepted. */
  readonly maxDurationMs?: number | undefined;
  /** What to call the sound in messages; "The audio" when absent. */
  readonly label?: string | undefined;
}

/** Sound whose header has been read. */
export interface OpenAudio extends AsyncDisposable {
  readonly format: AudioFormat;
  /** Of {@link pcm}. Opus is always 48,000. */
  readonly sampleRateHz: number;
  /** Channels in the file; {@link pcm} is their mix (ITU-R BS.775 where it is known what each is, else the average). */
  readonly channels: number;
  /** What the header says; undefined when it does not (Ogg, piped WAV, some MP3 and FLAC). */
  readonly declaredDurationMs: number | undefined;
  /**
   * The sound, once: mono blocks of at most {@link MAX_BLOCK_SAMPLES}, finite samples in [-1, 1], each with memory of
   * its own. Reading to the end, leaving the loop or an error frees everything.
   *
   * Damage never hides what is good: all that decodes comes first, then the error tells what is wrong with the rest.
   * @throws AudioError `audio-truncated` (less than promised), `audio-corrupt` (parts lost on the way or decoding
   * broken off), `audio-too-long` (after `maxDurationMs` of samples, when the header did not tell), `audio-empty` (no
   * sample at all), `job-cancelled`, `job-timed-out`, `file-unreadable` (the source failed).
   */
  readonly pcm: AsyncIterable<Pcm>;
  /** For who does not read {@link pcm}: closes the source and frees the decoder. */
  close(): Promise<void>;
}

/**
 * Finds out what `source` holds by its bytes and opens it. Memory stays below a few megabytes whatever the length.
 * @throws AudioError `audio-empty`, `audio-unsupported`, `audio-truncated` and `audio-corrupt` (in the header),
 * `audio-too-long` (when the header tells), `job-cancelled`, `job-timed-out`, `file-unreadable`.
 */
export async function openAudio(source: AsyncIterable<Uint8Array>, options: OpenAudioOptions = {}): Promise<OpenAudio> {
  const label = options.label ?? "The audio";
  const reader = new ByteReader(source, { label, signal: options.signal });
  let decoding: Decoding | undefined;
  const close = async (): Promise<void> => {
    decoding?.free();
    await reader.close();
  };
  try {
    const decode = await detect(reader);
    decoding = await decode(reader);
    const { format, sampleRateHz, channels, declaredSamples } = decoding;
    const declaredDurationMs = declaredSamples === undefined ? undefined : (declaredSamples / sampleRateHz) * 1000;
    const { maxDurationMs } = options;
    if (maxDurationMs !== undefined && declaredDurationMs !== undefined && declaredDurationMs > maxDurationMs) {
      throw tooLong(label, maxDurationMs, declaredDurationMs);
    }
    const pcm = readPcm(decoding, reader, options, close);
    return { format, sampleRateHz, channels, declaredDurationMs, pcm, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw reader.failure ?? error;
  }
}

/**
 * {@link openAudio} of a file.
 * @throws AudioError as {@link openAudio}; `file-unreadable` when it is missing, a directory, or may not be read.
 */
export async function openAudioFile(path: string, options: OpenAudioOptions = {}): Promise<OpenAudio> {
  return openAudio(readFile(path), { label: path, ...options });
}

async function* readFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await readable(path, () => open(path));
  try {
    for (;;) {
      const chunk = new Uint8Array(READ_BYTES);
      const { bytesRead } = await readable(path, () => file.read(chunk));
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function readable<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw unreadable(path, error);
  }
}

const UNREADABLE: Readonly<Record<string, readonly [what: string, nextStep: string]>> = {
  ENOENT: ["there is no such file", "Check the path."],
  EISDIR: ["it is a directory", "Name a file inside it."],
  EACCES: ["reading it is not allowed", "Change its permissions, or run as a user who may read it."],
  EPERM: ["reading it is not allowed", "Change its permissions, or run as a user who may read it."],
};

function unreadable(path: string, cause: unknown): AudioError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why = cause instanceof Error ? cause.message : String(cause);
  const [what, nextStep] = UNREADABLE[code] ?? [why, "Check the disk and the path, then try again."];
  return new AudioError("file-unreadable", `Cannot read ${path}: ${what}.`, { nextStep, cause, details: { code } });
}

function tooLong(label: string, maxDurationMs: number, durationMs: number | undefined): AudioError {
  const limit = `${Math.round(maxDurationMs / 1000)} s are allowed`;
  const length = durationMs === undefined ? "is longer" : `lasts ${Math.round(durationMs / 1000)} s`;
  return new AudioError("audio-too-long", `${label} ${length}; ${limit}.`, {
    nextStep: "Cut it into shorter pieces, or raise the limit.",
    details: { maxDurationMs, durationMs: durationMs ?? null },
  });
}

async function* readPcm(
  decoding: Decoding,
  reader: ByteReader,
  options: OpenAudioOptions,
  close: () => Promise<void>,
): AsyncGenerator<Pcm, void, undefined> {
  const { sampleRateHz } = decoding;
  const { label } = reader;
  const { signal, maxDurationMs } = options;
  const limit = maxDurationMs === undefined ? Number.POSITIVE_INFINITY : (maxDurationMs / 1000) * sampleRateHz;
  let samples = 0;
  try {
    for await (const block of decoding.blocks) {
      for (let offset = 0; offset < block.length; offset += MAX_BLOCK_SAMPLES) {
        if (signal?.aborted === true) throw abortError(signal, `decoding ${label}`);
        const piece = block.slice(offset, Math.min(offset + MAX_BLOCK_SAMPLES, block.length, offset + limit - samples));
        samples += piece.length;
        if (piece.length > 0) yield { sampleRateHz, samples: bounded(piece) };
        if (samples >= Math.floor(limit) && offset + piece.length < block.length) {
          throw tooLong(label, maxDurationMs ?? 0, undefined);
        }
      }
    }
    if (reader.failure !== undefined) throw reader.failure;
    if (samples === 0) throw emptyAudio(label, "its header is followed by no samples");
  } catch (error) {
    // A source that broke off explains a cut better than the cut does.
    throw reader.failure ?? error;
  } finally {
    await close();
  }
}

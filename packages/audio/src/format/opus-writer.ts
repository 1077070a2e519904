/**
 * Writing Ogg Opus (RFC 7845): in memory, to a file that appears only when complete, to a stream. libopus is WebAssembly:
 * it runs on every platform without a compiler, and nothing in it can take the process down.
 */
import type { Writable } from "node:stream";
import type { OpusEncoderHandle } from "libopus-wasm";
import { emptyAudio } from "./failures.ts";
import { OggWriter } from "./ogg-writer.ts";
import { intoFile, intoStream, ofOneRate, STREAM_LABEL } from "./out.ts";
import type { Pcm } from "./pcm.ts";
import { createResampler } from "./resample.ts";
import type { Resampler } from "./resample.ts";

/** What Opus is encoded at and granule positions count in, whatever the rate of the recording. */
const OPUS_RATE_HZ = 48_000;
const FRAME_MS = 20;
const FRAME_SAMPLES = (OPUS_RATE_HZ * FRAME_MS) / 1000;
const MAX_PAGE_MS = 1000;
/** RFC 6716, 2.1.1. */
const MIN_BITS_PER_SECOND = 6_000;
const MAX_BITS_PER_SECOND = 510_000;

/** Options of the Opus writers. */
export interface WriteOpusOptions {
  /** 6,000 to 510,000; 32,000 when absent: speech at full bandwidth. */
  readonly bitsPerSecond?: number | undefined;
  /** What it sounds best for; "speech" when absent. */
  readonly content?: "speech" | "music" | undefined;
  /**
   * Sound in one page, in steps of 20 ms up to 1000: how long a live listener waits for it. 200 when absent; 20 costs
   * about 11 kbit/s in page headers.
   */
  readonly pageMs?: number | undefined;
  /** The number of the stream inside the file, 32 bits; random when absent. */
  readonly serial?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was written. */
export interface WrittenOpus {
  /** Of what came in; the file itself is always at 48,000 Hz. */
  readonly sampleRateHz: number;
  /** At 48,000 Hz: what a reader gets back. */
  readonly samples: number;
  readonly bytes: number;
}

/**
 * `pcm` as the pages of an Ogg Opus stream, as they come to be: nothing waits for the end. Decoded it has exactly
 * `ceil(n x 48000 / rate)` samples for n that came in: what the codec needs before and after is marked as not sound.
 * @throws AudioError `audio-empty` (no sample came), `input-refused` (the rate changed), `job-cancelled`,
 * `job-timed-out`, and whatever `pcm` throws. RangeError when an option is out of range.
 */
export async function* encodeOpus(
  pcm: AsyncIterable<Pcm>,
  options: WriteOpusOptions = {},
): AsyncGenerator<Uint8Array, WrittenOpus, undefined> {
  return yield* encode(pcm, STREAM_LABEL, options);
}

/**
 * Writes `pcm` to `path`: there is either what was there before or the complete file. On any failure nothing is left.
 * @throws AudioError `disk-full`, `file-unwritable`; otherwise as {@link encodeOpus}.
 */
export async function writeOpusFile(
  path: string,
  pcm: AsyncIterable<Pcm>,
  options: WriteOpusOptions = {},
): Promise<WrittenOpus> {
  return await intoFile(path, (file) => sendAll(encode(pcm, path, options), file.append));
}

/**
 * Writes `pcm` to `out`, which need not be seekable and is left open (stdout). Waits when `out` is full.
 * @throws AudioError `file-unwritable` when `out` fails or its reader goes away; otherwise as {@link encodeOpus}.
 */
export async function writeOpusStream(
  out: Writable,
  pcm: AsyncIterable<Pcm>,
  options: WriteOpusOptions = {},
): Promise<WrittenOpus> {
  return await intoStream(out, options.signal, (send) => sendAll(encode(pcm, STREAM_LABEL, options), send));
}

async function sendAll(
  pages: AsyncGenerator<Uint8Array, WrittenOpus, undefined>,
  send: (bytes: Uint8Array) => Promise<void>,
): Promise<WrittenOpus> {
  try {
    for (;;) {
      const step = await pages.next();
      if (step.done === true) return step.value;
      await send(step.value);
    }
  } finally {
    await pages.return({ sampleRateHz: 0, samples: 0, bytes: 0 });
  }
}

async function* encode(
  pcm: AsyncIterable<Pcm>,
  label: string,
  options: WriteOpusOptions,
): AsyncGenerator<Uint8Array, WrittenOpus, undefined> {
  const { bitsPerSecond = 32_000 } = options;
  if (!(bitsPerSecond >= MIN_BITS_PER_SECOND && bitsPerSecond <= MAX_BITS_PER_SECOND)) {
    throw new RangeError(
      `Opus takes ${MIN_BITS_PER_SECOND} to ${MAX_BITS_PER_SECOND} bits a second, not ${bitsPerSecond}`,
    );
  }
  // Only who writes Opus pays for it.
  const { Application, createEncoder, loadLibopus, Signal } = await import("libopus-wasm");
  const { version } = await loadLibopus();
  using encoder = await createEncoder({
    channels: 1,
    sampleRate: OPUS_RATE_HZ,
    application: options.content === "music" ? Application.Audio : Application.Voip,
    signal: options.content === "music" ? Signal.Music : Signal.Voice,
    bitrate: bitsPerSecond,
  });
  const stream = new OpusStream(encoder, options);
  let sampleRateHz: number | undefined;
  let resampler: Resampler | undefined;
  let bytes = 0;
  for await (const block of ofOneRate(pcm, label, options.signal)) {
    if (resampler === undefined) {
      sampleRateHz = block.sampleRateHz;
      resampler = createResampler(sampleRateHz, OPUS_RATE_HZ);
      for (const page of stream.begin(sampleRateHz, version)) {
        bytes += page.length;
        yield page;
      }
    }
    for (const page of stream.push(resampler.push(block.samples))) {
      bytes += page.length;
      yield page;
    }
  }
  const rest = resampler === undefined ? [] : [...stream.push(resampler.end()), ...stream.end()];
  if (sampleRateHz === undefined || stream.samples === 0) throw emptyAudio(label, "no sound came to be written");
  for (const page of rest) {
    bytes += page.length;
    yield page;
  }
  return { sampleRateHz, samples: stream.samples, bytes };
}

/** Samples at 48 kHz in, pages out. */
class OpusStream {
  readonly #encoder: OpusEncoderHandle;
  readonly #ogg: OggWriter;
  readonly #preSkip: number;
  readonly #pageFrames: number;
  readonly #frame = new Float32Array(FRAME_SAMPLES);
  #filled = 0;
  #frames = 0;
  #framesInPage = 0;
  /** Samples taken. */
  samples = 0;

  constructor(encoder: OpusEncoderHandle, options: WriteOpusOptions) {
    const { pageMs = 200, serial = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0 } = options;
    if (!(pageMs >= FRAME_MS && pageMs <= MAX_PAGE_MS)) {
      throw new RangeError(`a page holds ${FRAME_MS} to ${MAX_PAGE_MS} ms of sound, not ${pageMs}`);
    }
    this.#encoder = encoder;
    this.#preSkip = encoder.getLookahead();
    this.#pageFrames = Math.floor(pageMs / FRAME_MS);
    this.#ogg = new OggWriter(serial >>> 0);
  }

  /** The two header pages. */
  *begin(sampleRateHz: number, version: string): Generator<Uint8Array, void, undefined> {
    this.#ogg.add(opusHead(this.#preSkip, sampleRateHz), 0);
    yield this.#ogg.page();
    this.#ogg.add(opusTags(version), 0);
    yield this.#ogg.page();
  }

  *push(samples: Float32Array): Generator<Uint8Array, void, undefined> {
    this.samples += samples.length;
    yield* this.#fill(samples);
  }

  /** The rest: the codec is pushed by its own delay so that the last samples come out, and the last page says where they end. */
  *end(): Generator<Uint8Array, void, undefined> {
    const granule = this.#preSkip + this.samples;
    const frames = Math.ceil(granule / FRAME_SAMPLES);
    yield* this.#fill(new Float32Array(frames * FRAME_SAMPLES - this.samples), granule);
    yield this.#ogg.page(true);
  }

  *#fill(samples: Float32Array, lastGranule = Number.POSITIVE_INFINITY): Generator<Uint8Array, void, undefined> {
    for (let offset = 0; offset < samples.length;) {
      const taken = samples.subarray(offset, offset + FRAME_SAMPLES - this.#filled);
      this.#frame.set(taken, this.#filled);
      this.#filled += taken.length;
      offset += taken.length;
      if (this.#filled < FRAME_SAMPLES) break;
      this.#filled = 0;
      const packet = this.#encoder.encodeFloat(this.#frame);
      // A full page waits for the next packet: the last one must not be empty.
      if (this.#framesInPage >= this.#pageFrames || !this.#ogg.fits(packet.length)) {
        this.#framesInPage = 0;
        yield this.#ogg.page();
      }
      this.#frames += 1;
      this.#framesInPage += 1;
      this.#ogg.add(packet, Math.min(this.#frames * FRAME_SAMPLES, lastGranule));
    }
  }
}

/** RFC 7845, 5.1: mono, mapping family 0, no gain. */
function opusHead(preSkip: number, sampleRateHz: number): Uint8Array {
  const head = Buffer.alloc(19);
  head.write("OpusHead", 0, "latin1");
  head.writeUInt8(1, 8);
  head.writeUInt8(1, 9);
  head.writeUInt16LE(preSkip, 10);
  head.writeUInt32LE(sampleRateHz, 12);
  return head;
}

/** RFC 7845, 5.2: the vendor is who made the packets. */
function opusTags(version: string): Uint8Array {
  const vendor = Buffer.from(version, "utf8");
  const comment = Buffer.from("ENCODER=Parley", "utf8");
  return Buffer.concat([Buffer.from("OpusTags", "latin1"), length(vendor), vendor, u32(1), length(comment), comment]);
}

function length(bytes: Uint8Array): Uint8Array {
  return u32(bytes.length);
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

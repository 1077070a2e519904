/** Files, pipes and silence in the place of microphone and loudspeaker. */
import type { Writable } from "node:stream";
import { AudioError } from "../errors.ts";
import { createRawDecoder } from "../format/live/index.ts";
import type { RawLayout } from "../format/live/index.ts";
import { openAudio, openAudioFile } from "../format/open.ts";
import type { OpenAudioOptions } from "../format/open.ts";
import type { Pcm } from "../format/pcm.ts";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import { BoundedQueue } from "../format/queue.ts";
import { writeOpusFile } from "../format/opus-writer.ts";
import { formatOfName } from "../format/out.ts";
import { resample } from "../format/resample.ts";
import { toPcm16, wavHeader, writeWavFile } from "../format/wav-writer.ts";
import { MACHINE_CLOCK, paced } from "./clock.ts";
import type { AudioSource, DeviceClock, SinkDevice } from "./contracts.ts";

const BLOCK_MS = 20;
/** Blocks that may wait for the disk. */
const BLOCKS_AHEAD = 64;

/** How a source that is not live behaves. */
export interface SourceOptions {
  /** Mono at this rate comes out; {@link SPEECH_RATE_HZ} when absent. */
  readonly sampleRateHz?: number | undefined;
  /** "live": as a microphone would give it. "fast": as fast as it is read. "live" when absent. */
  readonly pace?: "live" | "fast" | undefined;
  readonly clock?: DeviceClock | undefined;
}

/**
 * A file, or a stream of a file's bytes (a pipe), of any format the house reads.
 * Its blocks throw what `openAudio` and its sound throw.
 */
export function fileSource(input: string | AsyncIterable<Uint8Array>, options: SourceOptions = {}): AudioSource {
  const name = typeof input === "string" ? `file ${input}` : "pipe";
  return source(name, options, async function* (signal) {
    const opened: OpenAudioOptions = { signal };
    const audio = await (typeof input === "string" ? openAudioFile(input, opened) : openAudio(input, opened));
    yield* audio.pcm;
  });
}

/** Headerless PCM from a pipe. */
export function rawSource(
  input: AsyncIterable<Uint8Array>,
  layout: RawLayout & { readonly sampleRateHz: number },
  options: SourceOptions = {},
): AudioSource {
  return source("raw pipe", options, async function* () {
    const decoder = createRawDecoder(layout);
    for await (const bytes of input) yield { sampleRateHz: layout.sampleRateHz, samples: decoder.push(bytes) };
  });
}

/** A microphone that hears nothing, for hosts without one. */
export function silentSource(options: SourceOptions = {}): AudioSource {
  const { sampleRateHz = SPEECH_RATE_HZ } = options;
  return source("silence", options, async function* () {
    for (;;) yield { sampleRateHz, samples: new Float32Array((sampleRateHz * BLOCK_MS) / 1000) };
  });
}

function source(
  name: string,
  options: SourceOptions,
  open: (signal: AbortSignal) => AsyncGenerator<Pcm, void, undefined>,
): AudioSource {
  const { sampleRateHz = SPEECH_RATE_HZ, pace = "live", clock = MACHINE_CLOCK } = options;
  return {
    name,
    sampleRateHz,
    blocks: async function* (signal) {
      try {
        const samples = resample(open(signal), sampleRateHz);
        for await (const block of pace === "fast"
          ? samples
          : paced(samples, sampleRateHz, { blockMs: BLOCK_MS, clock, signal })) {
          if (signal.aborted) return;
          yield block;
        }
      } catch (error) {
        // An end that was asked for is no failure.
        if (!signal.aborted) throw error;
      }
    },
  };
}

/** A loudspeaker that nobody hears, for hosts without one: time passes as if it sounded. */
export function nullSink(sampleRateHz: number = SPEECH_RATE_HZ): SinkDevice {
  const sink = { latencyMs: 0, write: () => Promise.resolve(), close: () => Promise.resolve() };
  return { name: "null", sampleRateHz, open: () => Promise.resolve(sink) };
}

/** What would sound from the first reply on, silence included, as an Opus or WAV file, by its name, that is complete when the sink is closed. */
export function fileSink(path: string, sampleRateHz: number): SinkDevice {
  return {
    name: `file ${path}`,
    sampleRateHz,
    opensOnce: true,
    open: () => {
      const queue = new BoundedQueue<Pcm>({ capacity: BLOCKS_AHEAD });
      let failure: unknown;
      const write = formatOfName(path) === "opus" ? writeOpusFile : writeWavFile;
      const writing = write(path, queue).then(
        () => undefined,
        (error: unknown) => {
          failure = error;
        },
      );
      return Promise.resolve({
        latencyMs: 0,
        write: async (samples) => {
          const taken = await queue.push({ sampleRateHz, samples: samples.slice() });
          if (failure !== undefined) throw failure;
          if (!taken) throw lostPipe(`file ${path}`, undefined);
        },
        close: async () => {
          queue.close();
          await writing;
          if (failure !== undefined) throw failure;
        },
      });
    },
  };
}

/** What sounds, into a pipe that is left open (stdout): 16-bit PCM, behind a WAV header or raw. */
export function pipeSink(out: Writable, format: "wav" | "raw", sampleRateHz: number): SinkDevice {
  let hasHeader = format === "raw";
  return {
    name: `${format} pipe`,
    sampleRateHz,
    open: () =>
      Promise.resolve({
        latencyMs: 0,
        write: async (samples) => {
          if (!hasHeader) await send(out, wavHeader(sampleRateHz));
          hasHeader = true;
          await send(out, toPcm16(samples));
        },
        close: () => Promise.resolve(),
      }),
  };
}

function send(out: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    // The error of a stream reaches us through the write; its event needs a listener all the same.
    const onError = (error: Error): void => reject(lostPipe("pipe", error));
    out.once("error", onError);
    out.write(bytes, (error) => {
      if (error === null || error === undefined) {
        out.off("error", onError);
        resolve();
      } else reject(lostPipe("pipe", error));
    });
  });
}

function lostPipe(what: string, cause: Error | undefined): AudioError {
  return new AudioError(
    "device-lost",
    `The ${what} takes no more sound${cause === undefined ? "" : `: ${cause.message}`}.`,
    {
      nextStep: "Start the program that reads it again.",
      cause,
    },
  );
}

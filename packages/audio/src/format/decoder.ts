/** What one container's decoder gives to `openAudio`. Not part of the package's interface. */
import type { ByteReader } from "./bytes.ts";

/** The containers and codecs the house decodes. */
export type AudioFormat = "wav" | "mp3" | "flac" | "ogg-vorbis" | "ogg-opus";

/** A header that was understood, and the way to the sound behind it. */
export interface Decoding {
  readonly format: AudioFormat;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Samples per channel that the header promises; undefined when it does not tell. */
  readonly declaredSamples: number | undefined;
  /** Mono blocks; after the last one it may throw what is wrong with the rest. */
  readonly blocks: AsyncIterable<Float32Array>;
  /** Frees native memory; may be called at any time, more than once. */
  free(): void;
}

/** Reads a header from the reader's position. Throws AudioError `audio-*`. */
export type DecoderFactory = (reader: ByteReader) => Promise<Decoding>;

/**
 * Runs one synchronous call of a wasm decoder without its chatter. The decoder packages write to console.error what
 * they also return in `errors`; on a peer that is the place of the log. Nothing else can run in between.
 */
export function quietly<T>(call: () => T): T {
  /* oxlint-disable no-console -- replaced and restored within one synchronous call */
  const original = console.error;
  console.error = () => undefined;
  try {
    return call();
  } finally {
    console.error = original;
  }
  /* oxlint-enable no-console */
}

/**
 * A function that frees a wasm decoder once. A decoder broken by hostile packets may trap even in there; its memory is
 * its own and goes with the object, so that such a trap means nothing.
 */
export function freeing(decoder: { free(): void }): () => void {
  let freed = false;
  return () => {
    if (freed) return;
    freed = true;
    try {
      decoder.free();
    } catch (trap) {
      if (!(trap instanceof Error && trap.name === "RuntimeError")) throw trap;
    }
  };
}

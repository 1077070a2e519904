/** What callers stream in, cut to the size a network looks at. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { AudioError } from "../../errors.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";

/** One block, and whether it was filled up with silence because the stream ended inside it. */
export interface Block {
  readonly samples: Float32Array;
  /** Of the stream, before the block. */
  readonly atMs: number;
  /** How much of the block the stream filled, in samples. */
  readonly filled: number;
}

/** Long recordings handed over at once must not keep the other streams of a host waiting. */
const BLOCKS_PER_TURN = 64;

/**
 * The samples of `input`, mono floats at 16 kHz in chunks of any size, in blocks of `blockSamples` of their own memory.
 * A last block that is not full is filled up with zeros, as the networks' own tools do.
 * @throws AudioError `input-refused` for anything that is no Float32Array.
 */
export async function* blocksOf(input: AsyncIterable<unknown>, blockSamples: number): AsyncGenerator<Block> {
  let block = new Float32Array(blockSamples);
  let filled = 0;
  let count = 0;
  const take = (): Block => {
    const taken = { samples: block, atMs: (count * blockSamples * 1000) / SPEECH_RATE_HZ, filled };
    block = new Float32Array(blockSamples);
    filled = 0;
    count += 1;
    return taken;
  };
  for await (const chunk of input) {
    const samples = floats(chunk);
    for (let at = 0; at < samples.length;) {
      const part = samples.subarray(at, at + blockSamples - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < blockSamples) continue;
      yield take();
      if (count % BLOCKS_PER_TURN === 0) await nextTurn();
    }
  }
  if (filled > 0) yield take();
}

function floats(chunk: unknown): Float32Array {
  if (chunk instanceof Float32Array) return chunk;
  throw new AudioError("input-refused", "the audio is no Float32Array", {
    nextStep: "Stream mono floats in [-1, 1] at 16 kHz.",
  });
}

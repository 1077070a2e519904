/** Cutting a stream of blocks of any size into frames of one size. */

/** What becomes of samples left over at the end: dropped, given as they are, or filled with zeros to a whole frame. */
export type LastFrame = "drop" | "short" | "pad";

/**
 * The same samples in frames of exactly `frameSamples`, the last one as `last` says. Frames do not share memory with
 * the blocks or with each other.
 */
export async function* toFrames(
  blocks: AsyncIterable<Float32Array>,
  frameSamples: number,
  last: LastFrame,
): AsyncGenerator<Float32Array, void, undefined> {
  if (!Number.isInteger(frameSamples) || frameSamples < 1) {
    throw new RangeError(`frameSamples must be a whole number of at least 1, not ${frameSamples}`);
  }
  let frame = new Float32Array(frameSamples);
  let filled = 0;
  for await (const block of blocks) {
    for (let offset = 0; offset < block.length;) {
      const taken = block.subarray(offset, offset + frameSamples - filled);
      frame.set(taken, filled);
      filled += taken.length;
      offset += taken.length;
      if (filled < frameSamples) continue;
      yield frame;
      frame = new Float32Array(frameSamples);
      filled = 0;
    }
  }
  if (filled === 0 || last === "drop") return;
  yield last === "pad" ? frame : frame.slice(0, filled);
}

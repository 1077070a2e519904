/** What was heard of a reply that was cut off. */

/** What is needed of one chunk's {@link SpeechTiming}. */
export interface HeardChunk {
  readonly written: string;
  /** 0 for a chunk that is not said, such as a block of code. */
  readonly durationMs: number;
  readonly words: readonly { readonly writtenEnd: number; readonly endMs: number }[];
}

/** Sample counts and milliseconds do not meet exactly. */
const TOLERANCE_MS = 0.5;

/**
 * The written text whose sound had been played after `playedMs` of the reply's sound, from its first sample: up to the last
 * word that was heard to its end. What is not said (code, marks, emoji) counts once sound behind it was heard, or when
 * nothing follows. `chunks` are those of the reply in order, as far as they were synthesised; chunks that are not said
 * have their place among them.
 *
 * It is a beginning of the chunks' text, never gets shorter as `playedMs` grows, and is all of it in the end.
 */
export function heardText(chunks: readonly HeardChunk[], playedMs: number): string {
  let whole = "";
  let heard = 0;
  let startMs = 0;
  for (const { written, durationMs, words } of chunks) {
    const intoMs = playedMs - startMs + TOLERANCE_MS;
    if (intoMs >= durationMs && durationMs > 0) {
      heard = whole.length + written.length;
    } else if (durationMs > 0) {
      const last = words.findLast(({ endMs }) => endMs <= intoMs);
      if (last !== undefined && last.writtenEnd > 0) heard = whole.length + last.writtenEnd;
    }
    whole += written;
    startMs += durationMs;
  }
  return startMs > 0 && playedMs + TOLERANCE_MS >= startMs ? whole : whole.slice(0, heard);
}

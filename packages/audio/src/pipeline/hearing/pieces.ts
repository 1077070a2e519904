/** A long stretch of speech is recognised in pieces; here they become one transcript again. */
import type { HeardWord, Transcript } from "../../engines/contracts.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";

/** A part of the captured sound. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A piece that was recognised. */
export interface Heard extends Span {
  readonly transcript: Transcript;
}

/** One transcript of pieces in order; times of words count from the start of the captured sound. */
export function joinHeard(pieces: readonly Heard[]): Transcript {
  const spoken = pieces.filter(({ transcript }) => transcript.text.trim() !== "");
  const last = spoken.at(-1) ?? pieces.at(-1);
  const lengthMs = pieces.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const computeMs = pieces.reduce(
    (sum, { fromMs, toMs, transcript }) => sum + (toMs - fromMs) * transcript.realTimeFactor,
    0,
  );
  return {
    text: spoken.map(({ transcript }) => transcript.text.trim()).join(" "),
    language: last?.transcript.language ?? "",
    realTimeFactor: lengthMs === 0 ? 0 : computeMs / lengthMs,
    confidence: joinConfidence(spoken),
    words: joinWords(spoken),
  };
}

/** Weighted by what was said; undefined where one of them tells none. */
function joinConfidence(pieces: readonly Heard[]): number | undefined {
  let [sum, chars] = [0, 0];
  for (const { transcript } of pieces) {
    if (transcript.confidence === undefined) return undefined;
    sum += transcript.confidence * transcript.text.length;
    chars += transcript.text.length;
  }
  return chars === 0 ? undefined : sum / chars;
}

function joinWords(pieces: readonly Heard[]): readonly HeardWord[] | undefined {
  const words: HeardWord[] = [];
  for (const { fromMs, transcript } of pieces) {
    if (transcript.words === undefined) return undefined;
    for (const { startMs, endMs, ...rest } of transcript.words) {
      words.push({ ...rest, startMs: fromMs + startMs, ...(endMs === undefined ? {} : { endMs: fromMs + endMs }) });
    }
  }
  return pieces.length === 0 ? undefined : words;
}

const WINDOW_MS = 100;
const STEP_MS = 20;

/** Where in `samples` it is quietest for a tenth of a second: the middle of it, in milliseconds from their start. */
export function quietestMs(samples: Float32Array): number {
  const step = (STEP_MS * SPEECH_RATE_HZ) / 1000;
  const energies: number[] = [];
  for (let at = 0; at + step <= samples.length; at += step) {
    energies.push(samples.subarray(at, at + step).reduce((sum, sample) => sum + sample * sample, 0));
  }
  const count = WINDOW_MS / STEP_MS;
  let [best, bestAt] = [Infinity, 0];
  for (let at = 0; at + count <= energies.length; at++) {
    const energy = energies.slice(at, at + count).reduce((sum, each) => sum + each, 0);
    if (energy < best) [best, bestAt] = [energy, at];
  }
  return bestAt * STEP_MS + WINDOW_MS / 2;
}

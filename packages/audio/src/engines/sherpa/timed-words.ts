/** Words with their times, from the tokens of a recogniser that tells when it heard them. */
import type { HeardWord } from "../contracts.ts";

/** A result of sherpa-onnx, as far as it tells of tokens; times in seconds, probabilities as natural logarithms. */
export interface TokenResult {
  readonly tokens?: readonly string[] | undefined;
  readonly timestamps?: readonly number[] | undefined;
  readonly durations?: readonly number[] | undefined;
  readonly logProbs?: readonly number[] | undefined;
}

interface Open {
  text: string;
  readonly startMs: number;
  endMs: number | undefined;
  logProbs: number[];
}

/** Undefined where the engine tells no times: Moonshine gives tokens only, and times are not made up. */
export function timedWords({
  tokens = [],
  timestamps = [],
  durations = [],
  logProbs = [],
}: TokenResult): HeardWord[] | undefined {
  if (tokens.length === 0 || timestamps.length !== tokens.length) return undefined;
  const hasDurations = durations.length === tokens.length;
  const hasProbs = logProbs.length === tokens.length;
  const words: Open[] = [];
  let lastMs = 0;
  for (const [at, token] of tokens.entries()) {
    // Beam search may tell a token a frame before the one in front of it.
    const startMs = Math.max(lastMs, Math.round((timestamps[at] ?? 0) * 1000));
    if (!Number.isFinite(startMs)) return undefined;
    lastMs = startMs;
    const text = token.replace(/^[ \u2581]/u, "");
    const begins = text !== token || words.length === 0;
    if (begins) words.push({ text: "", startMs, endMs: undefined, logProbs: [] });
    const word = words.at(-1);
    if (word === undefined) continue;
    word.text += text;
    if (hasDurations) word.endMs = Math.max(startMs, Math.round(((timestamps[at] ?? 0) + (durations[at] ?? 0)) * 1000));
    if (hasProbs) word.logProbs.push(logProbs[at] ?? 0);
  }
  return words
    .filter(({ text }) => text.trim() !== "")
    .map(({ text, startMs, endMs, logProbs: of }) => ({
      text,
      startMs,
      ...(endMs === undefined ? {} : { endMs }),
      ...(of.length === 0 ? {} : { confidence: probability(of) }),
    }));
}

/** The geometric mean of the tokens' probabilities; undefined where the engine tells none. */
export function confidenceOf({ tokens = [], logProbs = [] }: TokenResult): number | undefined {
  return tokens.length === 0 || logProbs.length !== tokens.length ? undefined : probability(logProbs);
}

function probability(logProbs: readonly number[]): number {
  const mean = logProbs.reduce((sum, each) => sum + each, 0) / logProbs.length;
  return Number.isFinite(mean) ? Math.min(1, Math.exp(mean)) : 0;
}

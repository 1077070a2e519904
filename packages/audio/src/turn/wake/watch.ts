/**
 * When a wake word counts as heard: scores of one or more words on one or more inputs become hits.
 *
 * A single high score is often a chance likeness, a spoken word is sure for several steps: a word must reach its threshold
 * so many steps in a row. After a hit all words rest, because the same word echoes: in the following steps, on the
 * other inputs of this host, and in what a person repeats out of impatience.
 */

/** When one word counts as heard. */
export interface WakeRule {
  /**
   * Score that counts, above 0 to 1. Default 0.15: half of what is used for single steps, as two are asked for; more words in
   * noise for the same false alarms.
   */
  readonly threshold?: number;
  /** Steps in a row that must reach it; for engines that decide themselves 1. Default 2. */
  readonly patience?: number;
}

/** Options of {@link createWakeWatch}. */
export interface WakeOptions {
  /** The words listened for; other words that an engine scores are passed over. */
  readonly words: Readonly<Record<string, WakeRule>>;
  /** The inputs listened to, such as microphones; all when absent. */
  readonly inputs?: readonly string[];
  /** Rest after a hit. Default 2,000. */
  readonly refractoryMs?: number;
}

/** One step of an engine on one input. Times of all inputs must be on one clock, and go forward on each. */
export interface WakeScores {
  readonly input: string;
  readonly atMs: number;
  /** 0 to 1, by word. */
  readonly scores: Readonly<Record<string, number>>;
}

/** A word that was heard. */
export interface WakeHit {
  readonly input: string;
  readonly word: string;
  readonly atMs: number;
  /** The best of the steps that made it a hit. */
  readonly score: number;
}

/** The words and inputs of one host. */
export interface WakeWatch {
  /** The next step. When several words become hits at once, the surest is told. */
  push(step: WakeScores): WakeHit | undefined;
  /** Forgets what `input` has begun to say: it was closed, or is not listened to while somebody speaks. */
  forget(input: string): void;
}

/** Steps in a row at or above the threshold. */
interface Run {
  steps: number;
  score: number;
}

interface Word {
  readonly word: string;
  readonly threshold: number;
  readonly patience: number;
}

/** @throws RangeError when an option makes no sense. */
export function createWakeWatch(options: WakeOptions): WakeWatch {
  const words = Object.entries(options.words).map(([word, rule]) => checkedWord(word, rule));
  const { refractoryMs = 2000 } = options;
  if (words.length === 0) throw new RangeError("words must name at least one word");
  if (!(refractoryMs >= 0)) throw new RangeError(`refractoryMs must be at least 0, not ${refractoryMs}`);
  const inputs = options.inputs === undefined ? undefined : new Set(options.inputs);
  const runs = new Map<string, Map<string, Run>>();
  let restUntilMs = -Infinity;

  return {
    push({ input, atMs, scores }) {
      if (inputs?.has(input) === false) return undefined;
      if (atMs < restUntilMs) return undefined;
      const ofInput = runs.get(input) ?? new Map<string, Run>();
      runs.set(input, ofInput);
      let hit: WakeHit | undefined;
      for (const { word, threshold, patience } of words) {
        const score = Object.hasOwn(scores, word) ? (scores[word] ?? 0) : 0;
        if (score < threshold) {
          ofInput.delete(word);
          continue;
        }
        const before = ofInput.get(word) ?? { steps: 0, score: 0 };
        const run = { steps: before.steps + 1, score: Math.max(before.score, score) };
        ofInput.set(word, run);
        if (run.steps >= patience && run.score > (hit?.score ?? 0)) hit = { input, word, atMs, score: run.score };
      }
      if (hit === undefined) return undefined;
      runs.clear();
      restUntilMs = atMs + refractoryMs;
      return hit;
    },
    forget(input) {
      runs.delete(input);
    },
  };
}

function checkedWord(word: string, { threshold = 0.15, patience = 2 }: WakeRule): Word {
  if (!(threshold > 0 && threshold <= 1)) {
    throw new RangeError(`the threshold of ${word} must be above 0 and at most 1, not ${threshold}`);
  }
  if (!Number.isInteger(patience) || patience < 1) {
    throw new RangeError(`the patience of ${word} must be a whole number of at least 1, not ${patience}`);
  }
  return { word, threshold, patience };
}

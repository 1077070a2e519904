/**
 * Lays words along the sound that says them. Pauses in the sound are matched with the places between words where a speaker
 * breathes, by dynamic programming; between two pauses, words share the time by the estimated length of their sounds.
 */
import type { Stretch } from "./envelope.ts";

/** What is known of one word before it is heard. */
export interface WordShape {
  /** Usual length in plain speech. */
  readonly usualMs: number;
  /** How strongly a pause is expected behind it: none, as after a comma, as after a sentence. */
  readonly pause: 0 | 1 | 2;
}

/** Pauses that are matched at most; beyond, the shortest are taken for closures. */
const MAX_STRETCHES = 48;
/** A word may hold a few silences that are none: "stop, take". */
const MAX_MERGED = 4;
/** How many words the match may differ from what the time passed lets expect: bounds the work in long texts. */
const WINDOW_WORDS = 40;

/** One stretch of time for each word of `shapes`, in order; `heard` has at least one stretch, unless there are no words. */
export function layWords(shapes: readonly WordShape[], heard: readonly Stretch[]): readonly Stretch[] {
  const stretches = mergedDownTo(heard, MAX_STRETCHES);
  const groups = matchPauses(shapes, stretches);
  return groups.flatMap(({ words: [first, last], startMs, endMs }) => {
    const inGroup = shapes.slice(first, last);
    const total = sum(inGroup.map(({ usualMs }) => usualMs));
    let passed = 0;
    return inGroup.map(({ usualMs }) => {
      const from = startMs + ((endMs - startMs) * passed) / total;
      passed += usualMs;
      return { startMs: from, endMs: startMs + ((endMs - startMs) * passed) / total };
    });
  });
}

interface Group extends Stretch {
  /** First and behind the last. */
  readonly words: readonly [number, number];
}

interface Step {
  readonly cost: number;
  /** How many stretches and words came before this group. */
  readonly stretches: number;
  readonly words: number;
}

function matchPauses(shapes: readonly WordShape[], stretches: readonly Stretch[]): readonly Group[] {
  const usual = prefixSums(shapes.map(({ usualMs }) => usualMs));
  const sound = prefixSums(stretches.map(({ startMs, endMs }) => endMs - startMs));
  const [words, count] = [shapes.length, stretches.length];
  const totalUsual = usual[words] ?? 0;
  const pace = (sound[count] ?? 0) / Math.max(1, totalUsual);
  // best[k] maps how many words the first k stretches hold to the cheapest way there.
  const best: Map<number, Step>[] = [new Map([[0, { cost: 0, stretches: 0, words: 0 }]])];
  for (let k = 1; k <= count; k++) {
    const here = new Map<number, Step>();
    best.push(here);
    const expected = closestIndex(usual, totalUsual * ((sound[k] ?? 0) / Math.max(1, sound[count] ?? 0)));
    const [low, high] =
      k === count
        ? [words, words]
        : [Math.max(1, expected - WINDOW_WORDS), Math.min(words - 1, expected + WINDOW_WORDS)];
    for (let from = Math.max(0, k - MAX_MERGED); from < k; from++) {
      const [first, last] = [stretches[from], stretches[k - 1]];
      if (first === undefined || last === undefined) continue;
      const inside = last.endMs - first.startMs - ((sound[k] ?? 0) - (sound[from] ?? 0));
      for (const [before, { cost }] of best[from] ?? []) {
        for (let behind = Math.max(low, before + 1); behind <= high; behind++) {
          const expectedMs = pace * ((usual[behind] ?? 0) - (usual[before] ?? 0));
          const total =
            cost +
            misfit(last.endMs - first.startMs - inside / 2, expectedMs) +
            insideCost(inside) +
            breathCost(shapes, before, behind);
          if (total < (here.get(behind)?.cost ?? Infinity))
            here.set(behind, { cost: total, stretches: from, words: before });
        }
      }
    }
  }
  return wayBack(best, stretches, words);
}

/** The groups of the cheapest way; one group of everything when the words do not go round. */
function wayBack(best: readonly Map<number, Step>[], stretches: readonly Stretch[], words: number): readonly Group[] {
  const groups: Group[] = [];
  let [k, behind] = [stretches.length, words];
  while (k > 0) {
    const step = best[k]?.get(behind);
    const [first, last] = [stretches[step?.stretches ?? 0], stretches[k - 1]];
    if (first === undefined || last === undefined) break;
    groups.unshift({ startMs: first.startMs, endMs: last.endMs, words: [step?.words ?? 0, behind] });
    [k, behind] = [step?.stretches ?? 0, step?.words ?? 0];
  }
  return groups;
}

/** Squared error of a length, in units of what estimates by spelling are usually wrong by. */
function misfit(heardMs: number, expectedMs: number): number {
  return (heardMs - expectedMs) ** 2 / (60 ** 2 + (expectedMs * 60 + expectedMs ** 2 / 50));
}

/** A silence inside a word or between words without a breath: likely when short. */
function insideCost(silentMs: number): number {
  return (silentMs / 120) ** 2;
}

/** Pauses where none is expected, and expected ones that are not there. */
function breathCost(shapes: readonly WordShape[], before: number, behind: number): number {
  let cost = 0;
  for (let at = before; at < behind - 1; at++) cost += (shapes[at]?.pause ?? 0) * 0.8;
  return behind < shapes.length && shapes[behind - 1]?.pause === 0 ? cost + 2.5 : cost;
}

function mergedDownTo(heard: readonly Stretch[], most: number): readonly Stretch[] {
  if (heard.length <= most) return heard;
  const pauses = heard.slice(1).map((stretch, index) => stretch.startMs - (heard[index]?.endMs ?? 0));
  const shortest = pauses.toSorted((a, b) => b - a)[most - 2] ?? 0;
  const merged: Stretch[] = [];
  for (const [index, stretch] of heard.entries()) {
    const last = merged.at(-1);
    const keeps = index === 0 || ((pauses[index - 1] ?? 0) >= shortest && merged.length < most);
    if (keeps || last === undefined) merged.push(stretch);
    else merged[merged.length - 1] = { startMs: last.startMs, endMs: stretch.endMs };
  }
  return merged;
}

function prefixSums(values: readonly number[]): readonly number[] {
  const sums = [0];
  for (const value of values) sums.push((sums.at(-1) ?? 0) + value);
  return sums;
}

function closestIndex(sums: readonly number[], value: number): number {
  const at = sums.findIndex((each) => each >= value);
  return at === -1 ? sums.length - 1 : at;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

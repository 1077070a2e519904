/** Word error rate: what fraction of the words a recogniser has wrong, lacks or adds. */
import { normaliseCommand } from "../turn/index.ts";

/** How a text differs from what was said. */
export interface WordErrors {
  /** Words of the reference. */
  readonly words: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** The sum of the three. */
  readonly errors: number;
  /** Errors a word, which may exceed 1; of an empty reference, 0 when nothing was heard and else 1. */
  readonly rate: number;
}

interface Cell {
  readonly errors: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
}

const NOTHING: Cell = { errors: 0, substitutions: 0, deletions: 0, insertions: 0 };

/**
 * Compares words (Levenshtein distance) without case, punctuation, and the ways to write a number: "twenty-five" is 25.
 * `language` is a BCP 47 tag; numbers are compared as figures in English only.
 */
export function wordErrors(heard: string, reference: string, language = "en"): WordErrors {
  const wanted = plainWords(reference, language);
  const given = plainWords(heard, language);
  let row: Cell[] = Array.from({ length: given.length + 1 }, (_, n) => ({ ...NOTHING, errors: n, insertions: n }));
  for (const word of wanted) {
    const next = [plus(row[0] ?? NOTHING, "deletions")];
    for (const [at, candidate] of given.entries()) {
      const diagonal = row[at] ?? NOTHING;
      const ways = [
        candidate === word ? diagonal : plus(diagonal, "substitutions"),
        plus(row[at + 1] ?? NOTHING, "deletions"),
        plus(next[at] ?? NOTHING, "insertions"),
      ];
      next.push(ways.reduce((best, way) => (way.errors < best.errors ? way : best)));
    }
    row = next;
  }
  const cell = row.at(-1) ?? NOTHING;
  const rate = wanted.length === 0 ? Math.min(1, cell.errors) : cell.errors / wanted.length;
  return { words: wanted.length, ...cell, rate };
}

function plus(cell: Cell, kind: "substitutions" | "deletions" | "insertions"): Cell {
  return { ...cell, errors: cell.errors + 1, [kind]: cell[kind] + 1 };
}

function plainWords(text: string, language: string): readonly string[] {
  const plain = normaliseCommand(text.replaceAll("’", "'"), { language });
  return plain.replaceAll(/(?<=\p{L})-(?=\p{L})/gu, " ").match(/\S+/gu) ?? [];
}

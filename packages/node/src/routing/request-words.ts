/** The words of requests: what people may write for modes, privacy, classes and hardware. */
import type { Mode } from "./advert.ts";
import type { Privacy } from "./request.ts";

export const MODE_WORDS: ReadonlyMap<string, Mode> = new Map([
  ["interactive", "interactive"],
  ["fast", "interactive"],
  ["live", "interactive"],
  ["batch", "batch"],
  ["background", "batch"],
]);

export const PRIVACY_WORDS: ReadonlyMap<string, Privacy> = new Map([
  ["host", "host"],
  ["private", "host"],
  ["local", "host"],
  ["house", "house"],
]);

/** Hardware that may be named without `needs=`. */
export const HARDWARE_WORDS: ReadonlySet<string> = new Set(["gpu", "npu", "high_mem"]);

/** Who does a thing is asked for the thing. */
const CLASS_NAMES: ReadonlyMap<string, string> = new Map([
  ["planner", "planning"],
  ["coder", "coding"],
  ["summarizer", "summary"],
  ["summariser", "summary"],
]);

export function className(word: string): string {
  const lower = word.toLowerCase();
  return CLASS_NAMES.get(lower) ?? lower;
}

/** `preferred_for_planning` */
export const PREFERRED_FOR = "preferred_for_";

/** Names for a choice that is left to whoever does it. */
export const NO_CHOICE: ReadonlySet<string> = new Set(["default", "any"]);

/** Ways to write a key, and what is shown. */
export const KEYS = {
  lang: ["lang", "language"],
  voice: ["voice"],
  model: ["model"],
  mode: ["mode"],
  class: ["class"],
  preferred_for: ["preferred_for"],
  privacy: ["privacy"],
  needs: ["needs"],
  prefers: ["prefers"],
  audio: ["audio"],
  characters: ["characters", "chars"],
  prompt: ["prompt"],
  tokens: ["tokens"],
  patience: ["patience"],
  turn: ["turn"],
  session: ["session"],
  not: ["not"],
  refused: ["refused"],
} as const;
export type Key = keyof typeof KEYS;

const KEYS_BY_WORD: ReadonlyMap<string, Key> = new Map(
  Object.entries(KEYS).flatMap(([key, words]) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key of the table above
    words.map((word): [string, Key] => [word, key as Key]),
  ),
);

export function keyOf(word: string): Key | undefined {
  return KEYS_BY_WORD.get(word.toLowerCase());
}

/** Code fences of markdown (CommonMark 4.5) in a text that may still be growing. */
import { LOOK_AHEAD_CHARS } from "./stops.ts";
import type { Sight, Verdict } from "./stops.ts";

/** An open fence: its marks as they stand there. It closes with the same marks, at least as many. */
export type Fence = string;

/** Further in than CommonMark's three: code within lists is. */
const OPENING = /^ {0,8}(`{3,16}|~{3,16})/u;
const CLOSING = /^ {0,8}(`{3,}|~{3,})[ \t\r]*$/u;

/** The fence that `line` opens, of which the first {@link LOOK_AHEAD_CHARS} characters count. */
export function openedBy(line: string): Fence | undefined {
  const [opening, marks] = OPENING.exec(line) ?? [];
  if (opening === undefined || marks === undefined) return undefined;
  // Backticks with more of them behind are code within a line.
  const isInline = marks.startsWith("`") && line.slice(opening.length, LOOK_AHEAD_CHARS).includes("`");
  return isInline ? undefined : marks;
}

/** True when `line` closes `fence`. */
export function isClosedBy(line: string, fence: Fence): boolean {
  const marks = CLOSING.exec(line)?.[1];
  return marks?.startsWith(fence) === true;
}

/** The fence that is open at the end of `text`. */
export function openFence(text: string): Fence | undefined {
  let fence: Fence | undefined;
  for (const line of text.split("\n")) {
    if (fence === undefined) fence = openedBy(line.slice(0, LOOK_AHEAD_CHARS));
    else if (isClosedBy(line.slice(0, LOOK_AHEAD_CHARS), fence)) fence = undefined;
  }
  return fence;
}

/** The fence that opens at the line start `at`, "none", or "wait" while one may still come of it. */
export function fenceAt(sight: Sight, at: number): { readonly fence: Fence } | "none" | "wait" {
  const { line, isWhole } = lineFrom(sight, at);
  if (!isWhole) return /^ {0,8}(?:`{0,2}$|~{0,2}$|`{3}|~{3})/u.test(line) ? "wait" : "none";
  const fence = openedBy(line);
  return fence === undefined ? "none" : { fence };
}

/** The position behind the line at line start `at` when that line closes `fence`. */
export function fenceEnd(sight: Sight, at: number, fence: Fence): Verdict {
  const { line, isWhole, end } = lineFrom(sight, at);
  if (isWhole) return end !== undefined && isClosedBy(line, fence) ? end : "none";
  return /^ {0,8}[`~]*[ \t\r]*$/u.test(line) ? "wait" : "none";
}

/** As much of the line at `at` as is looked at; `end` is behind it, where it ends within that. */
function lineFrom(
  { text, final }: Sight,
  at: number,
): { readonly line: string; readonly isWhole: boolean; readonly end: number | undefined } {
  const window = text.slice(at, at + LOOK_AHEAD_CHARS);
  const newline = window.indexOf("\n");
  if (newline !== -1) return { line: window.slice(0, newline), isWhole: true, end: at + newline + 1 };
  const isFull = window.length === LOOK_AHEAD_CHARS;
  return { line: window, isWhole: final || isFull, end: final && !isFull ? at + window.length : undefined };
}

/** Code fences of markdown (CommonMark 4.5) in a text that may still be growing. */
import { LOOK_AHEAD_CHARS } from "./stops.ts";
import type { Sight, Verdict } from "./stops.ts";

/** The character a fence is made of. */
export type FenceMark = "`" | "~";

/** The fence that opens at the line start `at`: its mark, "none", or "wait" while it may still become one. */
export function fenceAt({ text, final }: Sight, at: number): FenceMark | "none" | "wait" {
  const window = text.slice(at, at + 6);
  const mark = /^ {0,3}(```|~~~)/u.exec(window)?.[1]?.[0];
  if (mark === "`" || mark === "~") return mark;
  return !final && /^ {0,3}(`{0,2}|~{0,2})$/u.test(window) ? "wait" : "none";
}

/** The position behind the line at line start `at` when that line closes a fence of `mark`. */
export function fenceEnd({ text, final }: Sight, at: number, mark: FenceMark): Verdict {
  const window = text.slice(at, at + LOOK_AHEAD_CHARS);
  const closing = mark === "`" ? /^ {0,3}`{3,}[ \t]*\n/u : /^ {0,3}~{3,}[ \t]*\n/u;
  const found = closing.exec(window);
  if (found !== null) return at + found[0].length;
  const mayClose = mark === "`" ? /^ {0,3}`*[ \t]*$/u.test(window) : /^ {0,3}~*[ \t]*$/u.test(window);
  if (!mayClose || window.length === LOOK_AHEAD_CHARS) return "none";
  if (!final) return "wait";
  return /^ {0,3}[`~]{3}/u.test(window) ? at + window.length : "none";
}

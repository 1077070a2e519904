/** What the import rules report. */

/** Every rule by the name that its violations carry. */
export type Rule =
  | "syntax"
  | "package-floor"
  | "floor"
  | "unplaced"
  | "deep-import"
  | "circle"
  | "browser-safe"
  | "node-prefix"
  | "undeclared"
  | "unused-dependency";

/** One broken rule: where, what was found, what is allowed instead. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: Rule;
  readonly found: string;
  readonly allowed: string;
}

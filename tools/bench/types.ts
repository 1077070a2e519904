/** What a bench hands to `npm run bench`. */

/** One measured value beside what it is compared with. */
export interface BenchRow {
  /** What was measured, with its percentile: "STT real-time factor", "first sentence p95". */
  readonly metric: string;
  readonly value: number;
  /** "ms", "x", "%", "MB", … */
  readonly unit: string;
  /** The same by the bare engine or library, measured in the same run; null when there is none. */
  readonly baseline: number | null;
  /** `value / baseline`; null without a baseline. */
  readonly ratio: number | null;
  /** What is promised, in the row's unit or in words ("<= 30"); null when the row only informs. */
  readonly goal: number | string | null;
  /** Whether the goal was met; null without a goal. */
  readonly met: boolean | null;
}

/** One run of one bench: `--json` prints `bench` and `rows`. */
export interface BenchReport {
  readonly bench: string;
  readonly rows: readonly BenchRow[];
  /** What could not be measured, and why: said on stderr, and the exit code tells it. Default none. */
  readonly failures?: readonly string[];
}

/** The default export of `packages/X/bench/NAME.bench.ts`; `args` is what followed the name, without `--json`. */
export type Bench = (args: readonly string[]) => Promise<BenchReport>;

/** What one part of `npm run bench -- voice` is. */
import type { BenchRow } from "../../../../tools/bench/types.ts";

/** How a part is to measure. */
export interface PartOptions {
  /** Small sets, for a look: minutes in the place of an hour. The rows say how much was measured. */
  readonly isQuick: boolean;
  /** The number behind an argument such as `--turns`; `otherwise` when it was not given. @throws UsageError */
  number(name: string, otherwise: number): number;
}

/** Gives each row as soon as it is measured. @throws MaterialMissing when a model that it needs is not there */
export type VoicePart = (options: PartOptions) => AsyncIterable<BenchRow>;

/** What a part listens to or runs on is not on this machine: it is left out, which is no failure. */
export class MaterialMissing extends Error {
  override readonly name = "MaterialMissing";
}

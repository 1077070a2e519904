/** What was done, and what went wrong. */
import { isActorError } from "../../src/index.ts";

export class Tally {
  readonly done: Record<string, number> = {};
  readonly errors: Record<string, number> = {};

  count(kind: string, times = 1): void {
    this.done[kind] = (this.done[kind] ?? 0) + times;
  }

  /** Connections break and hosts die here, so that actors' errors are to be expected; any other is a defect. */
  async attempt(kind: string, work: () => Promise<number>): Promise<void> {
    try {
      this.count(kind, await work());
    } catch (error) {
      if (!isActorError(error)) throw error;
      const what = `${kind}: ${error.code}`;
      this.errors[what] = (this.errors[what] ?? 0) + 1;
    }
  }
}

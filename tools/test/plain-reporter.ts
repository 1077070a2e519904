/** Ends every test run with `N passed, N failed`, alone on the last line, for programs that read only that. */
import type { Reporter, TestModule } from "vitest/node";

/** What a run came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The line; skipped tests are named only when there are any. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Counts tests. A file that failed without a failed test (it did not load, a hook threw) counts as one failed; errors
 * outside of any test count as one when nothing else failed.
 */
export function tally(modules: readonly TestModule[], unhandledErrors: number): Tally {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const testModule of modules) {
    const failedBefore = failed;
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      else if (state === "skipped") skipped += 1;
      else failed += 1;
    }
    if (!testModule.ok() && failed === failedBefore) failed += 1;
  }
  if (unhandledErrors > 0 && failed === 0) failed = 1;
  return { passed, failed, skipped };
}

export default class PlainReporter implements Reporter {
  #tally: Tally = { passed: 0, failed: 0, skipped: 0 };

  constructor() {
    // On exit, because vitest's own summary and complaints come after every reporter has been called. A run that
    // ended badly without a failed test (a crash, a wrong option, no tests) still counts as failed.
    process.on("exit", (code) => {
      const failed = code === 0 ? this.#tally.failed : Math.max(1, this.#tally.failed);
      process.stdout.write(`${closingLine({ ...this.#tally, failed })}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#tally = tally(modules, unhandledErrors.length);
  }
}

/** Rates of several subjects, measured in turns, so that a busy machine is unkind to all alike. */
import type { Subject } from "./subjects.ts";

export interface Share {
  readonly subject: Subject;
  /** Messages of one round; the slow ones get fewer. */
  readonly count: number;
}

/**
 * Thousands of messages a second by subject, in the least disturbed of `rounds` after two that warm up: what others do on
 * the machine can only take away.
 */
export async function ratesPerMs(shares: readonly Share[], rounds: number): Promise<readonly number[]> {
  const rates = shares.map((): number[] => []);
  for (let round = -2; round < rounds; round += 1) {
    for (const [index, { subject, count }] of shares.entries()) {
      const startedMs = performance.now();
      await subject.run(count);
      if (round >= 0) rates[index]?.push(count / (performance.now() - startedMs));
    }
  }
  await Promise.all(shares.map(({ subject }) => subject.close()));
  return rates.map((each) => Math.max(...each));
}

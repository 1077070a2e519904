/** Durations counted in buckets of doubling width, as metrics systems want them. */
import type { HistogramStatus } from "./status.ts";

/** 0.05 ms to 26 s. */
const BOUNDS_MS: readonly number[] = Array.from({ length: 20 }, (_, i) => 0.05 * 2 ** i);

export class Histogram {
  readonly #counts: number[] = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0);
  #count = 0;
  #sumMs = 0;

  record(durationMs: number): void {
    let bucket = 0;
    for (const bound of BOUNDS_MS) {
      if (durationMs <= bound) break;
      bucket += 1;
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += durationMs;
  }

  status(): HistogramStatus {
    return {
      boundsMs: BOUNDS_MS,
      counts: [...this.#counts],
      count: this.#count,
      sumMs: this.#sumMs,
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
    };
  }

  /** As if durations were spread evenly within their bucket. */
  #quantile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = share * this.#count;
    for (const [i, count] of this.#counts.entries()) {
      if (left <= count && count > 0) {
        const low = i === 0 ? 0 : (BOUNDS_MS[i - 1] ?? 0);
        const high = BOUNDS_MS[i] ?? low * 2;
        return low + (high - low) * (left / count);
      }
      left -= count;
    }
    return BOUNDS_MS.at(-1);
  }
}

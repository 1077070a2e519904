/** Whether a figure grows with time, or only moves about. */

export interface Sample {
  readonly atMinute: number;
  readonly value: number;
}

export interface Fit {
  /** On the fitted line, at both ends of the time that counts. */
  readonly first: number;
  readonly last: number;
  readonly growthPercent: number;
}

/** What comes before this share of the time is the warming up: code is compiled, buffers find their size. */
const WARM_UP_SHARE = 0.2;

/** The line of least squares through all samples after the warm-up. */
export function fitOf(samples: readonly Sample[]): Fit {
  const end = samples.at(-1)?.atMinute ?? 0;
  const counted = samples.filter(({ atMinute }) => atMinute >= end * WARM_UP_SHARE);
  const meanMinute = mean(counted.map(({ atMinute }) => atMinute));
  const meanValue = mean(counted.map(({ value }) => value));
  let [covariance, variance] = [0, 0];
  for (const { atMinute, value } of counted) {
    covariance += (atMinute - meanMinute) * (value - meanValue);
    variance += (atMinute - meanMinute) ** 2;
  }
  const slope = variance === 0 ? 0 : covariance / variance;
  const at = (minute: number): number => meanValue + slope * (minute - meanMinute);
  const [first, last] = [at(counted[0]?.atMinute ?? 0), at(end)];
  return { first, last, growthPercent: first === 0 ? 0 : (100 * (last - first)) / first };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

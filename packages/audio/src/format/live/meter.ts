/** Level events at a steady rate, for a needle on a screen. */
import { SILENCE_DBFS } from "../level.ts";
import type { Level } from "../level.ts";

/** What the needle shows at `atMs`, counted from the first sample. */
export interface LevelEvent extends Level {
  readonly atMs: number;
}

/** Options of {@link createMeter}. */
export interface MeterOptions {
  readonly sampleRateHz: number;
  /** Events in a second of sound; 20 when absent. At most the sample rate. */
  readonly eventsPerSecond?: number | undefined;
  /** How long the root mean square looks back: an exponential average of this time constant; 300 ms when absent (a VU meter's). */
  readonly integrationMs?: number | undefined;
  /** How fast the peak falls after it was reached, in dB a second; 24 when absent (between the 12 and 24 of IEC 60268-10's meters). */
  readonly peakFallDbPerSecond?: number | undefined;
}

/** A running meter. */
export interface Meter {
  /** Takes samples in blocks of any size; the events that fell into them, in order. */
  push(samples: Float32Array): readonly LevelEvent[];
}

/** A meter over one stream. The same events come out whatever the size of the blocks. */
export function createMeter(options: MeterOptions): Meter {
  const { sampleRateHz, eventsPerSecond = 20, integrationMs = 300, peakFallDbPerSecond = 24 } = options;
  if (!(eventsPerSecond > 0 && eventsPerSecond <= sampleRateHz)) {
    throw new RangeError(`a meter gives above 0 and up to ${sampleRateHz} events a second, not ${eventsPerSecond}`);
  }
  const keep = Math.exp(-1000 / (integrationMs * sampleRateHz));
  const fall = 10 ** (-peakFallDbPerSecond / 20 / sampleRateHz);
  const interval = sampleRateHz / eventsPerSecond;
  let power = 0;
  let peak = 0;
  let seen = 0;
  let events = 1;
  return {
    push: (samples) => {
      const due: LevelEvent[] = [];
      for (const given of samples) {
        // One broken sample would keep the needle where it is for ever.
        const sample = given >= -1 && given <= 1 ? given : Number.isNaN(given) ? 0 : Math.sign(given);
        power = keep * power + (1 - keep) * sample * sample;
        peak = Math.max(Math.abs(sample), peak * fall);
        seen += 1;
        if (seen < events * interval) continue;
        due.push({ atMs: (seen / sampleRateHz) * 1000, rmsDbfs: dbfs(Math.sqrt(power)), peakDbfs: dbfs(peak) });
        events += 1;
      }
      return due;
    },
  };
}

function dbfs(amplitude: number): number {
  return amplitude <= 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 20 * Math.log10(amplitude));
}

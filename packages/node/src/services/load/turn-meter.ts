/** How soon turns of late began to be heard. Keeps a bounded number of them; told the time. */

/** Of the last minutes. */
export interface TurnFigures {
  /** How far back they reach. */
  readonly windowMs: number;
  readonly turns: number;
  /** Turns since the peer was started. */
  readonly turnsEver: number;
  /** From the end of what was said or asked to the first sound of the answer; null: nothing was answered in sound. */
  readonly firstAudioMs: { readonly count: number; readonly p50: number; readonly p95: number } | null;
}

const WINDOW_MS = 300_000;
/** A house that is busier than this looks back less far. */
const MOST = 1_024;

interface Turn {
  readonly atMs: number;
  readonly firstAudioMs: number | undefined;
}

export class TurnMeter {
  readonly #turns: Turn[] = [];
  #next = 0;
  #ever = 0;

  /** A turn has ended. @param firstAudioMs undefined: its answer was text only, or nothing of it was heard */
  record(atMs: number, firstAudioMs: number | undefined): void {
    const isSound = firstAudioMs !== undefined && Number.isFinite(firstAudioMs);
    this.#turns[this.#next] = { atMs, firstAudioMs: isSound ? Math.max(0, firstAudioMs) : undefined };
    this.#next = (this.#next + 1) % MOST;
    this.#ever += 1;
  }

  figures(nowMs: number): TurnFigures {
    const late = this.#turns.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    const waits = late.flatMap((turn) => turn.firstAudioMs ?? []).toSorted((a, b) => a - b);
    const firstAudioMs =
      waits.length === 0 ? null : { count: waits.length, p50: quantile(waits, 0.5), p95: quantile(waits, 0.95) };
    return { windowMs: WINDOW_MS, turns: late.length, turnsEver: this.#ever, firstAudioMs };
  }
}

/** The least of `sorted` that so large a share of them does not exceed (the nearest rank). */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

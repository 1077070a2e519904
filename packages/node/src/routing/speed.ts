/**
 * How fast an engine is, from the jobs that it has done: what a job costs whatever its size, and what each unit of it costs. Recent
 * jobs count more than old ones (a mean with exponential decay); one that took absurdly long, or no time, moves little, and a change
 * that lasts is followed within some jobs.
 */
import type { Capability, Speed } from "./advert.ts";
import type { JobSize } from "./request.ts";

/** A job that an engine has finished, on its own and not beside others. */
export interface Measure {
  readonly size: JobSize;
  /** From when the engine began until it was done. */
  readonly totalMs: number;
  /** From when it began until its first result, of those that give results as they come. */
  readonly firstMs?: number;
}

/** What each new job leaves of the weight of those before. */
const KEPT = 0.9;
/** A job counts as at most so many times slower or faster than was expected of it. */
const MOST_SURPRISE = 3;
/** Sizes that hardly differ do not tell what belongs to a job and what to its size: this much of their mean they have to. */
const LEAST_SPREAD = 0.2;
const LEAST_JOBS = 3;
/** A thousandth of a millisecond of sound. */
const LEAST = 1e-3;
/** A token takes longer than this everywhere. */
const LEAST_MS = 1e-6;
/** Ten days, or as much text: what is more was measured wrongly. */
const MOST = 1e9;

/** `fixed + perUnit * size`, fitted by least squares with decaying weights; neither is ever negative. */
export class CostLine {
  #weight = 0;
  #jobs = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  /** @param size above 0 @param ms at least 0; what cannot be is passed over */
  add(size: number, ms: number): void {
    if (!(size >= LEAST && size <= MOST) || !(ms >= 0 && ms <= MOST)) return;
    const expected = this.#jobs === 0 ? ms : this.fixedMs + this.perUnitMs * size;
    const cost = expected > 0 ? Math.min(expected * MOST_SURPRISE, Math.max(expected / MOST_SURPRISE, ms)) : ms;
    this.#jobs += 1;
    this.#weight = this.#weight * KEPT + 1;
    this.#x = this.#x * KEPT + size;
    this.#y = this.#y * KEPT + cost;
    this.#xx = this.#xx * KEPT + size * size;
    this.#xy = this.#xy * KEPT + size * cost;
  }

  get isKnown(): boolean {
    return this.#jobs > 0;
  }

  get perUnitMs(): number {
    return this.#fit().perUnitMs;
  }

  get fixedMs(): number {
    return this.#fit().fixedMs;
  }

  #fit(): { readonly fixedMs: number; readonly perUnitMs: number } {
    if (this.#jobs === 0) return { fixedMs: 0, perUnitMs: 0 };
    const [meanX, meanY] = [this.#x / this.#weight, this.#y / this.#weight];
    const variance = this.#xx / this.#weight - meanX * meanX;
    const through0 = { fixedMs: 0, perUnitMs: this.#xy / this.#xx };
    if (this.#jobs < LEAST_JOBS || variance < (LEAST_SPREAD * meanX) ** 2) return through0;
    const perUnitMs = (this.#xy / this.#weight - meanX * meanY) / variance;
    const fixedMs = meanY - perUnitMs * meanX;
    if (fixedMs < 0) return through0;
    return perUnitMs < 0 ? { fixedMs: meanY, perUnitMs: 0 } : { fixedMs, perUnitMs };
  }
}

interface Lines {
  /** What is read, heard or spoken. */
  readonly main: CostLine;
  /** What a language model writes. */
  readonly written: CostLine;
}

/** Models that a peer measures at most; the one that was used longest ago is forgotten. */
const MOST_MODELS = 64;

/** The measured speed of a peer's engines, by capability and model. */
export class SpeedBook {
  readonly #lines = new Map<string, Lines>();

  record(capability: Capability, model: string, { size, totalMs, firstMs }: Measure): void {
    const key = `${capability}/${model}`;
    const lines = this.#lines.get(key) ?? { main: new CostLine(), written: new CostLine() };
    // The newest stands last.
    this.#lines.delete(key);
    this.#lines.set(key, lines);
    for (const oldest of this.#lines.keys()) {
      if (this.#lines.size <= MOST_MODELS) break;
      this.#lines.delete(oldest);
    }
    if (capability === "llm") {
      if (firstMs !== undefined) lines.main.add(size.promptTokens ?? 0, firstMs);
      lines.written.add(size.tokens ?? 0, totalMs - (firstMs ?? 0));
    } else {
      lines.main.add((capability === "tts" ? size.characters : size.audioMs) ?? 0, totalMs);
    }
  }

  /** What was measured; nothing of what was not. */
  speed(capability: Capability, model: string): Speed {
    const lines = this.#lines.get(`${capability}/${model}`);
    if (lines === undefined) return {};
    const { main, written } = lines;
    const first = main.isKnown ? { firstResultMs: main.fixedMs } : {};
    switch (capability) {
      case "llm":
        return {
          ...first,
          ...(main.perUnitMs > LEAST_MS ? { promptTokensPerSecond: 1_000 / main.perUnitMs } : {}),
          ...(written.perUnitMs > LEAST_MS ? { tokensPerSecond: 1_000 / written.perUnitMs } : {}),
        };
      case "tts":
        return main.isKnown ? { ...first, msPerCharacter: main.perUnitMs } : {};
      case "stt":
      case "vad":
      case "wake":
        return main.isKnown ? { ...first, realTimeFactor: main.perUnitMs } : {};
    }
  }
}

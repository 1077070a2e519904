/**
 * When somebody has finished: silence, as long as what they have said so far makes it take. Right after a whole order a
 * short pause is the end; behind "I would like" a long one is not. Work may begin before the end is certain: `may-end`
 * comes early, and `goes-on` takes it back.
 */
import { endOfTurnScore } from "./score.ts";
import type { EndOfTurnScore } from "./score.ts";

/** Options of {@link createEndpointer}, all with defaults. */
export interface EndpointOptions {
  /** Length of a frame. Default 32 ms. */
  readonly frameMs: number;
  /** BCP 47. Default `en`. */
  readonly language: string;
  readonly mode: "command" | "dictation";
  /** Default {@link endOfTurnScore}. */
  readonly score: EndOfTurnScore;
  /** Silence that ends what surely is whole. Default 250; in dictation 900. */
  readonly leastSilenceMs: number;
  /** Silence that ends what may be whole or not, or of which nothing is known yet. Default 1200; in dictation 1500. */
  readonly unsureSilenceMs: number;
  /** Silence that ends anything. Default 2500; in dictation 4000. */
  readonly mostSilenceMs: number;
  /** Silence after which work may begin early. Default 160. */
  readonly earlyMs: number;
  /** What is said without end is cut. Default 60000; in dictation 300000. */
  readonly longestMs: number;
  /** Who has paused so long in this turn is waited for longer, by this share of it. Default 0.5; 0 for never. */
  readonly patience: number;
  /** A transcript may stop so far before the last sound and still tell of all of it: less than a word. Default 100. */
  readonly slackMs: number;
  /** Taken along behind the last sound, as far as it was heard: recognisers miss ends that are cut close. Default 200. */
  readonly tailMs: number;
}

/** One look: whether there is voice in the frame that starts at `atMs`. Frames follow each other without gaps. */
export interface EndpointFrame {
  readonly atMs: number;
  readonly voiced: boolean;
}

/** What was recognised so far. */
export interface PartialText {
  readonly text: string;
  /** As far into the stream as the recogniser has heard. */
  readonly throughMs: number;
  /** By a judge elsewhere; else the options' judge is asked. */
  readonly score?: number;
}

/** What was found. `toMs`: where in the stream what was said ends, with its margin. */
export type EndpointEvent =
  | { readonly type: "may-end"; readonly toMs: number }
  | { readonly type: "goes-on" }
  | {
      readonly type: "ended";
      readonly toMs: number;
      readonly silenceMs: number;
      readonly reason: "whole" | "silence" | "length";
    };

/** Listens for the end of one turn after another. */
export interface Endpointer {
  /** How likely what was said is whole, as far as it is known; undefined while it is not. */
  readonly complete: number | undefined;
  push(frame: EndpointFrame): readonly EndpointEvent[];
  /** A newer transcript; what it changes is decided with the next frame. */
  partial(partial: PartialText): void;
  /** A new turn; or one that goes on although its end was found, behind a pause of `pausedMs`. */
  reset(pausedMs?: number): void;
}

const COMMAND = { leastSilenceMs: 250, unsureSilenceMs: 1200, mostSilenceMs: 2500, longestMs: 60_000 };
const DICTATION = { leastSilenceMs: 900, unsureSilenceMs: 1500, mostSilenceMs: 4000, longestMs: 300_000 };

/** From here on nothing is gained by waiting, or by hurrying. */
const SURELY_WHOLE = 0.9;
const SURELY_OPEN = 0.1;

/** The options with the defaults of their mode. @throws RangeError naming the option that makes no sense. */
export function endpointOptions(options: Partial<EndpointOptions> = {}): EndpointOptions {
  const mode = options.mode ?? "command";
  const all: EndpointOptions = {
    frameMs: 32,
    language: "en",
    score: endOfTurnScore,
    earlyMs: 160,
    patience: 0.5,
    slackMs: 100,
    tailMs: 200,
    ...(mode === "dictation" ? DICTATION : COMMAND),
    ...options,
    mode,
  };
  for (const [name, value] of Object.entries(all)) {
    if (!name.endsWith("Ms")) continue;
    const isTime = typeof value === "number" && value >= 0 && value <= 3_600_000;
    if (!isTime || (name === "frameMs" && value === 0))
      throw new RangeError(`${name} must be a time, not ${String(value)}`);
  }
  if (!(all.patience >= 0 && all.patience <= 10)) throw new RangeError("patience must be 0 to 10");
  const { leastSilenceMs, unsureSilenceMs, mostSilenceMs } = all;
  if (!(leastSilenceMs <= unsureSilenceMs && unsureSilenceMs <= mostSilenceMs)) {
    throw new RangeError("leastSilenceMs, unsureSilenceMs and mostSilenceMs must not fall");
  }
  return all;
}

/** The silence that ends what is whole with this probability; shorter the surer it is, never outside the three times. */
export function silenceFor(score: number, { leastSilenceMs, unsureSilenceMs, mostSilenceMs }: EndpointOptions): number {
  if (Number.isNaN(score)) return unsureSilenceMs;
  const between = (from: number, to: number, share: number): number =>
    from + (to - from) * Math.min(1, Math.max(0, share));
  if (score >= 0.5) return between(unsureSilenceMs, leastSilenceMs, (score - 0.5) / (SURELY_WHOLE - 0.5));
  return between(unsureSilenceMs, mostSilenceMs, (0.5 - score) / (0.5 - SURELY_OPEN));
}

/** Ears for the end of a turn. @throws RangeError of {@link endpointOptions} */
export function createEndpointer(options: Partial<EndpointOptions> = {}): Endpointer {
  return new Ears(endpointOptions(options));
}

class Ears implements Endpointer {
  readonly #options: EndpointOptions;
  #beginMs: number | undefined;
  /** End of the last voiced frame. */
  #voiceEndMs = 0;
  #mayHaveEnded = false;
  #over = false;
  #known: { readonly score: number; readonly throughMs: number } | undefined;
  /** The longest pause within this turn. */
  #pausedMs = 0;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  get complete(): number | undefined {
    return this.#known?.score;
  }

  reset(pausedMs = 0): void {
    this.#pausedMs = pausedMs;
    this.#beginMs = undefined;
    this.#mayHaveEnded = false;
    this.#over = false;
    this.#known = undefined;
  }

  partial({ text, throughMs, score }: PartialText): void {
    // An older transcript that comes late tells less.
    if (this.#known !== undefined && throughMs < this.#known.throughMs) return;
    const { language, mode } = this.#options;
    const judged = score ?? this.#options.score(text, { language, mode });
    this.#known = { score: Number.isNaN(judged) ? 0.5 : judged, throughMs };
  }

  push({ atMs, voiced }: EndpointFrame): readonly EndpointEvent[] {
    if (this.#over) return [];
    const { frameMs, longestMs, earlyMs } = this.#options;
    const nowMs = atMs + frameMs;
    const events: EndpointEvent[] = [];
    if (voiced) {
      if (this.#beginMs !== undefined) this.#pausedMs = Math.max(this.#pausedMs, atMs - this.#voiceEndMs);
      this.#beginMs ??= atMs;
      this.#voiceEndMs = nowMs;
      if (this.#mayHaveEnded) events.push({ type: "goes-on" });
      this.#mayHaveEnded = false;
    }
    if (this.#beginMs === undefined) return events;
    const silenceMs = nowMs - this.#voiceEndMs;
    const needMs = this.#silenceNeeded();
    const end = (reason: "whole" | "silence" | "length"): void => {
      this.#over = true;
      events.push({ type: "ended", toMs: this.#toMs(nowMs), silenceMs, reason });
    };
    if (silenceMs > 0 && silenceMs >= needMs) end(needMs < this.#options.unsureSilenceMs ? "whole" : "silence");
    else if (nowMs - this.#beginMs >= longestMs) end("length");
    else if (!this.#mayHaveEnded && silenceMs > 0 && silenceMs >= earlyMs) {
      this.#mayHaveEnded = true;
      events.push({ type: "may-end", toMs: this.#toMs(nowMs) });
    }
    return events;
  }

  #silenceNeeded(): number {
    const known = this.#known;
    // What tells only of the beginning tells nothing of the end.
    const isFresh = known !== undefined && known.throughMs >= this.#voiceEndMs - this.#options.slackMs;
    const score = isFresh ? known.score : 0.5;
    const needMs = silenceFor(score, this.#options);
    // Who pauses long may do so again; but what surely is whole is.
    const doubt = Math.min(1, Math.max(0, 2 * (SURELY_WHOLE - score)));
    return Math.min(this.#options.mostSilenceMs, needMs + this.#options.patience * doubt * this.#pausedMs);
  }

  #toMs(nowMs: number): number {
    return Math.min(nowMs, this.#voiceEndMs + this.#options.tailMs);
  }
}

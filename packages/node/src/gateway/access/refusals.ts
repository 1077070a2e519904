/**
 * What was refused, in the audit log: who tried what it may not do, and from where wrong tokens come. Whoever is refused can try as often
 * as they like, so only the first of its kind is written at once; how many there were more, a minute later. In all it is so
 * little that it fills no disk, and what was done is not pushed out by it.
 */
import { Allowance, type Rate } from "./allowance.ts";
import type { AuditEntry, AuditLog } from "./audit.ts";

/** Lines that are written; what is over is counted. Some 9,000 a day: two megabytes. */
const LINES: Rate = { amount: 60, perMs: 600_000 };
/** Like ones within it are told as one. */
const GATHER_MS = 60_000;
/** Kinds that are told apart within it. */
const MOST_KINDS = 256;
/** Of what others have chosen, the longest that is written down. */
const MOST_CHARS = 128;

/** What somebody tried. */
export type Refusal = Omit<AuditEntry, "at" | "outcome">;

interface Gathered {
  readonly first: Refusal;
  more: number;
}

/** Options of {@link Refusals}. */
export interface RefusalsOptions {
  readonly audit: Pick<AuditLog, "note">;
  readonly gatherMs?: number;
  readonly nowMs?: () => number;
}

export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #nowMs: () => number;
  readonly #lines: Allowance;
  readonly #gathered = new Map<string, Gathered>();
  /** Of which no line tells. */
  #untold = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#lines = new Allowance(LINES, this.#nowMs());
  }

  /** Somebody was refused. What it was about may differ among those that are told as one: `kind` says which are alike. */
  note(refusal: Refusal, kind = `${refusal.actor} ${refusal.action}`): void {
    const known = this.#gathered.get(kind);
    if (known !== undefined) {
      known.more += 1;
      return;
    }
    if (this.#gathered.size >= MOST_KINDS) {
      this.#untold += 1;
      return;
    }
    this.#gathered.set(kind, { first: refusal, more: 0 });
    this.#write(refusal, 1);
    this.#timer ??= setTimeout(() => this.flush(), this.#options.gatherMs ?? GATHER_MS).unref();
  }

  /** Writes down how many there were more of each kind. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { first, more } of this.#gathered.values()) if (more > 0) this.#write(first, more);
    this.#gathered.clear();
  }

  #write({ actor, action, target, details }: Refusal, times: number): void {
    if (!this.#lines.take(1, this.#nowMs())) {
      this.#untold += times;
      return;
    }
    const others = this.#untold === 0 ? {} : { others: this.#untold };
    this.#untold = 0;
    const told = { ...details, ...(times === 1 ? {} : { more: times }), ...others };
    // It never rejects, and nobody who is refused waits for it.
    void this.#options.audit.note({ actor, action, target: cut(target), outcome: "refused", details: told });
  }
}

function cut(text: string): string {
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS)}…`;
}

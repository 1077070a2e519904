/** Why a peer takes no part though it should; and that it tries again, for as long as it runs. */
import { isRaftError } from "@parley/raft";
import type { Logger } from "pino";
import { isPeerError, messageOf } from "../../errors.ts";

export interface TroubleOptions {
  readonly log: Logger;
  /** One more try. */
  readonly again: () => Promise<void>;
  readonly changed: () => void;
}

/** Where newer software has taken part: nothing of its is lost. */
export const UPGRADE_NEXT_STEP =
  "Run the version of Parley here that the other peers run, or a newer one: what this peer holds is kept as it is. See docs/UPGRADING.md.";
/** After its part has failed, for want of space on the disk perhaps. */
const RETRY_MS = 3_000;

export class Trouble {
  readonly #options: TroubleOptions;
  #why: string | undefined;
  #nextStep: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: TroubleOptions) {
    this.#options = options;
  }

  /** For people; undefined while there is none. */
  get why(): string | undefined {
    return this.#why;
  }

  /** What to do about it, where that is known: such as a setting to change. */
  get nextStep(): string | undefined {
    return this.#nextStep;
  }

  /** Whether it is tried again; else the peer has to be started anew. */
  get isRetried(): boolean {
    return this.#retry !== undefined;
  }

  /** It works by itself, and says why. It will not be tried again. */
  begin(error: unknown): void {
    this.#why = messageOf(error);
    this.#nextStep = nextStepOf(error);
    this.#options.changed();
  }

  /** As {@link begin}, and it is tried again: what the peer knew of its cluster is not thrown away. */
  fell(error: unknown): void {
    if (this.#isClosed) return;
    this.#options.log.error({ err: error }, "this peer cannot take part in its cluster; it tries again");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#tryAgain(), RETRY_MS);
    this.begin(error);
  }

  /** It takes part, or need not any more. */
  over(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#why = undefined;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  /** Never rejects. */
  async #tryAgain(): Promise<void> {
    try {
      await this.#options.again();
    } catch (error) {
      this.fell(error);
    }
  }
}

function nextStepOf(error: unknown): string | undefined {
  if (isPeerError(error)) return error.nextStep;
  return isRaftError(error, "unknown-format") ? UPGRADE_NEXT_STEP : undefined;
}

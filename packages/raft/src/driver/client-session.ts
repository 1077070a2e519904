/**
 * A client's side of a session: numbers commands, and retries each under its own number until it is certain what became of
 * it, so that it is carried out once (dissertation, section 6.3).
 */
import type { SessionTag } from "./node.ts";
import type { ProposalOutcome } from "./outcome.ts";

/** Sends one command somewhere, and says what came of it. Never rejects; an answer that was lost is `unknown`. */
export type Submit = (command: Uint8Array, tag: SessionTag, timeoutMs: number) => Promise<ProposalOutcome>;

export interface ClientSessionOptions {
  /** As `openSession` gave it. */
  readonly session: number;
  readonly submit: Submit;
  /** Waits between two tries. Default: the system's timer. */
  readonly pause?: (delayMs: number) => Promise<void>;
  readonly nowMs?: () => number;
  /** Of one try; a function is asked before each. Default 1,000. */
  readonly tryMs?: number | (() => number);
}

const TRY_MS = 1_000;
const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 250;

export class ClientSession {
  readonly session: number;
  readonly #submit: Submit;
  readonly #pause: (delayMs: number) => Promise<void>;
  readonly #nowMs: () => number;
  readonly #tryMs: () => number;
  #sequence = 0;
  /** Sequences whose answer is still to come. */
  readonly #open = new Set<number>();

  constructor({ session, submit, pause, nowMs, tryMs = TRY_MS }: ClientSessionOptions) {
    this.session = session;
    this.#submit = submit;
    this.#pause = pause ?? ((delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)));
    this.#nowMs = nowMs ?? (() => performance.now());
    this.#tryMs = typeof tryMs === "number" ? () => tryMs : tryMs;
  }

  /**
   * Carries out `command` at most once. `unknown` only when `timeoutMs` is over and a try had no certain answer: the
   * command may then have been carried out, or may still be. Several may be under way.
   */
  async propose(command: Uint8Array, { timeoutMs }: { readonly timeoutMs: number }): Promise<ProposalOutcome> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#open.add(sequence);
    try {
      return await this.#untilCertain(command, sequence, this.#nowMs() + timeoutMs);
    } finally {
      // Also of one that was given up: once that is known there, a try that is still on its way is refused.
      this.#open.delete(sequence);
    }
  }

  async #untilCertain(command: Uint8Array, sequence: number, deadlineMs: number): Promise<ProposalOutcome> {
    let uncertain: ProposalOutcome | undefined;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      const leftMs = deadlineMs - this.#nowMs();
      const tag = { session: this.session, sequence, acknowledged: this.#acknowledged() };
      const outcome = await this.#submit(command, tag, Math.max(1, Math.min(this.#tryMs(), leftMs)));
      if (outcome.outcome === "unknown") uncertain = outcome;
      if (isFinal(outcome)) return certain(outcome, uncertain);
      if (this.#nowMs() + pauseMs >= deadlineMs) return uncertain ?? outcome;
      await this.#pause(pauseMs);
    }
  }

  #acknowledged(): number {
    return this.#open.size === 0 ? this.#sequence : Math.min(...this.#open) - 1;
  }
}

function isFinal(outcome: ProposalOutcome): boolean {
  if (outcome.outcome === "committed") return true;
  if (outcome.outcome !== "refused") return false;
  const { reason } = outcome;
  return reason === "too-large" || reason === "session-expired" || reason === "already-acknowledged";
}

/** A refusal to a retry does not say what became of an earlier try whose answer was lost. */
function certain(outcome: ProposalOutcome, uncertain: ProposalOutcome | undefined): ProposalOutcome {
  return outcome.outcome === "refused" && uncertain !== undefined ? uncertain : outcome;
}

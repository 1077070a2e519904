/** Who is let in, by whatever way they come: their tokens looked at, what they send counted, and what was refused written down. */
import type { TurnedAway, Whereabouts } from "../access-port.ts";
import type { Rate } from "./allowance.ts";
import type { Allowances, SendCost, Sender } from "./allowances.ts";
import { Failures, networkOf } from "./failures.ts";
import { THIS_MACHINE, type Gate, type NotLetIn, type Principal } from "./gate.ts";
import type { Refusal, Refusals } from "./refusals.ts";

/** So many wrong tokens of one address. */
const WRONG_TOKENS: Rate = { amount: 20, perMs: 60_000 };
/** A resume token that holds no more is no guess: when the house's key is made anew, all its clients show such at once. */
const STALE_TOKENS: Rate = { amount: 2_000, perMs: 60_000 };
/** Until a peer that has just started knows whom it lets in. */
const NOT_YET_MS = 300;
/** All programs of this machine are one account: it may send so many times as much as others. */
const MACHINE_FACTOR = 20;

/** Options of {@link Doorman}. */
export interface DoormanOptions {
  readonly gate: Gate;
  readonly allowances: Pick<Allowances, "charge" | "enter">;
  /** Where what was refused is written down; undefined: nowhere. */
  readonly refusals?: Pick<Refusals, "note"> | undefined;
  readonly nowMs?: () => number;
}

export class Doorman {
  readonly #options: DoormanOptions;
  readonly #wrong = new Failures(WRONG_TOKENS);
  readonly #stale = new Failures(STALE_TOKENS);
  readonly #nowMs: () => number;

  constructor(options: DoormanOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  get gate(): Gate {
    return this.#options.gate;
  }

  /** Whose token it is; undefined: none was shown. */
  enter(token: string | undefined, from: Whereabouts): Principal | TurnedAway {
    if (token === undefined) return { why: "a token is needed" };
    const found = this.gate.enter(token, from.isFromHere);
    return "why" in found ? this.#turnAway(found, from, this.#wrong) : found;
  }

  /** Somebody came with nothing but a resume token, which does not hold. */
  stale(refused: NotLetIn, from: Whereabouts): TurnedAway {
    return this.#turnAway(refused, from, this.#stale);
  }

  /** Somebody who was let in was not let do something. */
  denied(refusal: Refusal): void {
    this.#options.refusals?.note(refusal);
  }

  /** @returns as {@link Allowances.charge} */
  charge(account: string, clientId: string | undefined, cost: SendCost): number | undefined {
    return this.#options.allowances.charge(senderOf(account, clientId), cost);
  }

  /** Whether another client of the account may come in now. */
  admit(account: string): TurnedAway | undefined {
    const waitMs = this.#options.allowances.enter(senderOf(account, undefined));
    if (waitMs === undefined) return undefined;
    return { why: `too many clients of ${account} come in: try again in ${waitMs} ms`, retryAfterMs: waitMs };
  }

  #turnAway(found: NotLetIn, { address }: Whereabouts, failures: Failures): TurnedAway {
    // No guess: all clients of a house that was switched on come so.
    if (found.isForNow === true) return { why: found.why, retryAfterMs: NOT_YET_MS };
    const target = networkOf(address);
    const refusal = { actor: "nobody", action: "token.refused", target, details: { why: found.why } };
    this.#options.refusals?.note(refusal, `token.refused ${target}`);
    const waitMs = failures.note(address, this.#nowMs());
    if (waitMs === 0) return found;
    return { why: `too many wrong tokens came from this address: try again in ${waitMs} ms`, retryAfterMs: waitMs };
  }
}

function senderOf(account: string, clientId: string | undefined): Sender {
  return { account, clientId, ...(account === THIS_MACHINE ? { factor: MACHINE_FACTOR } : {}) };
}

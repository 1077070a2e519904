/** What each client may send: messages, and bytes of sound, by the minute. Its allowance outlasts its connection. */
import { Allowance, type Rate } from "./allowance.ts";

/** Per minute; 0: as much as comes. */
export interface SendLimits {
  readonly messagesPerMinute: number;
  readonly audioBytesPerMinute: number;
}

/** What is sent. */
export type SendCost = { readonly messages: number } | { readonly audioBytes: number };

const MINUTE_MS = 60_000;
/** Clients that are remembered; those that have sent nothing for longest make room. */
const MOST_CLIENTS = 4_096;

interface Purse {
  readonly messages: Allowance | undefined;
  readonly audio: Allowance | undefined;
}

export class Allowances {
  readonly #limits: SendLimits;
  readonly #nowMs: () => number;
  readonly #purses = new Map<string, Purse>();

  constructor(limits: SendLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Takes `cost` from what `client` may send. @returns in how many milliseconds it may, if not now; undefined: it may */
  charge(client: string, cost: SendCost): number | undefined {
    const nowMs = this.#nowMs();
    const purse = this.#purseOf(client, nowMs);
    const [allowance, amount] = "messages" in cost ? [purse.messages, cost.messages] : [purse.audio, cost.audioBytes];
    if (allowance === undefined || allowance.take(amount, nowMs)) return undefined;
    return allowance.waitMs(amount, nowMs);
  }

  #purseOf(client: string, nowMs: number): Purse {
    const purse = this.#purses.get(client) ?? this.#filled(nowMs);
    // Put behind the others.
    this.#purses.delete(client);
    this.#purses.set(client, purse);
    const [quietest] = this.#purses.keys();
    if (this.#purses.size > MOST_CLIENTS && quietest !== undefined) this.#purses.delete(quietest);
    return purse;
  }

  #filled(nowMs: number): Purse {
    const { messagesPerMinute, audioBytesPerMinute } = this.#limits;
    return { messages: allowanceOf(messagesPerMinute, nowMs), audio: allowanceOf(audioBytesPerMinute, nowMs) };
  }
}

function allowanceOf(amount: number, nowMs: number): Allowance | undefined {
  const rate: Rate = { amount, perMs: MINUTE_MS };
  return amount === 0 ? undefined : new Allowance(rate, nowMs);
}

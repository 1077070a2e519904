/** Who fails to prove who it is, again and again, is not listened to for a while: tokens cannot be guessed, but logs can be filled. */
import { Allowance, type Rate } from "./allowance.ts";

/** So many wrong tokens of one address. */
const RATE: Rate = { amount: 20, perMs: 60_000 };
/** Addresses that are remembered; the one that has been quiet for longest makes room. */
const MOST_ADDRESSES = 1_024;

/** Failed tries by address. */
export class Failures {
  readonly #byAddress = new Map<string, Allowance>();

  /** Another failed try. */
  note(address: string, nowMs: number): void {
    const allowance = this.#byAddress.get(address) ?? new Allowance(RATE, nowMs);
    allowance.take(1, nowMs);
    // Put behind the others.
    this.#byAddress.delete(address);
    this.#byAddress.set(address, allowance);
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size > MOST_ADDRESSES && oldest !== undefined) this.#byAddress.delete(oldest);
  }

  /** In how long `address` is listened to again; 0: now. */
  waitMs(address: string, nowMs: number): number {
    return this.#byAddress.get(address)?.waitMs(1, nowMs) ?? 0;
  }
}

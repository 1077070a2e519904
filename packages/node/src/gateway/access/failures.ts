/**
 * Who fails to prove who it is, again and again, is answered later and told so: tokens cannot be guessed, but logs can be filled.
 * A right token is never kept waiting: others may come from the same address, behind a router or a proxy.
 */
import { isIPv6 } from "node:net";
import { Allowance, type Rate } from "./allowance.ts";
import { Recent } from "./recent.ts";

/** Addresses that are remembered. */
const MOST_ADDRESSES = 1_024;

/** Failed tries by address, or by the network of one that can choose its address. */
export class Failures {
  readonly #rate: Rate;
  readonly #byAddress = new Recent<Allowance>(MOST_ADDRESSES);

  /** @param rate how many of one address are taken as they come */
  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Another failed try. @returns in how long the next one will be looked at like the first ones; 0: this one is one of them */
  note(address: string, nowMs: number): number {
    const allowance = this.#byAddress.get(networkOf(address), () => new Allowance(this.#rate, nowMs));
    return allowance.take(1, nowMs) ? 0 : allowance.waitMs(1, nowMs);
  }
}

/** Of an IPv6 address the first 64 bits: a host may take any of the others (RFC 4291, 2.5.1; RFC 8981). */
export function networkOf(address: string): string {
  const [plain = ""] = address.split("%");
  if (!isIPv6(plain)) return plain;
  // An IPv4 address within is the last 32 bits.
  const groups = plain.replace(/\d+\.\d+\.\d+\.\d+$/, "0:0");
  const [before = "", after] = groups.split("::");
  const [head, tail] = [before, after ?? ""].map((part) => (part === "" ? [] : part.split(":")));
  if (head === undefined || tail === undefined) throw new TypeError("a pair has two");
  const filled =
    after === undefined ? head : [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  const network = filled.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}

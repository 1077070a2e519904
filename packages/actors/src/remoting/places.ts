/** Where on a host a message goes: path and incarnation, as they stand in frames. */
import { type ActorAddress, formatAddress, parseAddress } from "../core/address.ts";
import { TEMPORARY_ROOT } from "../core/temporaries.ts";

const SCHEME = "parley://";
const MAX_REMEMBERED = 1_024;

/** References keep their address: what was formatted once is not formatted for each message. */
const FORMATTED = new WeakMap<ActorAddress, string>();

/** `/a/b#incarnation` */
export function placeOf(address: ActorAddress): string {
  const known = FORMATTED.get(address);
  if (known !== undefined) return known;
  const place = formatAddress(address).slice(SCHEME.length + address.peer.length);
  FORMATTED.set(address, place);
  return place;
}

/** A place without the incarnation: two that lead to one actor have the same. */
export function pathOf(place: string): string {
  const end = place.indexOf("#");
  return end === -1 ? place : place.slice(0, end);
}

/** Reads places on one host; those that come again and again are remembered. */
export class Places {
  readonly #prefix: string;
  #remembered = new Map<string, ActorAddress>();

  constructor(peer: string) {
    this.#prefix = `${SCHEME}${peer}`;
  }

  /** The whole address as text; not checked. */
  addressOf(place: string): string {
    return `${this.#prefix}${place}`;
  }

  /** @throws ActorError `bad-address` */
  read(place: string): ActorAddress {
    const known = this.#remembered.get(place);
    if (known !== undefined) return known;
    const address = parseAddress(this.addressOf(place));
    // Replies have places that are used once.
    if (address.path[0] === TEMPORARY_ROOT) return address;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered = new Map();
    this.#remembered.set(place, address);
    return address;
  }
}

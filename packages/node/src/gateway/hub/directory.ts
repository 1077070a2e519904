/** Which clients there are in the house, and where: what all hubs have told of their own. Pure. */
import { THIS_MACHINE } from "../access/gate.ts";
import { HUB } from "./times.ts";

/** A connected client. */
export interface ClientSeat {
  readonly clientId: string;
  /** Whose client it is. */
  readonly account: string;
  readonly sessionId: string;
  /**
   * When it came, by the clock of its peer, and later than any other seat of this client that was known there: so the newest seat is
   * the same for all, however far their clocks are apart.
   */
  readonly sinceMs: number;
  readonly clientType: "web" | "desktop" | "api" | "bridge";
  readonly groups: readonly string[];
  readonly channels: readonly string[];
}

/** A seat, and at which peer. */
export interface Place {
  readonly peer: string;
  readonly seat: ClientSeat;
}

export class Directory {
  readonly #byPeer = new Map<string, Map<string, ClientSeat>>();
  readonly #places = new Map<string, Set<Place>>();
  /** Who was ever here, as it was last. */
  readonly #known = new Map<string, Pick<ClientSeat, "groups" | "account">>();
  /** By account, its ids among those; who came last is last. */
  readonly #ofAccount = new Map<string, Set<string>>();
  readonly #knownMax: number;
  readonly #watchers = new Set<(clientId: string) => void>();

  constructor(knownMax: number = HUB.knownMax) {
    this.#knownMax = knownMax;
  }

  /** These, and no others, are connected to `peer`. */
  whole(peer: string, seats: readonly ClientSeat[]): void {
    const now = new Set(seats.map(({ sessionId }) => sessionId));
    for (const { sessionId } of this.seatsOf(peer)) if (!now.has(sessionId)) this.leave(peer, sessionId);
    for (const seat of seats) this.join(peer, seat);
  }

  /** Somebody came to `peer`, or changed groups or channels there. */
  join(peer: string, seat: ClientSeat): void {
    const seats = this.#byPeer.get(peer) ?? new Map<string, ClientSeat>();
    this.#byPeer.set(peer, seats);
    this.#forget(peer, seat.sessionId);
    seats.set(seat.sessionId, seat);
    const places = this.#places.get(seat.clientId) ?? new Set();
    places.add({ peer, seat });
    this.#places.set(seat.clientId, places);
    this.#remember(seat);
    this.#tell(seat.clientId);
  }

  leave(peer: string, sessionId: string): void {
    const clientId = this.#forget(peer, sessionId);
    if (clientId !== undefined) this.#tell(clientId);
  }

  /** That peer cannot be reached: its clients come back elsewhere. */
  drop(peer: string): void {
    this.whole(peer, []);
    this.#byPeer.delete(peer);
  }

  /** Where a client is reached: at its newest seat. */
  placeOf(clientId: string): Place | undefined {
    let newest: Place | undefined;
    for (const place of this.#places.get(clientId) ?? []) if (isNewer(place, newest)) newest = place;
    return newest;
  }

  isKnown(clientId: string): boolean {
    return this.#known.has(clientId);
  }

  /** Whose client goes by this id, or did last; undefined: nobody's that is known. */
  accountOf(clientId: string): string | undefined {
    return this.#known.get(clientId)?.account;
  }

  /** What it was when it was here is not remembered: somebody knows better, or it is nobody's any more. */
  forget(clientId: string): void {
    const known = this.#known.get(clientId);
    if (known === undefined) return;
    this.#known.delete(clientId);
    const ids = this.#ofAccount.get(known.account);
    ids?.delete(clientId);
    if (ids?.size === 0) this.#ofAccount.delete(known.account);
  }

  /** Whose clients are remembered. */
  get accounts(): readonly string[] {
    return [...this.#ofAccount.keys()];
  }

  /** Ids of an account's clients that are remembered and not here. */
  awayOf(account: string): readonly string[] {
    return [...(this.#ofAccount.get(account) ?? [])].filter((clientId) => !this.#places.has(clientId));
  }

  /** Who belongs to a group, also those who are away. */
  membersOf(group: string): readonly string[] {
    return [...this.#known].filter(([, { groups }]) => groups.includes(group)).map(([clientId]) => clientId);
  }

  /** All seats at a peer. */
  seatsOf(peer: string): readonly ClientSeat[] {
    return [...(this.#byPeer.get(peer)?.values() ?? [])];
  }

  /** Everybody who is connected, by peer. */
  get connected(): readonly Place[] {
    return [...this.#byPeer].flatMap(([peer, seats]) => [...seats.values()].map((seat) => ({ peer, seat })));
  }

  /** Calls `changed` after something has changed about a client; it must not throw. */
  onChange(changed: (clientId: string) => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  #forget(peer: string, sessionId: string): string | undefined {
    const seat = this.#byPeer.get(peer)?.get(sessionId);
    if (seat === undefined) return undefined;
    this.#byPeer.get(peer)?.delete(sessionId);
    const places = this.#places.get(seat.clientId);
    for (const place of places ?? []) if (place.seat === seat) places?.delete(place);
    if (places?.size === 0) this.#places.delete(seat.clientId);
    return seat.clientId;
  }

  #remember({ clientId, groups, account }: ClientSeat): void {
    const before = this.#known.get(clientId)?.account;
    // Who only goes by another's id for a while has not become its owner.
    const isBorrowed = before !== undefined && (account === THIS_MACHINE || this.#isHere(clientId, before));
    this.forget(clientId);
    this.#add(clientId, { groups, account: isBorrowed ? before : account });
    while (this.#known.size > this.#knownMax && this.#makeRoom());
  }

  #isHere(clientId: string, account: string): boolean {
    return [...(this.#places.get(clientId) ?? [])].some(({ seat }) => seat.account === account);
  }

  #add(clientId: string, about: Pick<ClientSeat, "groups" | "account">): void {
    this.#known.set(clientId, about);
    const ids = this.#ofAccount.get(about.account) ?? new Set();
    this.#ofAccount.set(about.account, ids.add(clientId));
  }

  /** Who has most gives way, with the oldest that is not here. @returns false when nobody can */
  #makeRoom(): boolean {
    const accounts = [...this.#ofAccount.values()].toSorted((a, b) => b.size - a.size);
    for (const ids of accounts) {
      for (const clientId of ids) {
        if (this.#places.has(clientId)) continue;
        this.forget(clientId);
        return true;
      }
    }
    return false;
  }

  #tell(clientId: string): void {
    for (const changed of this.#watchers) changed(clientId);
  }
}

function isNewer({ peer, seat }: Place, than: Place | undefined): boolean {
  if (than === undefined) return true;
  if (seat.sinceMs !== than.seat.sinceMs) return seat.sinceMs > than.seat.sinceMs;
  if (seat.sessionId !== than.seat.sessionId) return seat.sessionId > than.seat.sessionId;
  return peer > than.peer;
}

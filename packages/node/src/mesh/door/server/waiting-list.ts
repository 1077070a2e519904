/** Who waits for a person's approval: bounded, one entry for each peer, gone when the peer is. */
import { PeerError } from "../../../errors.ts";
import { fingerprintOf } from "../code/fingerprint.ts";
import { sourceOf } from "../code/limiter.ts";
import type { WaitingPeer } from "./ports.ts";

/** Peers that wait at once. */
export const MAX_WAITING = 32;
/** Of these from one host, so that one stranger cannot fill the list. */
export const MAX_WAITING_PER_SOURCE = 8;

interface Entry {
  readonly peer: WaitingPeer;
  readonly source: string;
  readonly approve: PromiseWithResolvers<void>;
  /** What became of it, for the person who approved. */
  readonly outcome: PromiseWithResolvers<void>;
}

/** A place in the list. */
export interface Place {
  readonly peer: WaitingPeer;
  /** A person has approved this peer. Rejected when its place was given up. */
  readonly approved: Promise<void>;
  /** It is in. */
  readonly admitted: () => void;
  /** It is not, or is gone. Has no effect after `admitted`. */
  readonly leave: (why: Error) => void;
}

export class WaitingList {
  readonly #entries = new Map<string, Entry>();
  readonly #changed: (type: "waiting" | "left", peer: WaitingPeer) => void;

  constructor(changed: (type: "waiting" | "left", peer: WaitingPeer) => void) {
    this.#changed = changed;
  }

  /** Longest waiting first. */
  get peers(): readonly WaitingPeer[] {
    return Array.from(this.#entries.values(), ({ peer }) => peer);
  }

  /** A place for `peer`, instead of one that it had, or one of a host that has many more; undefined when there is none. */
  enter(peer: Omit<WaitingPeer, "fingerprint">): Place | undefined {
    const source = sourceOf(peer.address);
    const others = [...this.#entries.values()].filter((entry) => entry.peer.peerId !== peer.peerId);
    const neighbours = others.filter((entry) => entry.source === source);
    if (neighbours.length >= MAX_WAITING_PER_SOURCE) return undefined;
    if (others.length >= MAX_WAITING && !this.#makeRoom(others, neighbours.length)) return undefined;
    this.#drop(this.#entries.get(peer.peerId), leftError(peer.peerId));
    const entry: Entry = {
      peer: { ...peer, fingerprint: fingerprintOf(peer.peerId) },
      source,
      approve: Promise.withResolvers(),
      outcome: Promise.withResolvers(),
    };
    // Nobody may have asked for either yet; whoever does gets the rejection all the same.
    entry.approve.promise.catch(() => undefined);
    entry.outcome.promise.catch(() => undefined);
    this.#entries.set(peer.peerId, entry);
    this.#changed("waiting", entry.peer);
    return {
      peer: entry.peer,
      approved: entry.approve.promise,
      admitted: () => {
        entry.outcome.resolve();
        this.#drop(entry, leftError(peer.peerId));
      },
      leave: (why) => this.#drop(entry, why),
    };
  }

  /**
   * A person approves a waiting peer. Fulfilled when it is in.
   * @throws PeerError `usage` when it does not wait; otherwise what kept it out
   */
  async approve(peerId: string): Promise<void> {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) {
      throw new PeerError("usage", `no peer ${peerId} is waiting`, {
        nextStep: "See who is: parley peers --waiting.",
        details: { peer: peerId },
      });
    }
    entry.approve.resolve();
    await entry.outcome.promise;
  }

  /** A person sends a waiting peer away. Nothing happens when it does not wait. */
  decline(peerId: string): void {
    this.#drop(
      this.#entries.get(peerId),
      new PeerError("admission-refused", "a person of the cluster has declined", {
        nextStep: "Ask the person whose cluster it is.",
      }),
    );
  }

  /** Nobody waits any more. */
  clear(why: Error): void {
    for (const entry of this.#entries.values()) this.#drop(entry, why);
  }

  /** The last one of the host that has most of them gives way to one of a host that has fewer, also when it is in. */
  #makeRoom(entries: readonly Entry[], neighbours: number): boolean {
    const bySource = [...Map.groupBy(entries, ({ source }) => source).values()];
    const most = bySource.reduce((one, other) => (other.length > one.length ? other : one), []);
    const last = most.at(-1);
    if (last === undefined || most.length < neighbours + 2) return false;
    this.#drop(last, leftError(last.peer.peerId));
    return true;
  }

  #drop(entry: Entry | undefined, why: Error): void {
    if (entry === undefined || this.#entries.get(entry.peer.peerId) !== entry) return;
    this.#entries.delete(entry.peer.peerId);
    entry.approve.reject(why);
    entry.outcome.reject(why);
    this.#changed("left", entry.peer);
  }
}

function leftError(peerId: string): PeerError {
  return new PeerError("peer-silent", `the peer ${peerId} does not wait any more`, {
    nextStep: "Start it again, and approve it while it waits.",
    details: { peer: peerId },
  });
}

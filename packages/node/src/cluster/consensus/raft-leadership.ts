/**
 * Who is prime, as one Raft node knows it. It is of one life of the host by itself: who restarts follows, and leads again in
 * a new term only.
 */
import type { Leadership, LeadershipNow } from "@parley/actors";
import type { NodeId } from "@parley/raft";
import { Bell } from "./bell.ts";

/** What Raft calls nobody. */
const NOBODY = 0;

export class RaftLeadership implements Leadership {
  readonly #peerOf: (node: NodeId) => string | undefined;
  readonly #bell = new Bell();
  #lead: NodeId = NOBODY;
  #term = 0;
  #told: LeadershipNow = { leader: undefined, term: 0 };

  /** @param peerOf may know a node only after its admission was applied here */
  constructor(peerOf: (node: NodeId) => string | undefined) {
    this.#peerOf = peerOf;
  }

  current(): LeadershipNow {
    return { leader: this.#lead === NOBODY ? undefined : this.#peerOf(this.#lead), term: this.#term };
  }

  watch(changed: () => void): () => void {
    return this.#bell.watch(changed);
  }

  /** As the node says. */
  seen({ lead, term }: { readonly lead: NodeId; readonly term: number }): void {
    this.#lead = lead;
    this.#term = term;
    this.look();
  }

  /** The names of nodes may have changed. */
  look(): void {
    const now = this.current();
    if (now.leader === this.#told.leader && now.term === this.#told.term) return;
    this.#told = now;
    this.#bell.ring();
  }
}

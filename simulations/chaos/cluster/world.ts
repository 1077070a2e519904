/** The peers of a run: who is in the cluster that clients may use, and who is being worked on. */
import { setTimeout as delay } from "node:timers/promises";
import { Household, Lan, PeerFailure, portrait, untilUnited, type LivePeer } from "@parley/node/testing";

const SECRET = "what the peers of a chaos run share";
const FORMED_MS = 90_000;
const ADMITTED_MS = 30_000;
const LOOK_MS = 50;
const ANSWER_MS = 1_000;

export class World {
  readonly household: Household;
  /** Peers that somebody works on: faults of other lanes keep their hands off. */
  readonly claimed = new Set<LivePeer>();
  /** A newcomer founds a cluster of its own while it sees nobody, and gives that up unless somebody writes there. */
  readonly #admitted = new Set<LivePeer>();
  #clusterId = "";

  private constructor(household: Household) {
    this.household = household;
  }

  /** So many peers, in one cluster. @param isolated whether each has a network of its own, so that links can be cut */
  static async make(count: number, isolated: boolean): Promise<World> {
    const household = await Household.open({
      joinSecret: SECRET,
      ...(isolated ? { lan: await Lan.make() } : {}),
    });
    const world = new World(household);
    try {
      const peers = await household.addAll(count);
      await Promise.all(peers.map((peer) => peer.start()));
      const { clusterId } = await untilUnited(peers, { voters: votersOf(count), timeoutMs: FORMED_MS });
      world.#clusterId = clusterId;
      for (const peer of peers) world.#admitted.add(peer);
      return world;
    } catch (error) {
      await household.close();
      throw error;
    }
  }

  get peers(): readonly LivePeer[] {
    return this.household.peers;
  }

  get clusterId(): string {
    return this.#clusterId;
  }

  /** Clients may use these. */
  get open(): readonly LivePeer[] {
    return this.peers.filter((peer) => this.#admitted.has(peer));
  }

  /** Clients use it no more. */
  retire(peer: LivePeer): void {
    this.#admitted.delete(peer);
  }

  /** Whoever is prime in the newest term that anybody knows of. */
  async prime(): Promise<LivePeer | undefined> {
    const views = await Promise.allSettled(this.peers.map((peer) => peer.status(ANSWER_MS)));
    let [newest, found]: [number, LivePeer | undefined] = [-1, undefined];
    for (const view of views) {
      if (view.status === "rejected" || view.value.clusterId !== this.#clusterId) continue;
      const { term, prime } = view.value;
      const leader = this.peers.find((peer) => peer.hasRun && peer.peerId === prime?.peer);
      if (leader?.isRunning === true && (term ?? 0) > newest) [newest, found] = [term ?? 0, leader];
    }
    return found;
  }

  /** Starts a new peer and waits until it belongs. @throws PeerFailure `silent` when that takes too long */
  async admit(peer: LivePeer): Promise<void> {
    await peer.start();
    const deadlineMs = performance.now() + ADMITTED_MS;
    while (!(await this.#belongs(peer))) {
      if (performance.now() > deadlineMs) {
        throw new PeerFailure(
          `${peer.name} was not let in within ${ADMITTED_MS} ms${await portrait([peer])}`,
          "silent",
        );
      }
      await delay(LOOK_MS);
    }
    this.#admitted.add(peer);
  }

  /** Takes a place over for good: another identity at the same address. Not started. */
  async replace(old: LivePeer): Promise<LivePeer> {
    this.retire(old);
    const known = this.peers.filter((peer) => peer !== old).map(({ address }) => address);
    return this.household.replace(old, { known });
  }

  /**
   * Whoever belongs and is gone for good is revoked, and whoever is here and belongs no more makes room for another: what faults
   * leave that did not succeed as a whole. @throws PeerFailure when it cannot be done now
   */
  async tidy(): Promise<void> {
    const prime = await this.prime();
    if (prime === undefined) throw new PeerFailure("nobody is prime", "silent");
    const members = await prime.peers(ANSWER_MS);
    const here = new Set(this.peers.filter(({ hasRun }) => hasRun).map(({ peerId }) => peerId));
    for (const { peerId } of members) if (!here.has(peerId)) await prime.revoke(peerId);
    const known = new Set(members.map(({ peerId }) => peerId));
    const lost = this.peers.filter((peer) => !this.claimed.has(peer) && !(peer.hasRun && known.has(peer.peerId)));
    for (const old of lost) {
      const newcomer = await this.replace(old);
      this.claimed.add(newcomer);
      try {
        await this.admit(newcomer);
      } finally {
        this.claimed.delete(newcomer);
      }
    }
  }

  async close(): Promise<void> {
    await this.household.close();
  }

  async #belongs(peer: LivePeer): Promise<boolean> {
    try {
      const { belonging, clusterId } = await peer.status(ANSWER_MS);
      return belonging === "member" && clusterId === this.#clusterId;
    } catch (error) {
      if (!(error instanceof PeerFailure)) throw error;
      return false;
    }
  }
}

/** How many of so many peers vote when all is well: an odd number, five at most. */
function votersOf(peers: number): number {
  return peers <= 2 ? peers : Math.min(5, peers - 1 + (peers % 2));
}

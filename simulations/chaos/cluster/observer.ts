/** Looks at the peers while they run: who is prime, and whether two ever are in one term. */
import { setTimeout as delay } from "node:timers/promises";
import { PeerFailure } from "@parley/node/testing";
import type { World } from "./world.ts";

const POLL_MS = 100;
const ANSWER_MS = 500;

export class Observer {
  /** Terms that had a prime when somebody looked. */
  readonly #primes = new Map<number, string>();
  readonly violations: string[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get primeChanges(): number {
    return Math.max(0, this.#primes.size - 1);
  }

  /** The newest term that had a prime, and its name. */
  get newest(): { readonly term: number; readonly name: string } | undefined {
    const term = Math.max(...this.#primes.keys());
    const prime = this.#primes.get(term);
    if (prime === undefined) return undefined;
    const peer = this.#world.peers.find((each) => each.hasRun && each.peerId === prime);
    return { term, name: peer?.name ?? prime };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#world.peers.map(async (peer) => this.#look(peer)));
      await delay(POLL_MS);
    }
  }

  async #look(peer: World["peers"][number]): Promise<void> {
    try {
      const { clusterId, term, prime } = await peer.status(ANSWER_MS);
      if (clusterId === this.#world.clusterId && term !== null && prime !== null) this.#note(term, prime.peer);
    } catch (error) {
      if (!(error instanceof PeerFailure)) throw error;
    }
  }

  #note(term: number, prime: string): void {
    const known = this.#primes.get(term);
    if (known !== undefined && known !== prime) {
      this.violations.push(`one prime in a term: ${known} and ${prime} both are, in term ${term}`);
    }
    this.#primes.set(term, known ?? prime);
  }
}

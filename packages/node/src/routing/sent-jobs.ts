/**
 * What a router has sent and no advert counts yet. Adverts come some times a second: without this, all jobs of one such time would
 * go to whoever was idle at its beginning.
 */
import type { Capability } from "./advert.ts";
import type { InFlight } from "./fleet.ts";

interface Sent {
  readonly workMs: number;
  /** When it is there, and counted by whoever says what it has to do. */
  readonly arrivesMs: number;
}

export class SentJobs {
  readonly #byPeer = new Map<string, Map<Capability, Set<Sent>>>();

  /**
   * A job was given to a service. The function that comes back is called when it has ended, however.
   * @param job `workMs` as the decision expected it, `arrivesMs` half a round trip from now
   */
  began(peer: string, capability: Capability, job: Sent): () => void {
    const services = this.#byPeer.get(peer) ?? new Map<Capability, Set<Sent>>();
    this.#byPeer.set(peer, services);
    const sent = services.get(capability) ?? new Set();
    services.set(capability, sent);
    const one = { ...job };
    sent.add(one);
    return () => this.#drop(peer, capability, (each) => each === one);
  }

  /** The service has said what it had to do at `atMs`: what was there by then is in it. */
  reported(peer: string, capability: Capability, atMs: number): void {
    this.#drop(peer, capability, ({ arrivesMs }) => arrivesMs <= atMs);
  }

  /** What comes on top of what the service has said; undefined: nothing. */
  unseen(peer: string, capability: Capability): InFlight | undefined {
    const sent = this.#byPeer.get(peer)?.get(capability);
    if (sent === undefined) return undefined;
    let workMs = 0;
    for (const each of sent) workMs += each.workMs;
    return { jobs: sent.size, workMs };
  }

  #drop(peer: string, capability: Capability, isOver: (each: Sent) => boolean): void {
    const services = this.#byPeer.get(peer);
    const sent = services?.get(capability);
    if (services === undefined || sent === undefined) return;
    for (const each of sent) if (isOver(each)) sent.delete(each);
    if (sent.size === 0) services.delete(capability);
    if (services.size === 0) this.#byPeer.delete(peer);
  }
}

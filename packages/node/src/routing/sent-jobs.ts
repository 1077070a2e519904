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
  readonly #byService = new Map<string, Set<Sent>>();

  /**
   * A job was given to a service. The function that comes back is called when it has ended, however.
   * @param job `workMs` as the decision expected it, `arrivesMs` half a round trip from now
   */
  began(peer: string, capability: Capability, job: Sent): () => void {
    const key = `${peer}/${capability}`;
    const sent = this.#byService.get(key) ?? new Set();
    this.#byService.set(key, sent);
    const one = { ...job };
    sent.add(one);
    return () => this.#drop(key, (each) => each === one);
  }

  /** The service has said what it had to do at `atMs`: what was there by then is in it. */
  reported(peer: string, capability: Capability, atMs: number): void {
    this.#drop(`${peer}/${capability}`, ({ arrivesMs }) => arrivesMs <= atMs);
  }

  /** What comes on top of what the service has said; undefined: nothing. */
  unseen(peer: string, capability: Capability): InFlight | undefined {
    // Nearly always there is nothing, and a thousand services are looked at.
    if (this.#byService.size === 0) return undefined;
    const sent = this.#byService.get(`${peer}/${capability}`);
    if (sent === undefined) return undefined;
    let workMs = 0;
    for (const each of sent) workMs += each.workMs;
    return { jobs: sent.size, workMs };
  }

  #drop(key: string, isOver: (each: Sent) => boolean): void {
    const sent = this.#byService.get(key);
    if (sent === undefined) return;
    for (const each of sent) if (isOver(each)) sent.delete(each);
    if (sent.size === 0) this.#byService.delete(key);
  }
}

/**
 * What followers do when the leader's process is known to have ended: they elect at once, one after the other, so that
 * votes are not split.
 */
import { NONE, type ConfState, type NodeId } from "../core/types.ts";
import type { Environment, Timer } from "./environment.ts";

export interface SuccessionHost {
  lead(): NodeId;
  confState(): ConfState;
  forgetLeader(): void;
  campaign(): void;
}

/** Time for one voter's election before the next stands: some round trips and syncs. */
const TURN_MS = 15;
/** The others may learn of it a little later, or votes may be split on a busy machine. */
const ATTEMPTS = 6;

export class Succession {
  readonly #id: NodeId;
  readonly #environment: Environment;
  readonly #host: SuccessionHost;
  #timer: Timer | undefined;

  constructor(id: NodeId, environment: Environment, host: SuccessionHost) {
    this.#id = id;
    this.#environment = environment;
    this.#host = host;
  }

  /** The process of `peer` has ended. */
  gone(peer: NodeId): void {
    if (peer !== this.#host.lead()) return;
    this.#host.forgetLeader();
    const others = this.#host.confState().voters.filter((voter) => voter !== peer);
    const rank = others.toSorted((a, b) => a - b).indexOf(this.#id);
    if (rank < 0) return;
    this.#stand((rank + this.#environment.random() / 4) * TURN_MS, 1);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #stand(delayMs: number, attempt: number): void {
    this.#timer?.cancel();
    this.#timer = this.#environment.after(delayMs, () => {
      if (this.#host.lead() !== NONE) return;
      this.#host.campaign();
      if (attempt === ATTEMPTS) return;
      // Those that stood in each other's way draw from a longer time each time.
      this.#stand(TURN_MS * (1 + 2 * attempt * this.#environment.random()), attempt + 1);
    });
  }
}

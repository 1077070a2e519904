/**
 * Whether a peer knows whom its house lets in. One that has just started has what its disk holds, and not yet what was agreed on: before
 * its first read of that, whom it does not know may well be known to the house.
 */
import type { Cluster } from "../../cluster/face.ts";
import type { SharedState } from "../../cluster/consensus/shared-state.ts";

const READ_MS = 5_000;
const AGAIN_MS = 250;

export class Current {
  readonly #cluster: Pick<Cluster, "belonging" | "shared" | "onChange">;
  readonly #stop: () => void;
  /** What was read since the peer belongs to it. */
  #read: SharedState | undefined;
  #reading: SharedState | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(cluster: Pick<Cluster, "belonging" | "shared" | "onChange">) {
    this.#cluster = cluster;
    this.#stop = cluster.onChange(() => this.#look());
    this.#look();
  }

  /** Who is not known now is nobody. */
  get isKnown(): boolean {
    const { belonging, shared } = this.#cluster;
    if (belonging === "looking") return false;
    return belonging !== "member" || (shared !== undefined && shared === this.#read);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stop();
  }

  #look(): void {
    const { shared } = this.#cluster;
    if (this.#isClosed || shared === undefined || shared === this.#read || shared === this.#reading) return;
    this.#reading = shared;
    clearTimeout(this.#timer);
    void this.#readFrom(shared);
  }

  async #readFrom(shared: SharedState): Promise<void> {
    const { outcome } = await shared.read({ timeoutMs: READ_MS });
    if (this.#reading !== shared) return;
    this.#reading = undefined;
    if (outcome === "readable") this.#read = shared;
    // Nobody leads yet, or it cannot be reached.
    else if (!this.#isClosed) this.#timer = setTimeout(() => this.#look(), AGAIN_MS).unref();
  }
}

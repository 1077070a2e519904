/** The peers of the house: asked for when there is a connection and now and then, told when they are others. */
import type { NodeSummary } from "../protocol/query.ts";

/** Between one look and the next. */
const LOOK_EVERY_MS = 60_000;
const LOOK_WITHIN_MS = 10_000;

/** What the watch needs of the client. */
export interface NodesGround {
  ask(signal: AbortSignal): Promise<readonly NodeSummary[]>;
  /** Addresses of peers, and which of those hand over what they do. */
  learn(urls: readonly string[], draining: readonly string[]): void;
  updated(nodes: readonly NodeSummary[]): void;
}

export class NodeWatch {
  readonly #ground: NodesGround;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: AbortController | undefined;
  #last = "";

  constructor(ground: NodesGround) {
    this.#ground = ground;
  }

  /** Looks now, and then now and then. */
  look(): void {
    this.stop();
    const looking = new AbortController();
    this.#looking = looking;
    void this.#look(AbortSignal.any([looking.signal, AbortSignal.timeout(LOOK_WITHIN_MS)]));
    this.#timer = setTimeout(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#looking?.abort();
  }

  async #look(signal: AbortSignal): Promise<void> {
    let nodes: readonly NodeSummary[];
    try {
      nodes = await this.#ground.ask(signal);
    } catch {
      // Not every client may ask, nor every peer answer: then what is known has to do until the next look.
      return;
    }
    const online = nodes.filter(({ status }) => status === "online");
    const urls = online.flatMap((node) => node.urls ?? []);
    const draining = online.flatMap((node) => (node.isDraining === true ? (node.urls ?? []) : []));
    // A house that does not know where clients reach it takes nothing away.
    if (urls.length > 0) this.#ground.learn(urls, draining);
    // Round trips change all the time; that is no news.
    const now = JSON.stringify(nodes.map((node) => ({ ...node, roundTripMs: 0, lastSeenMs: 0 })));
    if (now === this.#last) return;
    this.#last = now;
    this.#ground.updated(nodes);
  }
}

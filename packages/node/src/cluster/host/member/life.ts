/** Load and liveness, by gossip: never through the log. Each member says now and then that it lives, and how it fares. */
import { loadavg } from "node:os";
import * as z from "zod";
import type { Logger } from "pino";
import type { Topics } from "../../../mesh/host/topics.ts";
import { atWholeBeats } from "../../../mesh/host/whole-beats.ts";
import type { Links } from "../../../mesh/links/links.ts";
import { read, write } from "../bytes.ts";

export const LIFE_TOPIC = "/parley/life/1";

/** Each is signed, and verified by all: at 2 s that was a tenth of what an idle peer costs. Whom a peer is linked with lives anyway. */
const EVERY_MS = 10_000;

const signSchema = z.strictObject({
  format: z.literal(1),
  /** Of the machine, by its cores: 1 is all of it. */
  load: z.number().min(0).max(1_000),
  rssBytes: z.number().min(0),
  uptimeSeconds: z.number().min(0),
  term: z.int().min(0),
  /** Whom it takes for prime in that term. */
  prime: z.string().max(128).nullable(),
});

/** What a member said last. */
export type SignOfLife = Omit<z.output<typeof signSchema>, "format">;

export interface LifeOptions {
  readonly topics: Topics;
  readonly links: Pick<Links, "onEvent" | "current">;
  readonly prime: () => { readonly leader: string | undefined; readonly term: number };
  readonly log: Logger;
  readonly cores: number;
  readonly everyMs?: number;
  /** Does something each so many ms until the result is called; at whole beats when absent. */
  readonly repeat?: typeof atWholeBeats;
}

export class Life {
  readonly #options: LifeOptions;
  readonly #seenMs = new Map<string, number>();
  readonly #signs = new Map<string, SignOfLife>();
  readonly #stops: (() => void)[];
  readonly #stopSaying: () => void;

  constructor(options: LifeOptions) {
    this.#options = options;
    const { topics, links, everyMs = EVERY_MS, repeat = atWholeBeats } = options;
    this.#stops = [
      topics.subscribe(LIFE_TOPIC, {
        accepts: (bytes) => read(signSchema, bytes) !== undefined,
        receive: (bytes, from) => this.#heard(bytes, from),
      }),
      links.onEvent((event) => event.type !== "refused" && this.#seenMs.set(event.link.peer, Date.now())),
    ];
    this.#stopSaying = repeat(everyMs, () => void this.#say());
  }

  /** When a peer was last heard of, in this life of this one. Epoch. */
  lastSeenMs(peer: string): number | undefined {
    return this.#options.links.current(peer) === undefined ? this.#seenMs.get(peer) : Date.now();
  }

  signOf(peer: string): SignOfLife | undefined {
    return this.#signs.get(peer);
  }

  forget(peer: string): void {
    this.#seenMs.delete(peer);
    this.#signs.delete(peer);
  }

  close(): void {
    this.#stopSaying();
    for (const stop of this.#stops) stop();
  }

  #heard(bytes: Uint8Array, from: string): void {
    const sign = read(signSchema, bytes);
    if (sign === undefined) return;
    const { format: _, ...said } = sign;
    this.#signs.set(from, said);
    this.#seenMs.set(from, Date.now());
  }

  async #say(): Promise<void> {
    const { topics, prime, cores, log } = this.#options;
    const { leader, term } = prime();
    const sign = {
      format: 1,
      load: Math.min(1_000, (loadavg()[0] ?? 0) / cores),
      rssBytes: process.memoryUsage.rss(),
      uptimeSeconds: Math.round(process.uptime()),
      term,
      prime: leader ?? null,
    };
    try {
      await topics.publish(LIFE_TOPIC, write(sign));
    } catch (error) {
      // Said again soon, and it is no news that nobody listens.
      log.debug({ err: error }, "a sign of life was not sent");
    }
  }
}

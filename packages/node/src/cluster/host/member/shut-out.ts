/**
 * Whether this peer was revoked while it could not hear it. A member that refuses the link with this one is asked at its door;
 * what it says counts, because it has proven to be that member (Noise) and who was revoked is so for ever. One that was itself
 * revoked, on the other side of a partition, could say so too: therefore two have to, where this peer knows two.
 */
import type { Logger } from "pino";
import { messageOf } from "../../../errors.ts";
import type { Links } from "../../../mesh/links/links.ts";
import type { Place } from "../joining/visits.ts";
import type { Roster } from "./roster.ts";

export interface ShutOutOptions {
  readonly roster: Pick<Roster, "members" | "self">;
  readonly links: Pick<Links, "status" | "current">;
  /** Asks that member whether it has heard that this peer was revoked by its cluster. @throws when there is no answer */
  readonly isRevokedSays: (place: Place, signal: AbortSignal) => Promise<boolean>;
  /** What is known has changed. */
  readonly changed: () => void;
  /** It was revoked. */
  readonly revoked: () => void;
  readonly log: Logger;
  readonly times?: ShutOutTimes;
}

export interface ShutOutTimes {
  readonly lookEveryMs: number;
  /** Between two questions to one member; doubled up to `rarelyMs` while it says nothing new. */
  readonly againMs: number;
  readonly rarelyMs: number;
}

const TIMES: ShutOutTimes = { lookEveryMs: 1_000, againMs: 2_000, rarelyMs: 60_000 };

/** As many members have to say it, where this peer knows so many. */
const WITNESSES = 2;

interface Asked {
  readonly dueMs: number;
  readonly pauseMs: number;
}

export class ShutOut {
  readonly #options: ShutOutOptions;
  readonly #times: ShutOutTimes;
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #accusers = new Set<string>();
  readonly #asked = new Map<string, Asked>();
  #isAsking = false;

  constructor(options: ShutOutOptions) {
    this.#options = options;
    this.#times = options.times ?? TIMES;
    this.#timer = setInterval(() => void this.#look(), this.#times.lookEveryMs);
  }

  /** Members that say that this peer was revoked, and have no link with it. */
  get accusers(): readonly string[] {
    const { roster, links } = this.#options;
    return [...this.#accusers].filter((peer) => roster.members.has(peer) && links.current(peer) === undefined);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#over.abort();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (this.#isAsking) return;
    const { links, roster } = this.#options;
    const nowMs = performance.now();
    const due = links
      .status()
      .find(
        ({ peer, state, isShutOut }) =>
          isShutOut && state !== "up" && roster.members.has(peer) && (this.#asked.get(peer)?.dueMs ?? 0) <= nowMs,
      );
    if (due === undefined) return;
    const before = this.#asked.get(due.peer)?.pauseMs ?? this.#times.againMs / 2;
    const pauseMs = Math.min(this.#times.rarelyMs, before * 2);
    this.#isAsking = true;
    try {
      await this.#ask(due.peer, due.addresses);
    } finally {
      this.#isAsking = false;
      this.#asked.set(due.peer, { dueMs: performance.now() + pauseMs, pauseMs });
    }
  }

  async #ask(peer: string, addresses: readonly string[]): Promise<void> {
    const { isRevokedSays, log, changed, revoked, roster } = this.#options;
    try {
      const says = await isRevokedSays({ peer, addresses }, this.#over.signal);
      if (this.#over.signal.aborted || says === this.#accusers.has(peer)) return;
      if (says) this.#accusers.add(peer);
      else this.#accusers.delete(peer);
      log.warn({ remote: peer, revoked: says }, "a member that refuses this peer was asked whether it was revoked");
      if (this.accusers.length >= Math.min(WITNESSES, roster.members.size - 1)) revoked();
      else changed();
    } catch (error) {
      log.debug({ remote: peer, why: messageOf(error) }, "a member that refuses this peer did not say why");
    }
  }
}

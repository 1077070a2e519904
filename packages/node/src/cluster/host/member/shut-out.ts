/**
 * Whether this peer was revoked, or let go as it had asked, while it could not hear it. A member that refuses the link with
 * this one is asked at its door; what it says counts, because it has proven to be that member (Noise) and who has ceased to
 * belong does so for ever under that number. One that was itself revoked, on the other side of a partition, could say so too:
 * therefore two have to, where this peer knows two.
 *
 * Who says nothing of that may have gone on without this peer, as a cluster of its own: that is seen at its door, and only told.
 */
import type { Logger } from "pino";
import { messageOf } from "../../../errors.ts";
import { atWholeBeats } from "../../../mesh/host/whole-beats.ts";
import type { Links } from "../../../mesh/links/links.ts";
import type { Place } from "../joining/visits.ts";
import type { Roster } from "./roster.ts";

export type Ending = "left" | "revoked";

export interface ShutOutOptions {
  readonly roster: Pick<Roster, "members" | "self" | "cluster">;
  readonly links: Pick<Links, "status" | "current">;
  /** Asks that member how this peer has ceased to belong; undefined: it has not. @throws when there is no answer */
  readonly endingAsTold: (place: Place, signal: AbortSignal) => Promise<Ending | undefined>;
  /** The cluster that is shown at that door. @throws when there is no answer */
  readonly shownAt: (place: Place, signal: AbortSignal) => Promise<string | undefined>;
  /** What is known has changed. */
  readonly changed: () => void;
  /** It belongs no more. */
  readonly ended: (how: Ending) => void;
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

/** A member that shows another cluster. */
export interface MovedOn {
  readonly peer: string;
  readonly cluster: string;
}

interface Asked {
  readonly dueMs: number;
  readonly pauseMs: number;
}

export class ShutOut {
  readonly #options: ShutOutOptions;
  readonly #times: ShutOutTimes;
  readonly #over = new AbortController();
  readonly #stopLooking: () => void;
  /** Members, and what they say. */
  readonly #told = new Map<string, Ending>();
  /** Members, and the other cluster that they show. */
  readonly #shown = new Map<string, string>();
  readonly #asked = new Map<string, Asked>();
  #isAsking = false;

  constructor(options: ShutOutOptions) {
    this.#options = options;
    this.#times = options.times ?? TIMES;
    this.#stopLooking = atWholeBeats(this.#times.lookEveryMs, () => void this.#look());
  }

  /** Members that say that this peer was revoked, and have no link with it. */
  get accusers(): readonly string[] {
    return this.#witnesses().filter((peer) => this.#told.get(peer) === "revoked");
  }

  /** Members that show another cluster, and have no link with this peer. */
  get movedOn(): readonly MovedOn[] {
    const all = [...this.#shown].map(([peer, cluster]) => ({ peer, cluster }));
    return all.filter(({ peer }) => this.#isApart(peer));
  }

  close(): void {
    this.#stopLooking();
    this.#over.abort();
  }

  /** Members that say that it belongs no more, and have no link with it. */
  #witnesses(): readonly string[] {
    return [...this.#told.keys()].filter((peer) => this.#isApart(peer));
  }

  #isApart(peer: string): boolean {
    const { roster, links } = this.#options;
    return roster.members.has(peer) && links.current(peer) === undefined;
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
    const { endingAsTold, log, changed, ended, roster } = this.#options;
    const place = { peer, addresses };
    try {
      const told = await endingAsTold(place, this.#over.signal);
      if (told === undefined) await this.#lookAt(peer, place);
      else this.#shown.delete(peer);
      if (this.#over.signal.aborted || told === this.#told.get(peer)) return;
      if (told === undefined) this.#told.delete(peer);
      else this.#told.set(peer, told);
      log.warn({ remote: peer, ending: told }, "a member that refuses this peer was asked whether it still belongs");
      const witnesses = this.#witnesses();
      if (witnesses.length < Math.min(WITNESSES, roster.members.size - 1)) changed();
      // Who was let go may come back: where they differ, that is the milder one.
      else ended(witnesses.some((witness) => this.#told.get(witness) === "left") ? "left" : "revoked");
    } catch (error) {
      log.debug({ remote: peer, why: messageOf(error) }, "a member that refuses this peer did not say why");
    }
  }

  /** @throws when there is no answer */
  async #lookAt(peer: string, place: Place): Promise<void> {
    const { shownAt, log, changed, roster } = this.#options;
    const cluster = await shownAt(place, this.#over.signal);
    const other = cluster === roster.cluster ? undefined : cluster;
    if (this.#over.signal.aborted || other === this.#shown.get(peer)) return;
    if (other === undefined) this.#shown.delete(peer);
    else this.#shown.set(peer, other);
    log.warn(
      { remote: peer, shows: cluster },
      "a member that refuses this peer shows another cluster, or does no more",
    );
    changed();
  }
}

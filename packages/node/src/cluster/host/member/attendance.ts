/** Keeps links with exactly those who belong: as the replicated state says, from the moment it says so. */
import type { NodeId } from "@parley/raft";
import type { MeshHost } from "../../../mesh/host/mesh-host.ts";
import type { Links } from "../../../mesh/links/links.ts";
import type { Roster } from "./roster.ts";

export interface AttendanceOptions {
  readonly host: Pick<MeshHost, "standingChanged">;
  readonly links: Pick<Links, "add" | "remove" | "learn">;
  readonly roster: Roster;
  /** Whether a number still counts in the log's configuration: its vote may be needed to be rid of it. */
  readonly counts: (node: NodeId) => boolean;
}

/** So long a member that left may stay linked while it counts. */
const LINGER_MS = 10_000;
const LOOK_EVERY_MS = 100;

export class Attendance {
  readonly #options: AttendanceOptions;
  /** Peers that there shall be a link with; with what was known of them. */
  readonly #present = new Map<string, { readonly node: NodeId; addresses: readonly string[] }>();
  readonly #lingering = new Map<string, { readonly node: NodeId; readonly untilMs: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AttendanceOptions) {
    this.#options = options;
  }

  /** Looks at who belongs now. */
  update(): void {
    const { roster, links, host } = this.#options;
    for (const { peer, node, addresses } of roster.members.values()) {
      if (peer === roster.self) continue;
      const known = this.#present.get(peer);
      if (known === undefined) {
        this.#lingering.delete(peer);
        roster.endLingering(peer);
        this.#present.set(peer, { node, addresses });
        host.standingChanged(peer);
        links.add(peer, addresses);
      } else if (known.addresses !== addresses) {
        known.addresses = addresses;
        links.learn(peer, addresses);
      }
    }
    for (const [peer, { node }] of this.#present) if (!roster.members.has(peer)) this.#gone(peer, node);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #gone(peer: string, node: NodeId): void {
    const { roster, counts } = this.#options;
    this.#present.delete(peer);
    if (roster.standingOf(peer) === "revoked" || !counts(node)) return this.#cut(peer);
    roster.letLinger(peer, node);
    this.#lingering.set(peer, { node, untilMs: performance.now() + LINGER_MS });
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    const { roster, counts } = this.#options;
    for (const [peer, { node, untilMs }] of this.#lingering) {
      const isOver = performance.now() >= untilMs || roster.standingOf(peer) === "revoked" || !counts(node);
      if (isOver) this.#cut(peer);
    }
    if (this.#lingering.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #cut(peer: string): void {
    const { roster, links, host } = this.#options;
    this.#lingering.delete(peer);
    roster.endLingering(peer);
    links.remove(peer);
    host.standingChanged(peer);
  }
}

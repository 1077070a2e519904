/**
 * What a member owes the cluster: its record, when that has changed; its word that it refuses who was revoked, and that it is
 * awake; and, as prime, a new mesh key once somebody who left knows the old one, and newer commands once all know them. Proposed one at a time, again later where nobody could agree.
 */
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { isPeerError } from "../../../errors.ts";
import type { SharedState } from "../../consensus/shared-state.ts";
import { awake, expellerOf, isExpelled, restsVote, sleepersIn } from "../../membership/sleep.ts";
import type { ClusterState } from "../../state/model.ts";
import { KNOWN_VERSION } from "../../state/versions.ts";
import type { ClusterCommand, NodeRecord } from "../../state/schemas.ts";
import type { HouseSecrets } from "./house-secrets.ts";
import type { MeshIdentity } from "./mesh-identity.ts";

const AGAIN_MS = 1_000;
const TIMEOUT_MS = 5_000;
/** Longer than a revocation takes (expulsion.ts): whoever lost its vote for one that came to nothing gets it back. */
const SPARED_AFTER_MS = 60_000;

export interface DutiesOptions {
  readonly self: string;
  readonly shared: SharedState;
  readonly identity: MeshIdentity;
  readonly secrets: Pick<HouseSecrets, "due">;
  /** What this peer says of itself now. */
  readonly record: () => NodeRecord;
  /** It sleeps, or leaves: then it does not say that it is awake. */
  readonly isGoing: () => boolean;
  readonly log: Logger;
  /** Default one minute. */
  readonly sparedAfterMs?: number;
}

export class Duties {
  readonly #options: DutiesOptions;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;
  #isStopped = false;
  /** Since when this prime has seen that they are to be revoked. */
  readonly #expelled = new Map<string, number>();

  constructor(options: DutiesOptions) {
    this.#options = options;
  }

  /** Looks now, and every second from then on: what this peer says of itself changes without anybody being told. */
  look(): void {
    if (this.#isBusy || this.#isStopped) return;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    void this.#run().finally(() => {
      this.#isBusy = false;
      if (!this.#isStopped) this.#timer = setTimeout(() => this.look(), AGAIN_MS);
    });
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Until nothing is due, or nobody agrees. Never rejects. */
  async #run(): Promise<void> {
    const { shared, log } = this.#options;
    try {
      for (;;) {
        const command = this.#due();
        if (command === undefined || this.#isStopped) return;
        const submitted = await shared.submit(command, { timeoutMs: TIMEOUT_MS });
        if (submitted.outcome === "done") continue;
        log.debug({ command: command.type, ...submitted }, "a duty was not done; it is tried again");
        return;
      }
    } catch (error) {
      if (!isPeerError(error, "seal-broken")) throw error;
      log.warn({ err: error }, "the mesh's key cannot be renewed by this peer");
    }
  }

  #due(): ClusterCommand | undefined {
    const { self, shared, record, identity, secrets, isGoing } = this.#options;
    const state = shared.now;
    if (!state.members.has(self)) return undefined;
    const unacknowledged = unacknowledgedIn(state, self);
    if (unacknowledged !== undefined) return { type: "acknowledge", peer: unacknowledged, by: self };
    if (restsVote(state, self) && !isExpelled(state, self) && !isGoing()) return awake(self);
    const own = record();
    const isNews = !isDeepStrictEqual(state.records.get(self), own) || state.members.get(self)?.knows !== KNOWN_VERSION;
    if (isNews) {
      return { type: "describe", peer: self, knows: KNOWN_VERSION, record: own };
    }
    const { leader, term } = shared.consensus.leadership.current();
    const unsealed = secrets.due(leader);
    if (unsealed !== undefined) return unsealed;
    if (leader !== self) return undefined;
    return identity.rotation(term) ?? forgottenSleeper(state) ?? this.#spared(state) ?? newerVersion(state);
  }

  /** Whom somebody wanted to revoke, and did not: at once where that one may not any more, for it belongs no more itself. */
  #spared(state: ClusterState): ClusterCommand | undefined {
    const { sparedAfterMs = SPARED_AFTER_MS } = this.#options;
    const expelled = sleepersIn(state).filter((peer) => isExpelled(state, peer));
    for (const peer of this.#expelled.keys()) if (!expelled.includes(peer)) this.#expelled.delete(peer);
    const nowMs = performance.now();
    for (const peer of expelled) {
      const sinceMs = this.#expelled.get(peer) ?? nowMs;
      this.#expelled.set(peer, sinceMs);
      const mayRevoke = state.members.has(expellerOf(state, peer) ?? "");
      if (!mayRevoke || nowMs - sinceMs > sparedAfterMs) return awake(peer);
    }
    return undefined;
  }
}

/** Who left while it slept, or fell asleep to leave. */
function forgottenSleeper(state: ClusterState): ClusterCommand | undefined {
  const gone = sleepersIn(state).find((peer) => !state.members.has(peer));
  return gone === undefined ? undefined : awake(gone);
}

function unacknowledgedIn({ revoked }: ClusterState, self: string): string | undefined {
  for (const { peer, acknowledged } of revoked.values()) if (!acknowledged.includes(self)) return peer;
  return undefined;
}

/** Newer commands come into force as soon as every member knows them. */
function newerVersion({ version, members }: ClusterState): ClusterCommand | undefined {
  const to = Math.min(KNOWN_VERSION, ...[...members.values()].map(({ knows }) => knows));
  return to > version ? { type: "raise-version", to } : undefined;
}

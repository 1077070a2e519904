/**
 * Fencing: owners and leaders may be paused and wake up still believing that they are. So everything they do carries a stamp,
 * and whatever stores, sends to a client or runs a tool asks a fence first. What makes this sound:
 *
 * - the tokens of a scope only grow, and no two owners ever have the same (terms come from consensus, epochs from the table);
 * - the fence is asked in the same step in which the effect is carried out, and lives as long as what it guards: a durable sink
 *   keeps {@link Fence.entries} with its contents;
 * - a new owner shows its stamp at the sink before it reads there: from then on the old one can change nothing any more.
 */
import { ActorError } from "../errors.ts";

/** Who does something, as far as a fence wants to know. */
export interface Stamp {
  /** What is owned: one shard, one singleton. */
  readonly scope: string;
  readonly kind: "epoch" | "term";
  /** Whole numbers from 0; the newest owner has the greatest. */
  readonly token: number;
}

const MAX_SCOPES = 65_536;

export class Fence {
  readonly #newest: Map<string, number>;
  readonly #maxScopes: number;

  /** @param known from an earlier life of the sink */
  constructor(known: Iterable<readonly [scope: string, token: number]> = [], maxScopes = MAX_SCOPES) {
    this.#newest = new Map(known);
    this.#maxScopes = maxScopes;
  }

  /**
   * Says why an effect is not accepted: ActorError `stale-epoch` or `stale-term` when somebody newer was here, `bad-message`
   * for what is no stamp, `too-large` when there are too many scopes: none is ever forgotten.
   */
  admit({ scope, kind, token }: Stamp): ActorError | undefined {
    if (!Number.isSafeInteger(token) || token < 0) return new ActorError("bad-message", `${token} is no ${kind}`);
    const newest = this.#newest.get(scope);
    if (newest === undefined && this.#newest.size >= this.#maxScopes) {
      return new ActorError("too-large", `a fence for ${this.#maxScopes} scopes takes no more`);
    }
    if (newest !== undefined && token < newest) {
      return new ActorError(`stale-${kind}`, `${scope} has ${kind} ${newest} by now: nothing of ${token} is accepted`);
    }
    this.#newest.set(scope, token);
    return undefined;
  }

  /** The newest that was admitted. */
  newest(scope: string): number | undefined {
    return this.#newest.get(scope);
  }

  entries(): readonly (readonly [scope: string, token: number])[] {
    return [...this.#newest];
  }
}

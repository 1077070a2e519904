/** The pairs that the cluster agrees on. */
import { PeerError } from "../../errors.ts";
import type { SharedState, Submitted } from "../consensus/shared-state.ts";
import type { PostponedCommand } from "../state/schemas.ts";
import type { PairCondition, Pairs, PairWrite, WrittenPair } from "./port.ts";
import { afterPrefix } from "./prefix.ts";

const SUBMIT_MS = 10_000;

/** The pairs of the cluster that `shared` is the state of. */
export class ClusterPairs implements Pairs {
  readonly #shared: SharedState;
  readonly #timeoutMs: number;

  constructor(shared: SharedState, timeoutMs = SUBMIT_MS) {
    this.#shared = shared;
    this.#timeoutMs = timeoutMs;
  }

  get(key: string): WrittenPair | undefined {
    return this.#shared.now.pairs.get(key);
  }

  range(prefix: string): Iterable<readonly [string, WrittenPair]> {
    return this.#shared.now.pairs.range({ from: prefix, to: afterPrefix(prefix) });
  }

  async put(key: string, value: Uint8Array, condition: PairCondition = {}): Promise<PairWrite> {
    return this.#submit({ type: "put", key, value, ...when(condition) });
  }

  async delete(key: string, condition: PairCondition = {}): Promise<PairWrite> {
    const written = await this.#submit({ type: "delete", key, ...when(condition) });
    return written.outcome === "written" ? { outcome: "written", revision: 0 } : written;
  }

  watch(prefix: string, changed: () => void): () => void {
    let before = this.#revisionsOf(prefix);
    return this.#shared.watch(
      ({ pairs }) => pairs,
      () => {
        const now = this.#revisionsOf(prefix);
        if (now === before) return;
        before = now;
        changed();
      },
    );
  }

  /** Whatever changes one of them changes this: revisions only rise, and each belongs to one key. */
  #revisionsOf(prefix: string): string {
    let newest = 0;
    let count = 0;
    for (const [, { revision }] of this.range(prefix)) {
      newest = Math.max(newest, revision);
      count += 1;
    }
    return `${count} ${newest}`;
  }

  async #submit(command: PostponedCommand): Promise<PairWrite> {
    const submitted = await this.#shared.submit(command, { timeoutMs: this.#timeoutMs });
    if (submitted.outcome === "done") return { outcome: "written", revision: submitted.value };
    if (submitted.outcome === "refused" && submitted.reason === "mismatch") {
      return { outcome: "conflict", detail: submitted.detail };
    }
    throw notWritten(submitted);
  }
}

function when({ revision }: PairCondition): { when?: { revision: number } } {
  return revision === undefined ? {} : { when: { revision } };
}

function notWritten(submitted: Exclude<Submitted, { outcome: "done" }>): PeerError {
  const isUsage = submitted.outcome === "refused" && ["malformed", "full", "too-large"].includes(submitted.reason);
  return new PeerError(isUsage ? "usage" : "no-quorum", `that was not written: ${submitted.detail}`, {
    nextStep: isUsage
      ? "Write less, or take away what is not needed any more."
      : "See how the cluster stands: parley status.",
  });
}

/** Looks at the nodes while they run: who leads, and whether two ever lead in one term. */
import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "@parley/raft/testing";
import type { NodeId } from "@parley/raft";

const POLL_MS = 50;
const ANSWER_MS = 200;

export class Observer {
  /** Terms that had a leader when somebody looked. */
  readonly #leaders = new Map<number, NodeId>();
  readonly violations: string[] = [];
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  get leaderChanges(): number {
    return Math.max(0, this.#leaders.size - 1);
  }

  /** The newest term that had a leader, and who that was. */
  get newest(): { readonly term: number; readonly leader: NodeId } | undefined {
    const term = Math.max(...this.#leaders.keys());
    const leader = this.#leaders.get(term);
    return leader === undefined ? undefined : { term, leader };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const { id, role, term } of await this.#cluster.statuses(ANSWER_MS)) {
        if (role === "leader") this.#note(term, id);
      }
      await delay(POLL_MS);
    }
  }

  #note(term: number, id: NodeId): void {
    const known = this.#leaders.get(term);
    if (known !== undefined && known !== id) {
      this.violations.push(`election safety: nodes ${known} and ${id} both lead in term ${term}`);
    }
    this.#leaders.set(term, known ?? id);
  }
}

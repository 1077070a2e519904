/** A cluster of three as the bench sees it, whatever runs in it. */
import type { Sweep } from "./sweep.ts";
import type { Endpoint } from "./target.ts";

export const NODES = 3;

/** Who leads, as all nodes agree. */
export interface Leadership {
  /** Which of the nodes, from 0. */
  readonly leader: number;
  readonly term: number;
}

/** Something that can be measured. */
export interface System {
  readonly name: string;
  /**
   * Starts three nodes, and waits until one leads; with `cuttable` so that {@link Cluster.cut} works. Undefined where
   * the machine does not allow that.
   */
  start(sweep: Sweep, options: { readonly cuttable: boolean }): Promise<Cluster | undefined>;
}

export interface Cluster {
  /** What clients talk to, of each node. */
  readonly endpoints: readonly Endpoint[];
  /** Process of each node; undefined when it does not run. */
  readonly pids: readonly (number | undefined)[];
  /** Waits until all nodes answer, agree on a leader, and have caught up with it. */
  settled(): Promise<Leadership>;
  /** Kill -9. It has died, or is about to, when this returns. */
  kill(node: number): void;
  /** Starts a node that was killed, on what it had. */
  restart(node: number): Promise<void>;
  /** Fulfilled when nothing passes between `node` and the other nodes any more, without a word to any of them. */
  cut(node: number): Promise<void>;
  mend(node: number): Promise<void>;
  /** Ends all processes and waits for that. */
  stop(): Promise<void>;
}

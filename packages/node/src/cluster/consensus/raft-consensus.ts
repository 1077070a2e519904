/** The engine that is built in: one node of @parley/raft behind the port. */
import type { Leadership } from "@parley/actors";
import {
  startNode,
  type NodeId,
  type NodeObserver,
  type NodeOptions,
  type RaftNode,
  type StateMachine,
} from "@parley/raft";
import { Bell } from "./bell.ts";
import { notDone, type Consensus, type ProposeOutcome, type ReadOutcome } from "./port.ts";
import { Proposing } from "./proposing.ts";
import { RaftLeadership } from "./raft-leadership.ts";

export interface RaftConsensusOptions extends NodeOptions {
  /** The peer that has this number; undefined while that is not known here. Asked again after each applied command. */
  readonly peerOf: (node: NodeId) => string | undefined;
}

/** Starts this peer's node. @throws as `startNode` of @parley/raft does; log and transport are closed then. */
export async function startRaftConsensus(options: RaftConsensusOptions): Promise<RaftConsensus> {
  const leadership = new RaftLeadership(options.peerOf);
  const applied = new Bell();
  // After a restart, too, names are known as soon as the snapshot is there.
  const changed = (): void => {
    leadership.look();
    applied.ring();
  };
  const node = await startNode({
    ...options,
    machine: heard(options.machine, changed),
    observer: withLeadership(options.observer ?? {}, leadership),
  });
  leadership.seen(node.status());
  return new RaftConsensus(node, leadership, applied);
}

export class RaftConsensus implements Consensus {
  /** For membership, status and operators. */
  readonly node: RaftNode;
  readonly leadership: Leadership;
  readonly #proposing: Proposing;
  readonly #applied: Bell;

  constructor(node: RaftNode, leadership: Leadership, applied: Bell) {
    this.node = node;
    this.leadership = leadership;
    this.#applied = applied;
    this.#proposing = new Proposing(node, leadership);
    // A node that had to stop by itself answers nothing any more.
    void node.stopped.then(() => this.#proposing.stop());
  }

  propose(command: Uint8Array, { timeoutMs }: { readonly timeoutMs: number }): Promise<ProposeOutcome> {
    return this.#proposing.propose(command, timeoutMs);
  }

  async read({ timeoutMs }: { readonly timeoutMs: number }): Promise<ReadOutcome> {
    const outcome = await this.node.read({ timeoutMs });
    if (outcome.outcome === "readable") return { outcome: "readable" };
    if (outcome.outcome === "not-leader") return notDone("no-quorum", "nobody leads");
    const { reason, detail } = outcome;
    return notDone(reason === "overloaded" || reason === "stopped" ? reason : "no-quorum", detail);
  }

  watch(applied: () => void): () => void {
    return this.#applied.watch(applied);
  }

  /** Hands leadership over and stops; this peer stays a member. May be called twice. */
  async stop(): Promise<void> {
    this.#proposing.stop();
    await this.node.stop();
  }
}

function heard(machine: StateMachine, changed: () => void): StateMachine {
  return {
    apply: (commands) => {
      const results = machine.apply(commands);
      changed();
      return results;
    },
    snapshot: () => machine.snapshot(),
    restore: async (contents) => {
      await machine.restore(contents);
      changed();
    },
  };
}

function withLeadership(observer: NodeObserver, leadership: RaftLeadership): NodeObserver {
  return {
    ...observer,
    // Of each step, and not only when the role changes: a term may pass without anybody else leading.
    readied: (ready, status) => {
      leadership.seen(status);
      observer.readied?.(ready, status);
    },
  };
}

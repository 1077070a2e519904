/** A few nodes on memory logs whose messages the test carries. */
import { RawNode } from "../../src/core/raw-node.ts";
import type { RaftOptions } from "../../src/core/options.ts";
import type { ReadState } from "../../src/core/node-state.ts";
import { NONE, type ConfState, type Message, type NodeId } from "../../src/core/types.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";

export type Given = Partial<Omit<RaftOptions, "id" | "storage">>;

/** Voters of a configuration that is not joint. */
export function simple(voters: readonly NodeId[], learners: readonly NodeId[] = []): ConfState {
  return { voters, votersOutgoing: [], learners, learnersNext: [], autoLeave: false };
}

/** One node and its log. */
export class Member {
  readonly id: NodeId;
  readonly log: MemoryLog;
  node: RawNode;
  readonly reads: ReadState[] = [];

  constructor(id: NodeId, log: MemoryLog, given: Given) {
    this.id = id;
    this.log = log;
    this.node = new RawNode({ electionTicks: 10, heartbeatTicks: 1, random: () => 0, ...given, id, storage: log });
  }

  /** Carries out what there is to do; the messages to others. */
  work(): Message[] {
    const out: Message[] = [];
    while (this.node.hasReady()) {
      const ready = this.node.ready();
      if (ready.snapshot !== undefined) this.log.applySnapshot(ready.snapshot);
      this.log.append(ready.entries);
      if (ready.hardState !== undefined) this.log.setHardState(ready.hardState);
      this.reads.push(...ready.readStates);
      out.push(...ready.messages);
      this.node.advance();
    }
    return out;
  }

  tick(times = 1): void {
    for (let i = 0; i < times; i += 1) this.node.tick();
  }
}

/** A log that begins with a snapshot at index 1, term 1, of that configuration. */
export function newLog(confState: ConfState): MemoryLog {
  const log = new MemoryLog();
  log.applySnapshot({ index: 1, term: 1, confState, data: new Uint8Array() });
  log.setHardState({ term: 1, vote: NONE, commit: 1 });
  return log;
}

export class Cluster {
  readonly members = new Map<NodeId, Member>();

  constructor(confState: ConfState, given: Given = {}) {
    const ids = new Set([...confState.voters, ...confState.votersOutgoing, ...confState.learners]);
    for (const id of ids) this.members.set(id, new Member(id, newLog(confState), given));
  }

  at(id: NodeId): Member {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`there is no member ${id}`);
    return member;
  }

  /** Carries messages until there are none. Those for which `passes` is false are lost. */
  settle(passes: (message: Message) => boolean = () => true): void {
    for (let round = 0; round < 1000; round += 1) {
      const messages = [...this.members.values()].flatMap((member) => member.work());
      if (messages.length === 0) return;
      for (const each of messages) if (passes(each)) this.members.get(each.to)?.node.step(each);
    }
    throw new Error("the cluster does not come to rest");
  }

  /** Lets `id` win an election. */
  elect(id: NodeId): RawNode {
    const { node } = this.at(id);
    node.campaign();
    this.settle();
    return node;
  }
}

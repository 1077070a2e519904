/** Several nodes of the shipped core on logs in memory, with every message in the open: what scripts act on. */
import {
  APPEND_THREAD,
  APPLY_THREAD,
  EMPTY_CONF_STATE,
  isLocalTarget,
  isRaftError,
  MemoryLog,
  message,
  RawNode,
  readConfChange,
  type ConfState,
  type Entry,
  type HardState,
  type LogReader,
  type Message,
  type NodeId,
  type RaftOptions,
  type Snapshot,
} from "../src/index.ts";

/** Nodes that still have something to say after this many rounds are in a loop. */
const MAX_ROUNDS = 2000;

/** A node and its storage. */
export interface ScriptNode {
  readonly id: NodeId;
  readonly raw: RawNode;
  readonly log: MemoryLog;
  readonly isAsync: boolean;
  readonly appendWork: Message[];
  readonly applyWork: Message[];
  /** The state machine: what it was after each applied entry; the newest is what snapshots are made of. */
  applied: Snapshot;
}

/** How a node starts. */
export interface NodeStart {
  readonly confState: ConfState;
  /** 0: with an empty log and no configuration. */
  readonly index: number;
  readonly content: string;
  readonly options: Partial<RaftOptions>;
}

/** A recipient of messages, or a black hole for them. */
export interface Recipient {
  readonly id: NodeId;
  readonly drop: boolean;
}

/** The nodes and what is on its way between them. */
export class Environment {
  readonly nodes: ScriptNode[] = [];
  messages: Message[] = [];
  /** Election ticks of nodes that start from now on. */
  readonly electionTicks = 3;

  addNode(start: NodeStart): void {
    const id = this.nodes.length + 1;
    const log = new MemoryLog();
    const snapshot: Snapshot = {
      index: start.index,
      term: start.index === 0 ? 0 : 1,
      confState: start.index === 0 ? EMPTY_CONF_STATE : start.confState,
      data: new TextEncoder().encode(start.content),
    };
    if (start.index > 0) log.applySnapshot(snapshot);
    const node: { applied: Snapshot } = { applied: snapshot };
    const raw = new RawNode({
      id,
      electionTicks: this.electionTicks,
      heartbeatTicks: 1,
      maxInflightMessages: Infinity,
      ...start.options,
      applied: start.index,
      // The snapshot that is sent is of the state machine as it is now, as applications make it.
      storage: withSnapshot(log, () => node.applied),
      random: () => 0,
    });
    const isAsync = start.options.asyncStorageWrites === true;
    this.nodes.push(Object.assign(node, { id, raw, log, isAsync, appendWork: [], applyWork: [] }));
  }

  node(id: NodeId): ScriptNode {
    const node = this.nodes[id - 1];
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  /** Carries out a node's Ready, or queues its parts for the storage threads. */
  processReady(node: ScriptNode): void {
    const ready = node.raw.ready();
    if (!node.isAsync) {
      persist(node, ready.hardState, ready.entries, ready.snapshot);
      applyEntries(node, ready.committedEntries);
    }
    for (const out of ready.messages) {
      if (out.to === APPEND_THREAD) node.appendWork.push(out);
      else if (out.to === APPLY_THREAD) node.applyWork.push(out);
      else this.messages.push(out);
    }
    if (!node.isAsync) node.raw.advance();
  }

  /** Runs one queued append. */
  processAppend(node: ScriptNode): void {
    const work = node.appendWork.shift();
    if (work === undefined) return;
    const { term, vote, commit } = work;
    const hasState = term !== 0 || vote !== 0 || commit !== 0;
    persist(node, hasState ? { term, vote, commit } : undefined, placed(work), work.snapshot);
    this.messages.push(...work.responses);
  }

  /** Runs one queued application. */
  processApply(node: ScriptNode): void {
    const work = node.applyWork.shift();
    if (work === undefined) return;
    applyEntries(node, placed(work));
    this.messages.push(...work.responses);
  }

  /** Delivers what is on its way to `recipients`, of `type` only if one is given. */
  deliver(recipients: readonly Recipient[], type?: string): number {
    let count = 0;
    for (const { id, drop } of recipients) {
      const [taken, rest] = this.#split(id, type, drop);
      this.messages = rest;
      count += taken.length;
      if (drop) continue;
      for (const each of taken) tolerate(() => this.node(id).raw.step(each));
    }
    return count;
  }

  /** Repeats processing and delivering among `nodes` until nothing changes. */
  stabilize(nodes: readonly ScriptNode[]): void {
    let rounds = 0;
    for (let changed = true; changed;) {
      changed = false;
      rounds += 1;
      if (rounds > MAX_ROUNDS) throw new Error(`the nodes did not come to rest within ${MAX_ROUNDS} rounds`);
      for (const node of nodes) {
        if (!node.raw.hasReady()) continue;
        changed = true;
        this.processReady(node);
      }
      for (const { id } of nodes) if (this.deliver([{ id, drop: false }]) > 0) changed = true;
      for (const node of nodes) {
        for (; node.appendWork.length > 0; changed = true) this.processAppend(node);
      }
      for (const node of nodes) {
        for (; node.applyWork.length > 0; changed = true) this.processApply(node);
      }
    }
  }

  /** Puts a snapshot of `from` on its way. */
  sendSnapshot(from: ScriptNode, to: NodeId): void {
    const { term } = from.raw.status();
    this.messages.push(message({ type: "snapshot", from: from.id, to, term, snapshot: from.applied }));
  }

  #split(to: NodeId, type: string | undefined, drop: boolean): [Message[], Message[]] {
    const [taken, rest]: [Message[], Message[]] = [[], []];
    for (const each of this.messages) {
      // A node's own storage cannot be cut off from it.
      const isLocal = each.from === each.to || isLocalTarget(each.from) || isLocalTarget(each.to);
      const isMeant = each.to === to && !(drop && isLocal) && (type === undefined || each.type === type);
      (isMeant ? taken : rest).push(each);
    }
    return [taken, rest];
  }
}

/** Runs `action`; refusals of the core are part of a script's course. */
export function tolerate(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isRaftError(error)) throw error;
  }
}

function persist(
  node: ScriptNode,
  hardState: HardState | undefined,
  entries: readonly Entry[],
  snapshot: Snapshot | undefined,
): void {
  if (hardState !== undefined) node.log.setHardState(hardState);
  if (snapshot !== undefined) {
    node.log.applySnapshot(snapshot);
    node.applied = snapshot;
  }
  node.log.append(entries);
}

function applyEntries(node: ScriptNode, entries: readonly Entry[]): void {
  for (const entry of entries) {
    const change = readConfChange(entry);
    const confState = change === undefined ? node.applied.confState : node.raw.applyMembership(change);
    const added = change?.context ?? entry.data;
    const { index, term } = entry;
    node.applied = { index, term, confState, data: Buffer.concat([node.applied.data, added]) };
  }
}

function placed(work: Message): readonly Entry[] {
  return work.entries.filter((entry) => "index" in entry);
}

function withSnapshot(log: MemoryLog, snapshot: () => Snapshot): LogReader {
  return {
    initialState: () => log.initialState(),
    firstIndex: () => log.firstIndex(),
    lastIndex: () => log.lastIndex(),
    term: (index) => log.term(index),
    entries: (low, high, maxBytes) => log.entries(low, high, maxBytes),
    snapshot,
  };
}

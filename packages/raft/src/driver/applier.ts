/** Applies committed entries: commands to the state machine in batches, sessions, membership. */
import { readConfChange, type ConfChange } from "../core/conf-change.ts";
import type { ConfState, Entry, NodeId } from "../core/types.ts";
import { invariant, isRaftError } from "../errors.ts";
import type { SnapshotMeta } from "../storage/log-store.ts";
import { readEnvelope, readName, type Envelope, type ProposalName } from "./envelope.ts";
import type { NodeObserver, SessionTag } from "./node.ts";
import { SessionTable } from "./sessions.ts";
import type { Command, StateMachine } from "./state-machine.ts";
import { readDemotion } from "./rejoin.ts";
import { headChunk, splitHead, type DriverState } from "./snapshot-head.ts";

/** What became of a command. */
export type Verdict =
  | { readonly kind: "done"; readonly result: Uint8Array }
  | { readonly kind: "opened" }
  | { readonly kind: "no-session" }
  | { readonly kind: "acknowledged" };

export interface ApplyHost {
  readonly machine: StateMachine;
  readonly observer: NodeObserver;
  /** @throws RaftError `bad-membership-change`. */
  changeMembership(change: ConfChange): ConfState;
  applied(entry: Entry, name: ProposalName, verdict: Verdict): void;
  /** `now` is undefined for a change that was refused. */
  membershipApplied(entry: Entry, name: ProposalName | undefined, now: ConfState | undefined): void;
  /** An entry without a command: a new leader's. */
  emptyApplied(entry: Entry): void;
}

/** A command that waits for its batch. */
interface Batched {
  readonly entry: Entry;
  readonly envelope: Envelope & { readonly kind: "command" };
}

export class Applier {
  readonly #host: ApplyHost;
  #index: number;
  #term: number;
  #confState: ConfState;
  #membershipIndex: number;
  #sessions = new SessionTable();
  /** Members that were made learners because their log is in doubt, and are to vote again: for which doubt. Replicated. */
  #demoted = new Map<NodeId, number>();
  #batch: Batched[] = [];
  /** Sequences of sessions in the batch: a retry in the same batch has to wait for its result. */
  readonly #inBatch = new Set<string>();
  /** Since the last snapshot. */
  #entriesSince = 0;
  #bytesSince = 0;
  #isRestoring = false;
  #held: Entry[] = [];

  constructor(host: ApplyHost, start: SnapshotMeta) {
    this.#host = host;
    this.#index = start.index;
    this.#term = start.term;
    this.#confState = start.confState;
    this.#membershipIndex = start.index;
  }

  get index(): number {
    return this.#index;
  }

  get confState(): ConfState {
    return this.#confState;
  }

  /** Of the newest membership change; a snapshot from before it does not know all members. */
  get membershipIndex(): number {
    return this.#membershipIndex;
  }

  get demoted(): ReadonlyMap<NodeId, number> {
    return this.#demoted;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get sinceSnapshot(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entriesSince, bytes: this.#bytesSince };
  }

  /** Entries in the order of the log. Those that a snapshot has overtaken are passed over. */
  apply(entries: readonly Entry[]): void {
    if (this.#isRestoring) {
      this.#held.push(...entries);
      return;
    }
    for (const entry of entries) {
      if (entry.index <= this.#index + this.#batch.length) continue;
      invariant(
        entry.index === this.#index + this.#batch.length + 1,
        `entry ${entry.index} would be applied after ${this.#index + this.#batch.length}`,
      );
      this.#entriesSince += 1;
      this.#bytesSince += entry.data.length;
      this.#take(entry);
    }
    this.#flush();
  }

  /** The state as of now, to be read later. */
  capture(): { readonly meta: SnapshotMeta; readonly contents: AsyncIterable<Uint8Array> } {
    invariant(this.#batch.length === 0, "a snapshot may not be taken in the middle of a batch");
    const head = headChunk({ sessions: this.#sessions.encode(), demoted: [...this.#demoted] });
    const machine = this.#host.machine.snapshot();
    const meta = { index: this.#index, term: this.#term, confState: this.#confState };
    return { meta, contents: chunks(head, machine) };
  }

  snapshotTaken(): void {
    this.#entriesSince = 0;
    this.#bytesSince = 0;
  }

  /** Becomes a snapshot. Entries that come meanwhile wait. */
  async restore(meta: SnapshotMeta, contents: AsyncIterable<Uint8Array>): Promise<void> {
    this.#isRestoring = true;
    const { head, rest } = await splitHead(contents);
    await this.#host.machine.restore(rest);
    this.#adopt(meta, head);
    this.#isRestoring = false;
    this.#host.observer.restored?.(meta);
    const held = this.#held;
    this.#held = [];
    this.apply(held);
  }

  #adopt(meta: SnapshotMeta, head: DriverState): void {
    this.#sessions = SessionTable.decode(head.sessions);
    this.#demoted = new Map(head.demoted);
    this.#index = meta.index;
    this.#term = meta.term;
    this.#confState = meta.confState;
    this.#membershipIndex = meta.index;
    this.snapshotTaken();
  }

  #take(entry: Entry): void {
    if (entry.type !== "normal") {
      this.#flush();
      this.#changeMembership(entry);
      return;
    }
    if (entry.data.length === 0) {
      this.#flush();
      this.#pass(entry);
      this.#host.emptyApplied(entry);
      return;
    }
    const envelope = readEnvelope(entry.data);
    if (envelope.kind === "open-session") {
      this.#flush();
      this.#pass(entry);
      this.#sessions.open(entry.index, envelope.limit);
      this.#host.applied(entry, envelope, { kind: "opened" });
      return;
    }
    const { session } = envelope;
    if (session !== undefined && !this.#isNew(entry, envelope, session)) return;
    this.#batch.push({ entry, envelope });
  }

  /** False when the command of a session needs no carrying out, and was answered. */
  #isNew(entry: Entry, envelope: Envelope, tag: SessionTag): boolean {
    const key = `${tag.session}/${tag.sequence}`;
    if (this.#inBatch.has(key)) this.#flush();
    const standing = this.#sessions.look(tag);
    if (standing.kind === "new") {
      this.#inBatch.add(key);
      return true;
    }
    this.#flush();
    this.#pass(entry);
    this.#host.applied(entry, envelope, standing);
    return false;
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#inBatch.clear();
    const { observer, machine } = this.#host;
    if (observer.applying !== undefined) for (const { entry } of batch) observer.applying(entry);
    const commands = batch.map(({ entry: { index, term }, envelope: { command } }): Command => ({
      index,
      term,
      data: command,
    }));
    const results = machine.apply(commands);
    invariant(results.length === batch.length, `the state machine gave ${results.length} results for ${batch.length}`);
    for (const [i, { entry, envelope }] of batch.entries()) {
      const result = results[i];
      invariant(result !== undefined, "the state machine gave no result");
      this.#index = entry.index;
      this.#term = entry.term;
      observer.applied?.(entry);
      if (envelope.session !== undefined) this.#sessions.record(envelope.session, result);
      this.#host.applied(entry, envelope, { kind: "done", result });
    }
  }

  #changeMembership(entry: Entry): void {
    const change = readConfChange(entry);
    invariant(change !== undefined, "an entry of a membership change holds one");
    const { observer } = this.#host;
    observer.applying?.(entry);
    // The core may ask for a snapshot from within the change: it must not be one from before.
    this.#membershipIndex = entry.index;
    const now = this.#tryChange(change);
    if (now !== undefined) {
      this.#confState = now;
      for (const { node } of change.steps) this.#demoted.delete(node);
      const demoted = readDemotion(change);
      if (demoted !== undefined) this.#demoted.set(demoted.node, demoted.number);
    }
    this.#index = entry.index;
    this.#term = entry.term;
    observer.applied?.(entry);
    this.#host.membershipApplied(entry, readName(change.context), now);
  }

  #tryChange(change: ConfChange): ConfState | undefined {
    try {
      return this.#host.changeMembership(change);
    } catch (error) {
      // A change that would leave no voter is refused alike by everyone, and changes nothing.
      if (!isRaftError(error, "bad-membership-change")) throw error;
      return undefined;
    }
  }

  #pass(entry: Entry): void {
    const { observer } = this.#host;
    observer.applying?.(entry);
    this.#index = entry.index;
    this.#term = entry.term;
    observer.applied?.(entry);
  }
}

async function* chunks(
  head: Uint8Array,
  machine: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  yield head;
  yield* machine;
}

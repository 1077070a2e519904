/**
 * The loop that carries the core's Ready out: persist, send, apply, advance. It stands where the driver and the durable
 * store will stand: the world knows only {@link Peer} and {@link PeerHost}, and whoever implements the first on top of
 * the second can be put in its place.
 */
import type { ConfState, Entry, HardState, Message, RaftOptions, RawNode, Ready, Snapshot, Status } from "@parley/raft";
import type { Micros } from "../kit/timeline.ts";
import type { Core } from "./core.ts";
import type { Batch, LogImage } from "./image.ts";
import { Machine, type Command, type Session } from "./machine.ts";

const [APPEND_THREAD, APPLY_THREAD] = [-1, -2];

/** Where a node can be made to die between two of its steps. */
export type CrashPoint = "before-write" | "after-write" | "between-sends" | "before-apply" | "between-applies";

/** The node's disk: what can be read now, and ordered writes. */
export interface PeerDisk {
  readonly contents: LogImage;
  write(batch: Batch, isSynced: boolean, done: () => void): void;
}

/** What a node finds around it. Callbacks of a node that died are never called. */
export interface PeerHost {
  readonly core: Core;
  readonly disk: PeerDisk;
  after(delay: Micros, run: () => void): void;
  send(message: Message): void;
  /** True: the node has just died here. */
  dies(where: CrashPoint): boolean;
  applyLatency(): Micros;
  /** Told of everything that invariants look at. */
  readied(ready: Ready): void;
  applying(entry: Entry): void;
  applied(entry: Entry, outcome: (Command & Session) | undefined): void;
  restored(snapshot: Snapshot): void;
  read(name: string, machine: Machine): void;
}

/** One life of a node, from start to crash. */
export interface Peer {
  readonly machine: Machine;
  /** Whether the log that invariants were told of is the log the node has now. */
  readonly isSettled: boolean;
  status(): Status;
  tick(): void;
  step(message: Message): void;
  propose(data: Uint8Array): void;
  proposeMembership(change: Parameters<RawNode["proposeMembership"]>[0]): void;
  readIndex(name: string): void;
  transferLeadership(to: number): void;
  campaign(): void;
  reportSnapshot(id: number, arrived: boolean): void;
  reportUnreachable(id: number): void;
  /** Takes a snapshot and drops the log before it but for `trailing` entries. */
  compact(trailing: number): void;
}

export interface CarrierOptions extends Omit<RaftOptions, "storage" | "applied"> {
  /** Snapshots for followers are sometimes still being made. */
  readonly snapshotIsBusy: () => boolean;
}

export class Carrier implements Peer {
  readonly #host: PeerHost;
  readonly #raw: RawNode;
  readonly #isAsync: boolean;
  readonly machine = new Machine();
  #confState: ConfState;
  #writing = false;
  #pumping = false;
  #hardState: HardState;
  #applyQueue: Message[] = [];
  #reads: { readonly name: string; readonly index: number }[] = [];

  constructor(host: PeerHost, options: CarrierOptions) {
    this.#host = host;
    this.#isAsync = options.asyncStorageWrites === true;
    const { contents } = host.disk;
    const { snapshot, hardState } = contents;
    this.#hardState = hardState;
    this.#confState = snapshot.confState;
    if (snapshot.index > 0) this.machine.restore(snapshot);
    const { snapshotIsBusy, ...raftOptions } = options;
    this.#raw = new host.core.RawNode({
      ...raftOptions,
      applied: snapshot.index,
      storage: {
        initialState: () => host.disk.contents.initialState(),
        firstIndex: () => host.disk.contents.firstIndex(),
        lastIndex: () => host.disk.contents.lastIndex(),
        term: (index) => host.disk.contents.term(index),
        entries: (low, high, maxBytes) => host.disk.contents.entries(low, high, maxBytes),
        snapshot: () => {
          if (snapshotIsBusy()) throw new host.core.RaftError("snapshot-unavailable", "it is being made");
          return this.#snapshot();
        },
      },
    });
  }

  get isSettled(): boolean {
    return !this.#writing;
  }

  status(): Status {
    return this.#raw.status();
  }

  tick(): void {
    this.#do(() => this.#raw.tick());
  }

  step(message: Message): void {
    this.#do(() => this.#raw.step(message));
  }

  propose(data: Uint8Array): void {
    this.#do(() => this.#raw.propose(data));
  }

  proposeMembership(change: Parameters<RawNode["proposeMembership"]>[0]): void {
    this.#do(() => this.#raw.proposeMembership(change));
  }

  readIndex(name: string): void {
    this.#do(() => this.#raw.readIndex(new TextEncoder().encode(name)));
  }

  transferLeadership(to: number): void {
    this.#do(() => this.#raw.transferLeadership(to));
  }

  campaign(): void {
    this.#do(() => this.#raw.campaign());
  }

  reportSnapshot(id: number, arrived: boolean): void {
    this.#do(() => this.#raw.reportSnapshot(id, arrived));
  }

  reportUnreachable(id: number): void {
    this.#do(() => this.#raw.reportUnreachable(id));
  }

  compact(trailing: number): void {
    const { index } = this.machine;
    const { disk } = this.#host;
    if (index <= disk.contents.snapshot.index) return;
    const taken = this.#snapshot();
    this.#host.restored(taken);
    disk.write({ taken }, true, () => {
      disk.write({ compactTo: index - trailing }, false, () => {
        /* nobody waits for it */
      });
    });
  }

  #snapshot(): Snapshot {
    const { index, term } = this.machine;
    return { index, term, confState: this.#confState, data: this.machine.encode() };
  }

  /** Refusals are an everyday answer; broken invariants go through to the world. */
  #do(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!this.#host.core.isRaftError(error)) throw error;
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#writing && this.#raw.hasReady()) {
      const ready = this.#raw.ready();
      this.#host.readied(ready);
      for (const { index, context } of ready.readStates) {
        this.#reads.push({ index, name: new TextDecoder().decode(context) });
      }
      if (this.#isAsync) this.#carryOutAsync(ready);
      else this.#carryOut(ready);
      this.#serveReads();
    }
    this.#pumping = false;
  }

  #carryOut(ready: Ready): void {
    const { hardState, entries, snapshot: received } = ready;
    this.#writing = true;
    if (this.#host.dies("before-write")) return;
    if (hardState === undefined && entries.length === 0 && received === undefined) return this.#afterWrite(ready);
    this.#host.disk.write({ hardState, entries, received }, ready.mustSync, () => {
      if (!this.#host.dies("after-write")) this.#afterWrite(ready);
    });
  }

  #afterWrite(ready: Ready): void {
    if (ready.snapshot !== undefined) this.#install(ready.snapshot);
    for (const message of ready.messages) {
      this.#host.send(message);
      if (this.#host.dies("between-sends")) return;
    }
    if (ready.committedEntries.length > 0 && this.#host.dies("before-apply")) return;
    if (!this.#apply(ready.committedEntries)) return;
    this.#raw.advance();
    this.#writing = false;
    this.#serveReads();
    this.#pump();
  }

  #carryOutAsync(ready: Ready): void {
    for (const message of ready.messages) {
      if (message.to === APPEND_THREAD) this.#append(message);
      else if (message.to === APPLY_THREAD) this.#enqueueApply(message);
      else this.#host.send(message);
      if (this.#host.dies("between-sends")) {
        this.#writing = true;
        return;
      }
    }
  }

  #append(work: Message): void {
    const { term, vote, commit, snapshot: received } = work;
    const hasState = term !== 0 || vote !== 0 || commit !== 0;
    const hardState = hasState ? { term, vote, commit } : undefined;
    const entries = placed(work);
    const voted = hardState !== undefined && (term !== this.#hardState.term || vote !== this.#hardState.vote);
    if (hardState !== undefined) this.#hardState = hardState;
    const mustSync = voted || entries.length > 0 || received !== undefined || work.responses.length > 0;
    this.#host.disk.write({ hardState, entries, received }, mustSync, () => {
      if (this.#host.dies("after-write")) return;
      if (received !== undefined) this.#install(received);
      this.#deliver(work.responses);
    });
  }

  #enqueueApply(work: Message): void {
    this.#applyQueue.push(work);
    if (this.#applyQueue.length === 1) this.#host.after(this.#host.applyLatency(), () => this.#applyNext());
  }

  #applyNext(): void {
    const [work] = this.#applyQueue;
    if (work === undefined || this.#host.dies("before-apply")) return;
    if (!this.#apply(placed(work))) return;
    this.#applyQueue.shift();
    if (this.#applyQueue.length > 0) this.#host.after(this.#host.applyLatency(), () => this.#applyNext());
    this.#deliver(work.responses);
    this.#serveReads();
  }

  /** What storage's work has to say: to the node itself, and to others. */
  #deliver(responses: readonly Message[]): void {
    const { id } = this.#raw.status();
    for (const response of responses) {
      if (response.to !== id) this.#host.send(response);
      else this.#do(() => this.#raw.step(response));
    }
    this.#pump();
  }

  #install(snapshot: Snapshot): void {
    if (snapshot.index <= this.machine.index) return;
    this.machine.restore(snapshot);
    this.#confState = snapshot.confState;
    this.#host.restored(snapshot);
  }

  /** False when the node died on the way. */
  #apply(entries: readonly Entry[]): boolean {
    for (const entry of entries) {
      // A snapshot has overtaken what was on its way to be applied.
      if (entry.index <= this.machine.index) continue;
      this.#host.applying(entry);
      // The core may ask for a snapshot from within a membership change: it must find state and configuration of one index.
      const change = this.#host.core.readConfChange(entry);
      const confState = change === undefined ? this.#confState : this.#changeMembership(change);
      const outcome = this.machine.apply(entry);
      this.#confState = confState;
      this.#host.applied(entry, outcome);
      if (this.#host.dies("between-applies")) return false;
    }
    return true;
  }

  #changeMembership(change: Parameters<RawNode["applyMembership"]>[0]): ConfState {
    try {
      return this.#raw.applyMembership(change);
    } catch (error) {
      // A change that leaves no voter is refused alike by everyone, and changes nothing.
      if (!this.#host.core.isRaftError(error, "bad-membership-change")) throw error;
      return this.#confState;
    }
  }

  #serveReads(): void {
    if (this.#reads.length === 0) return;
    const ripe = this.#reads.filter(({ index }) => index <= this.machine.index);
    if (ripe.length === 0) return;
    this.#reads = this.#reads.filter(({ index }) => index > this.machine.index);
    for (const { name } of ripe) this.#host.read(name, this.machine);
  }
}

function placed(work: Message): readonly Entry[] {
  return work.entries.filter((entry) => "index" in entry);
}

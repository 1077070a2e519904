/**
 * What has truly happened, as an all-seeing observer writes it down: the log of every node, what is committed, which
 * configuration each index brings, and what the state machine must be. Invariants compare the nodes with it.
 */
import type { ConfState, Entry, Message, Ready, Snapshot, Status } from "@parley/raft";
import { demand } from "../kit/violation.ts";
import type { Core } from "./core.ts";
import type { LogImage } from "./image.ts";
import { Machine } from "./machine.ts";
import { changed } from "./membership-model.ts";

/** The log of one node, durable or not, from `base` on. */
export class Mirror {
  base = { index: 0, term: 0 };
  entries: Entry[] = [];

  reset(base: { readonly index: number; readonly term: number }, entries: readonly Entry[]): void {
    this.base = { index: base.index, term: base.term };
    this.entries = [...entries];
  }

  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const at = first.index - this.base.index - 1;
    demand(at >= 0 && at <= this.entries.length, "log-matching", () => `entry ${first.index} leaves a gap in the log`);
    this.entries.length = at;
    for (const entry of entries) this.entries.push(entry);
  }

  get lastIndex(): number {
    return this.base.index + this.entries.length;
  }

  get lastTerm(): number {
    return this.entries.at(-1)?.term ?? this.base.term;
  }

  at(index: number): Entry | undefined {
    return this.entries[index - this.base.index - 1];
  }

  /** 0: not known. */
  term(index: number): number {
    return index === this.base.index ? this.base.term : (this.at(index)?.term ?? 0);
  }
}

/** One node as invariants see it. */
export interface View {
  readonly id: number;
  readonly electionTicks: number;
  readonly checkQuorum: boolean;
  isUp: boolean;
  /** Now, and after the event before; a node's first of each life has none before. */
  status: Status;
  before: Status | undefined;
  readonly mirror: Mirror;
  /** Whether `mirror` is the log the node has this very moment. */
  isSettled: boolean;
  applied: number;
  durable: LogImage;
  /** Commit index up to which the chronicle has compared this life of the node. */
  compared: number;
  /** The term it led in since its last Ready; 0 for none. */
  led: number;
  ticksSinceLeader: number;
}

/** A completed operation of a client. */
export interface Outcome {
  readonly node: number;
  readonly key: number;
  /** What the register's length was known to be at least when the operation began, and when it ended. */
  readonly floor: number;
  readonly position: number;
  readonly index: number;
  readonly name: string;
}

/** One property. Each hook is called for one node, as soon as there is news of it, and throws a Violation. */
export interface Invariant {
  readonly name: string;
  /** After every event at the node. */
  state?(view: View): void;
  /** The node hands out work; `view.mirror` is still the log before it. */
  readied?(view: View, ready: Ready): void;
  /** The same, with `view.mirror` the log after it. */
  logged?(view: View, ready: Ready): void;
  /** A message leaves. */
  sent?(view: View, message: Message): void;
  /** A message is about to be taken in. */
  receiving?(view: View, message: Message): void;
  /** `index` is committed in `term`, and was not known to be before; all before it are in the chronicle. */
  committed?(view: View, index: number, term: number): void;
  /** The node is about to apply `entry`. */
  applying?(view: View, entry: Entry): void;
  /** It has, and its state machine has this digest now. */
  applied?(view: View, index: number, digest: number): void;
  /** The node took or installed a snapshot, or started from one. */
  snapshot?(view: View, snapshot: Snapshot): void;
  /** The node's disk after a sync or a crash. */
  durable?(view: View): void;
  started?(view: View): void;
  wrote?(outcome: Outcome): void;
  read?(outcome: Outcome): void;
  configured?(index: number, before: ConfState, after: ConfState): void;
}

interface Configured {
  readonly index: number;
  readonly conf: ConfState;
}

export class Chronicle {
  readonly views = new Map<number, View>();
  readonly #core: Core;
  readonly #founded: number;
  /** Committed entries, from the one after the founding snapshot on. */
  readonly committed: Entry[] = [];
  /** Digest of the state machine after each of them. */
  readonly #digests: number[] = [];
  readonly #model = new Machine();
  readonly configurations: Configured[];
  #invariants: readonly Invariant[] = [];

  constructor(core: Core, founding: Snapshot) {
    this.#core = core;
    this.#founded = founding.index;
    this.#model.restore(founding);
    this.#digests.push(this.#model.digest);
    this.configurations = [{ index: founding.index, conf: founding.confState }];
  }

  watchWith(invariants: readonly Invariant[]): void {
    this.#invariants = invariants;
  }

  get lastCommitted(): number {
    return this.#founded + this.committed.length;
  }

  committedAt(index: number): Entry | undefined {
    return this.committed[index - this.#founded - 1];
  }

  digestAt(index: number): number | undefined {
    return this.#digests[index - this.#founded];
  }

  /** The configuration in force once everything up to `index` is applied. */
  confAt(index: number): ConfState {
    let at = this.configurations.length - 1;
    while (at > 0 && (this.configurations[at]?.index ?? 0) > index) at -= 1;
    const found = this.configurations[at];
    demand(found !== undefined, "chronicle", () => `no configuration at ${index}`);
    return found.conf;
  }

  started(view: View): void {
    view.mirror.reset(view.durable.before(), view.durable.all());
    view.before = undefined;
    view.isUp = true;
    view.led = 0;
    view.ticksSinceLeader = Infinity;
    view.compared = view.mirror.base.index;
    for (const each of this.#invariants) each.started?.(view);
    this.#compareCommits(view, view.status.commit);
  }

  state(view: View, status: Status, applied: number, isSettled: boolean): void {
    view.before = view.status;
    view.status = status;
    view.applied = applied;
    view.isSettled = isSettled;
    if (status.role === "leader") {
      view.led = status.term;
      // A leader commits only what is durable, and so was in a Ready before.
      this.#compareCommits(view, status.commit);
    }
    for (const each of this.#invariants) each.state?.(view);
  }

  readied(view: View, ready: Ready): void {
    for (const each of this.#invariants) each.readied?.(view, ready);
    if (ready.snapshot !== undefined) {
      view.mirror.reset(ready.snapshot, []);
      view.compared = Math.max(view.compared, ready.snapshot.index);
    }
    view.mirror.append(ready.entries);
    for (const each of this.#invariants) each.logged?.(view, ready);
    if (ready.hardState !== undefined) this.#compareCommits(view, ready.hardState.commit);
    view.led = view.status.role === "leader" ? view.status.term : 0;
  }

  sent(view: View, message: Message): void {
    for (const each of this.#invariants) each.sent?.(view, message);
  }

  receiving(view: View, message: Message): void {
    for (const each of this.#invariants) each.receiving?.(view, message);
  }

  applying(view: View, entry: Entry): void {
    for (const each of this.#invariants) each.applying?.(view, entry);
  }

  applied(view: View, index: number, digest: number): void {
    for (const each of this.#invariants) each.applied?.(view, index, digest);
  }

  snapshot(view: View, snapshot: Snapshot): void {
    for (const each of this.#invariants) each.snapshot?.(view, snapshot);
  }

  durable(view: View): void {
    for (const each of this.#invariants) each.durable?.(view);
  }

  wrote(outcome: Outcome): void {
    for (const each of this.#invariants) each.wrote?.(outcome);
  }

  read(outcome: Outcome): void {
    for (const each of this.#invariants) each.read?.(outcome);
  }

  /** Every commit of every node is compared with the first that was seen; the first is always a leader's. */
  #compareCommits(view: View, commit: number): void {
    if (commit <= view.compared) return;
    const known = this.lastCommitted;
    for (let index = view.compared + 1; index <= commit; index += 1) {
      const entry = view.mirror.at(index);
      demand(
        entry !== undefined,
        "committed-entries-survive",
        () => `node ${view.id} commits ${index}, which it lacks`,
      );
      const first = this.committedAt(index);
      if (first === undefined) {
        demand(
          view.led > 0,
          "leaders-commit-first",
          () => `node ${view.id} commits ${index} (term ${entry.term}), which no leader has committed`,
        );
        this.#extend(entry);
      } else {
        demand(
          first.term === entry.term && sameEntry(first, entry),
          "state-machine-safety",
          () => `node ${view.id} commits term ${entry.term} at ${index}, where term ${first.term} is committed`,
        );
      }
    }
    view.compared = commit;
    if (commit <= known) return;
    for (const each of this.#invariants) each.committed?.(view, commit, view.led);
  }

  #extend(entry: Entry): void {
    this.committed.push(entry);
    this.#model.apply(entry);
    this.#digests.push(this.#model.digest);
    const change = this.#core.readConfChange(entry);
    if (change === undefined) return;
    const before = this.configurations.at(-1)?.conf;
    if (before === undefined) return;
    const conf = changed(before, change);
    this.configurations.push({ index: entry.index, conf });
    for (const each of this.#invariants) each.configured?.(entry.index, before, conf);
  }
}

/** Whether two entries say the same. They mostly are the same object: messages are not serialised here. */
export function sameEntry(a: Entry, b: Entry): boolean {
  if (a === b || a.data === b.data) return a.type === b.type && a.index === b.index;
  return (
    a.type === b.type &&
    a.index === b.index &&
    a.data.length === b.data.length &&
    a.data.every((byte, i) => byte === b.data[i])
  );
}

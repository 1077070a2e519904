/**
 * What has truly happened, as an all-seeing observer writes it down: the log of every node, what is committed, which
 * configuration each index brings, and what the state machine must be. Invariants compare the nodes with it.
 */
import type {
  ConfState,
  DurableImage,
  Entry,
  LogReader,
  Message,
  PeerStatus,
  Ready,
  SnapshotMeta,
  Status,
  TransferOutcome,
} from "@parley/raft";
import { demand } from "../kit/violation.ts";
import type { Answer, Conclusion, MembershipAnswer, Seen } from "./answers.ts";
import type { Library } from "./library.ts";
import type { Done } from "./machine.ts";
import { changed, demotedAfter } from "./membership-model.ts";

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
  isUp: boolean;
  /** The core at its last Ready, and at the one before; the first of each life has none before. */
  status: Status;
  before: Status | undefined;
  /** The log with all that was handed out to be written. */
  readonly mirror: Mirror;
  /** Last entry applied, and that at the Ready before. */
  applied: number;
  appliedBefore: number;
  /** Last entry that was announced to be applied. */
  applying: number;
  readonly durable: DurableImage;
  /** Whether its log was found to be in doubt, and that is not settled. */
  readonly isDoubtful: () => boolean;
  /** Commit index up to which the chronicle has compared this life of the node. */
  compared: number;
  /** The term it led in since its last Ready; 0 for none. */
  led: number;
  /** The core this very moment; undefined while the node is down, stands still, or did until now. */
  current: () => Status | undefined;
  /** Whether the leader it knows is sure to have been heard within an election timeout, or it leads and hears a quorum. */
  hasLivingLeader: () => boolean;
}

/** One property. Each hook is called for one node, as soon as there is news of it, and throws a Violation. */
export interface Invariant {
  readonly name: string;
  /** With each Ready, before what it brings. */
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
  /** It has; `digest` is that of the state machine after it, undefined when there was no state yet. */
  applied?(view: View, index: number, digest: number | undefined): void;
  /** The state machine carries a command out. */
  done?(view: View, done: Done): void;
  /** The state machine became this snapshot. */
  restored?(view: View, snapshot: SnapshotMeta, digest: number | undefined): void;
  /** The node's disk after something was synced, and after a crash. */
  durable?(view: View): void;
  started?(view: View): void;
  /** A node settled what a client had proposed. */
  answered?(view: View, answer: Answer): void;
  /** A log was opened and found to be in doubt; `hasCause`: something was lost, or read wrongly. */
  doubted?(view: View, hasCause: boolean): void;
  /** The transport has said that messages to `peer` were dropped; what the core made of it. */
  unreached?(view: View, peer: number, state: PeerStatus["state"] | undefined): void;
  /** The transport has said that the process of `peer` has ended; who led before and after, for all that the node knows. */
  heardGone?(view: View, peer: number, before: number, after: number): void;
  /** The stream of the snapshot in `message` has ended. */
  streamed?(view: View, message: Message, hasArrived: boolean): void;
  /** A client's session ended an operation. */
  concluded?(conclusion: Conclusion): void;
  changed?(view: View, answer: MembershipAnswer): void;
  /** A hand-over that a node in term `askedIn` was asked for has ended. */
  transferred?(view: View, askedIn: number, outcome: TransferOutcome): void;
  wrote?(seen: Seen): void;
  read?(seen: Seen): void;
  configured?(index: number, before: ConfState, after: ConfState): void;
}

/** A node of which nothing is known yet. */
export function newView(id: number, durable: DurableImage, isDoubtful: () => boolean): View {
  return {
    id,
    isUp: false,
    status: { ...NO_STATUS, id },
    before: undefined,
    mirror: new Mirror(),
    applied: 0,
    appliedBefore: 0,
    applying: 0,
    durable,
    isDoubtful,
    compared: 0,
    led: 0,
    current: () => undefined,
    hasLivingLeader: () => false,
  };
}

const NO_STATUS: Status = {
  id: 0,
  role: "follower",
  term: 0,
  vote: 0,
  lead: 0,
  commit: 0,
  applied: 0,
  lastIndex: 0,
  transferee: 0,
  hasLease: false,
  confState: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
  progress: new Map(),
};

interface Configured {
  readonly index: number;
  readonly conf: ConfState;
}

export class Chronicle {
  readonly views = new Map<number, View>();
  readonly #library: Library;
  /** Where all logs begin, as the first founder says. */
  #founded = -1;
  /** Committed entries, from the one after the founding on. */
  readonly committed: Entry[] = [];
  /** Digest of the state machine after each entry, as the first node that applied it came to. */
  readonly #digests = new Map<number, number>();
  readonly configurations: Configured[] = [];
  /** Members that do not vote for a while, because they doubt their logs. */
  demoted: ReadonlySet<number> = new Set();
  #invariants: readonly Invariant[] = [];

  constructor(library: Library) {
    this.#library = library;
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

  /** What the state is after `index`: what `digest` says, for the first who asks. */
  digestAt(index: number, digest: number): number {
    const known = this.#digests.get(index);
    if (known === undefined) this.#digests.set(index, digest);
    return known ?? digest;
  }

  /** The configuration in force once everything up to `index` is applied; undefined before there was any. */
  confAt(index: number): ConfState | undefined {
    return this.#configuredAt(index)?.conf;
  }

  /** The configurations from that in force at `index` on. */
  confsSince(index: number): readonly ConfState[] {
    const from = this.#configuredAt(index)?.index ?? 0;
    return this.configurations.filter((each) => each.index >= from).map(({ conf }) => conf);
  }

  /** The configurations that were in force at a node since its Ready before. */
  confsOf({ applied, appliedBefore }: View): readonly ConfState[] {
    const from = this.#configuredAt(appliedBefore)?.index ?? 0;
    return this.configurations.filter(({ index }) => index >= from && index <= applied).map(({ conf }) => conf);
  }

  #configuredAt(index: number): Configured | undefined {
    return this.configurations.findLast((each) => each.index <= index);
  }

  /** A life begins with the log that it finds. */
  started(view: View, status: Status, log: LogReader): void {
    const first = log.firstIndex();
    const entries = log.lastIndex() < first ? [] : log.entries(first, log.lastIndex() + 1, Infinity);
    view.mirror.reset({ index: first - 1, term: log.term(first - 1) }, entries);
    view.before = undefined;
    view.status = status;
    view.isUp = true;
    view.led = 0;
    if (this.#founded < 0 && status.confState.voters.length > 0) {
      this.#founded = first - 1;
      this.configurations.push({ index: first - 1, conf: status.confState });
    }
    view.compared = view.mirror.base.index;
    for (const each of this.#invariants) each.started?.(view);
    this.#compareCommits(view, status.commit);
  }

  readied(view: View, ready: Ready, status: Status): void {
    view.before = view.status;
    view.status = status;
    if (status.role === "leader") {
      view.led = status.term;
      // A leader commits only what is durable, and so was in a Ready before.
      this.#compareCommits(view, status.commit);
    }
    for (const each of this.#invariants) each.state?.(view);
    for (const each of this.#invariants) each.readied?.(view, ready);
    if (ready.snapshot !== undefined) {
      view.mirror.reset(ready.snapshot, []);
      view.compared = Math.max(view.compared, ready.snapshot.index);
    }
    view.mirror.append(ready.entries);
    for (const each of this.#invariants) each.logged?.(view, ready);
    if (ready.hardState !== undefined) this.#compareCommits(view, ready.hardState.commit);
    view.led = status.role === "leader" ? status.term : 0;
    view.appliedBefore = view.applied;
  }

  sent(view: View, message: Message): void {
    for (const each of this.#invariants) each.sent?.(view, message);
  }

  receiving(view: View, message: Message): void {
    for (const each of this.#invariants) each.receiving?.(view, message);
  }

  applying(view: View, entry: Entry): void {
    for (const each of this.#invariants) each.applying?.(view, entry);
    view.applying = entry.index;
  }

  applied(view: View, entry: Entry, digest: number | undefined): void {
    view.applied = entry.index;
    for (const each of this.#invariants) each.applied?.(view, entry.index, digest);
  }

  done(view: View, done: Done): void {
    for (const each of this.#invariants) each.done?.(view, done);
  }

  restored(view: View, snapshot: SnapshotMeta, digest: number | undefined): void {
    view.applied = snapshot.index;
    view.applying = snapshot.index;
    for (const each of this.#invariants) each.restored?.(view, snapshot, digest);
  }

  durable(view: View): void {
    for (const each of this.#invariants) each.durable?.(view);
  }

  answered(view: View, answer: Answer): void {
    for (const each of this.#invariants) each.answered?.(view, answer);
  }

  doubted(view: View, hasCause: boolean): void {
    for (const each of this.#invariants) each.doubted?.(view, hasCause);
  }

  unreached(view: View, peer: number, state: PeerStatus["state"] | undefined): void {
    for (const each of this.#invariants) each.unreached?.(view, peer, state);
  }

  heardGone(view: View, peer: number, before: number, after: number): void {
    for (const each of this.#invariants) each.heardGone?.(view, peer, before, after);
  }

  streamed(view: View, message: Message, hasArrived: boolean): void {
    for (const each of this.#invariants) each.streamed?.(view, message, hasArrived);
  }

  concluded(conclusion: Conclusion): void {
    for (const each of this.#invariants) each.concluded?.(conclusion);
  }

  changed(view: View, answer: MembershipAnswer): void {
    for (const each of this.#invariants) each.changed?.(view, answer);
  }

  transferred(view: View, askedIn: number, outcome: TransferOutcome): void {
    for (const each of this.#invariants) each.transferred?.(view, askedIn, outcome);
  }

  wrote(seen: Seen): void {
    for (const each of this.#invariants) each.wrote?.(seen);
  }

  read(seen: Seen): void {
    for (const each of this.#invariants) each.read?.(seen);
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
    const change = this.#library.readConfChange(entry);
    if (change === undefined) return;
    const before = this.configurations.at(-1)?.conf;
    if (before === undefined) return;
    const conf = changed(before, change);
    if (conf !== before) this.demoted = demotedAfter(this.demoted, change);
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

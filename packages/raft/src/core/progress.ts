/**
 * What a leader knows of one follower's log. `probe`: it looks for where the logs match, one append a heartbeat.
 * `replicate`: it streams appends ahead of their answers. `snapshot`: it waits for a snapshot to arrive.
 */
import { invariant } from "../errors.ts";
import type { Inflights } from "./inflights.ts";

export type ProgressState = "probe" | "replicate" | "snapshot";

/** One follower's progress. `match < next` always. */
export class Progress {
  /** The follower's log is known to equal ours up to here. */
  match: number;
  /** The next entry to send. */
  next: number;
  /** The highest commit index sent, as far as it can have been of use. */
  sentCommit = 0;
  state: ProgressState = "probe";
  /** In `snapshot`: the index of the snapshot that is on its way. */
  pendingSnapshot = 0;
  /** Heard from since the last quorum check. */
  recentActive: boolean;
  /** Appends wait for an answer or the next heartbeat. */
  paused = false;
  isLearner: boolean;
  readonly inflights: Inflights;

  constructor(given: {
    readonly match: number;
    readonly next: number;
    readonly inflights: Inflights;
    readonly isLearner: boolean;
    readonly recentActive?: boolean;
  }) {
    this.match = given.match;
    this.next = given.next;
    this.inflights = given.inflights;
    this.isLearner = given.isLearner;
    this.recentActive = given.recentActive ?? false;
    invariant(this.match < this.next, `match ${this.match} must stay below next ${this.next}`);
  }

  clone(): Progress {
    const { match, next, isLearner, recentActive } = this;
    const copy = new Progress({ match, next, isLearner, recentActive, inflights: this.inflights.clone() });
    copy.sentCommit = this.sentCommit;
    copy.state = this.state;
    copy.pendingSnapshot = this.pendingSnapshot;
    copy.paused = this.paused;
    return copy;
  }

  becomeProbe(): void {
    // After a snapshot the follower holds at least what the snapshot held, answered or not.
    const fromSnapshot = this.state === "snapshot" ? this.pendingSnapshot + 1 : 0;
    this.#enter("probe");
    this.next = Math.max(this.match + 1, fromSnapshot);
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
  }

  becomeReplicate(): void {
    this.#enter("replicate");
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#enter("snapshot");
    this.pendingSnapshot = index;
    this.next = index + 1;
    this.sentCommit = index;
  }

  /** An append with `entries` entries of `bytes` was sent. */
  sentEntries(entries: number, bytes: number): void {
    switch (this.state) {
      case "replicate":
        if (entries > 0) {
          this.next += entries;
          this.inflights.add(this.next - 1, bytes);
        }
        this.paused = this.inflights.full;
        return;
      case "probe":
        if (entries > 0) this.paused = true;
        return;
      case "snapshot":
        invariant(false, "an append was sent to a follower that waits for a snapshot");
    }
  }

  /** Whether telling the follower of commit index `index` can tell it something new that it can use. */
  canBumpCommit(index: number): boolean {
    return index > this.sentCommit && this.sentCommit < this.next - 1;
  }

  /** The follower has everything up to `index`. False when that was known. */
  maybeUpdate(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.paused = false;
    return true;
  }

  /** The follower rejected an append after `rejected` and hints at `hint`. False when the answer is stale. */
  maybeDecrease(rejected: number, hint: number): boolean {
    if (this.state === "replicate") {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
    } else {
      // While probing, only the answer to the one probe under way counts.
      if (this.next - 1 !== rejected) return false;
      this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
      this.paused = false;
    }
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
    return true;
  }

  /** The follower is sure of nothing after `lastIndex`, whatever it said. False when no more than that was believed. */
  lose(lastIndex: number): boolean {
    if (lastIndex >= this.match) return false;
    this.match = lastIndex;
    this.#enter("probe");
    this.next = lastIndex + 1;
    this.sentCommit = Math.min(this.sentCommit, lastIndex);
    return true;
  }

  /** Nothing may be sent to it now but heartbeats. */
  get isPaused(): boolean {
    return this.state === "snapshot" || this.paused;
  }

  #enter(state: ProgressState): void {
    this.paused = false;
    this.pendingSnapshot = 0;
    this.state = state;
    this.inflights.reset();
  }
}

/**
 * Computes the configuration that follows a membership change, and checks that it is one. Pure: what it is given is left
 * as it was (dissertation, chapter 4).
 */
import { invariant, RaftError } from "../errors.ts";
import type { ConfChangeStep } from "./conf-change.ts";
import { Progress } from "./progress.ts";
import type { Configuration, ProgressMap, Tracker } from "./tracker.ts";
import type { ConfState, NodeId } from "./types.ts";

/** A configuration and the progress of everyone in it. */
export interface Membership {
  readonly configuration: Configuration;
  readonly progress: ProgressMap;
}

/** The same, while it is being worked on. */
interface Draft {
  readonly incoming: Set<NodeId>;
  readonly outgoing: Set<NodeId>;
  readonly learners: Set<NodeId>;
  readonly learnersNext: Set<NodeId>;
  autoLeave: boolean;
  readonly progress: ProgressMap;
}

type Start = Pick<Tracker, "configuration" | "progress" | "newInflights">;

/**
 * Enters a joint configuration: decisions then need the majority of the old voters and of the new.
 * @throws RaftError `bad-membership-change`.
 */
export function enterJoint(
  start: Start,
  lastIndex: number,
  autoLeave: boolean,
  steps: readonly ConfChangeStep[],
): Membership {
  const draft = copy(start);
  if (draft.outgoing.size > 0) throw bad("the configuration is joint already");
  if (draft.incoming.size === 0) throw bad("a configuration without voters cannot become joint");
  for (const id of draft.incoming) draft.outgoing.add(id);
  apply(draft, steps, start, lastIndex);
  draft.autoLeave = autoLeave;
  return finished(draft);
}

/** Leaves a joint configuration: the old voters are let go. @throws RaftError `bad-membership-change`. */
export function leaveJoint(start: Start): Membership {
  const draft = copy(start);
  if (draft.outgoing.size === 0) throw bad("the configuration is not joint");
  for (const id of draft.learnersNext) {
    draft.learners.add(id);
    progressOf(draft, id).isLearner = true;
  }
  draft.learnersNext.clear();
  for (const id of draft.outgoing) {
    if (!draft.incoming.has(id) && !draft.learners.has(id)) draft.progress.delete(id);
  }
  draft.outgoing.clear();
  draft.autoLeave = false;
  return finished(draft);
}

/** Changes one voter at most, for which no joint configuration is needed. @throws RaftError `bad-membership-change`. */
export function changeSimply(start: Start, lastIndex: number, steps: readonly ConfChangeStep[]): Membership {
  const draft = copy(start);
  if (draft.outgoing.size > 0) throw bad("a joint configuration cannot be changed simply");
  const before = new Set(draft.incoming);
  apply(draft, steps, start, lastIndex);
  // With two voters exchanged at once, a majority of the old and one of the new need not overlap.
  if (before.symmetricDifference(draft.incoming).size > 1)
    throw bad("more than one voter changes without a joint configuration");
  return finished(draft);
}

/** The membership that `state` describes. @throws RaftError `bad-membership-change`. */
export function restoreMembership(start: Start, lastIndex: number, state: ConfState): Membership {
  let at: Start = start;
  const move = (next: Membership): void => {
    at = { ...next, newInflights: () => start.newInflights() };
  };
  const one = (operation: ConfChangeStep["operation"], node: NodeId): ConfChangeStep => ({ operation, node });
  const incoming = [
    ...state.votersOutgoing.map((id) => one("remove", id)),
    ...state.voters.map((id) => one("add-voter", id)),
    ...state.learners.map((id) => one("add-learner", id)),
    ...state.learnersNext.map((id) => one("add-learner", id)),
  ];
  if (state.votersOutgoing.length === 0) {
    for (const step of incoming) move(changeSimply(at, lastIndex, [step]));
  } else {
    for (const id of state.votersOutgoing) move(changeSimply(at, lastIndex, [one("add-voter", id)]));
    move(enterJoint(at, lastIndex, state.autoLeave, incoming));
  }
  return { configuration: at.configuration, progress: at.progress };
}

function apply(draft: Draft, steps: readonly ConfChangeStep[], start: Start, lastIndex: number): void {
  for (const { operation, node } of steps) {
    // A change that was decided against after it was proposed is given node 0.
    if (node === 0) continue;
    if (operation === "add-voter") makeVoter(draft, node, start, lastIndex);
    else if (operation === "add-learner") makeLearner(draft, node, start, lastIndex);
    else if (operation === "remove") remove(draft, node);
  }
  if (draft.incoming.size === 0) throw bad("no voter would be left");
}

function makeVoter(draft: Draft, id: NodeId, start: Start, lastIndex: number): void {
  const progress = draft.progress.get(id);
  if (progress === undefined) {
    admit(draft, id, false, start, lastIndex);
  } else {
    progress.isLearner = false;
    draft.learners.delete(id);
    draft.learnersNext.delete(id);
  }
  draft.incoming.add(id);
}

function makeLearner(draft: Draft, id: NodeId, start: Start, lastIndex: number): void {
  const progress = draft.progress.get(id);
  if (progress === undefined) {
    admit(draft, id, true, start, lastIndex);
    draft.learners.add(id);
    return;
  }
  if (progress.isLearner) return;
  remove(draft, id);
  draft.progress.set(id, progress);
  if (draft.outgoing.has(id)) {
    // It still votes in the old half; it becomes a learner when that is left.
    draft.learnersNext.add(id);
  } else {
    progress.isLearner = true;
    draft.learners.add(id);
  }
}

function remove(draft: Draft, id: NodeId): void {
  if (!draft.progress.has(id)) return;
  draft.incoming.delete(id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  // Who still votes in the old half is still sent the log.
  if (!draft.outgoing.has(id)) draft.progress.delete(id);
}

function admit(draft: Draft, id: NodeId, isLearner: boolean, start: Start, lastIndex: number): void {
  // Counted as just heard from: a quorum check that comes before its first word must not fail because of it.
  const next = Math.max(lastIndex, 1);
  draft.progress.set(
    id,
    new Progress({ match: 0, next, inflights: start.newInflights(), isLearner, recentActive: true }),
  );
}

function copy({ configuration, progress }: Start): Draft {
  const draft: Draft = {
    incoming: new Set(configuration.voters.incoming),
    outgoing: new Set(configuration.voters.outgoing),
    learners: new Set(configuration.learners),
    learnersNext: new Set(configuration.learnersNext),
    autoLeave: configuration.autoLeave,
    progress: new Map([...progress].map(([id, each]) => [id, each.clone()])),
  };
  check(draft);
  return draft;
}

function finished(draft: Draft): Membership {
  check(draft);
  const { incoming, outgoing, learners, learnersNext, autoLeave, progress } = draft;
  return { configuration: { voters: { incoming, outgoing }, autoLeave, learners, learnersNext }, progress };
}

function check(draft: Draft): void {
  const { incoming, outgoing, learners, learnersNext, autoLeave, progress } = draft;
  for (const id of [...incoming, ...outgoing, ...learners, ...learnersNext]) {
    invariant(progress.has(id), `member ${id} has no progress`);
  }
  for (const id of learnersNext) {
    invariant(outgoing.has(id), `${id} is to become a learner but does not vote in the old half`);
    invariant(!progressOf(draft, id).isLearner, `${id} is to become a learner and is one already`);
  }
  for (const id of learners) {
    invariant(!outgoing.has(id) && !incoming.has(id), `${id} is voter and learner at once`);
    invariant(progressOf(draft, id).isLearner, `learner ${id} has a voter's progress`);
  }
  if (outgoing.size === 0) {
    invariant(learnersNext.size === 0 && !autoLeave, "only a joint configuration has members who change on leaving it");
  }
}

function progressOf(draft: Draft, id: NodeId): Progress {
  const progress = draft.progress.get(id);
  invariant(progress !== undefined, `member ${id} has no progress`);
  return progress;
}

function bad(why: string): RaftError {
  return new RaftError("bad-membership-change", why);
}

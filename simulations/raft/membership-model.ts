/** Membership changes once more, written apart from the core, so that each checks the other. */
import type { ConfChange, ConfState } from "@parley/raft";

/** The configuration after `change`; the same one when the change is void. */
export function changed(before: ConfState, change: ConfChange): ConfState {
  if (change.steps.length === 0 && change.transition === "auto") return left(before);
  const isJoint = change.steps.length > 1 || change.transition !== "auto";
  if (before.votersOutgoing.length > 0) return before;
  const voters = new Set(before.voters);
  const learners = new Set(before.learners);
  const next = new Set<number>();
  const outgoing = new Set(isJoint ? before.voters : []);
  for (const { operation, node } of change.steps) {
    if (node === 0 || operation === "update") continue;
    const wasLearner = learners.has(node) || next.has(node);
    const wasMember = wasLearner || voters.has(node) || outgoing.has(node);
    if (operation === "add-learner" && wasLearner) continue;
    if (operation === "remove" && !wasMember) continue;
    voters.delete(node);
    learners.delete(node);
    next.delete(node);
    if (operation === "add-voter") voters.add(node);
    if (operation === "add-learner") (outgoing.has(node) ? next : learners).add(node);
  }
  if (voters.size === 0) return before;
  if (!isJoint && voters.symmetricDifference(new Set(before.voters)).size > 1) return before;
  return {
    voters: sorted(voters),
    votersOutgoing: sorted(outgoing),
    learners: sorted(learners),
    learnersNext: sorted(next),
    autoLeave: isJoint && change.transition !== "explicit",
  };
}

/** Members that were made learners because they doubt their logs, and are to vote again, after `change`. */
export function demotedAfter(demoted: ReadonlySet<number>, { steps, context }: ConfChange): ReadonlySet<number> {
  const after = new Set(demoted);
  for (const { node } of steps) after.delete(node);
  const [step] = steps;
  if (step !== undefined && new TextDecoder().decode(context).startsWith("log in doubt")) after.add(step.node);
  return after;
}

function left(before: ConfState): ConfState {
  if (before.votersOutgoing.length === 0) return before;
  const learners = sorted(new Set([...before.learners, ...before.learnersNext]));
  return { voters: before.voters, votersOutgoing: [], learners, learnersNext: [], autoLeave: false };
}

/** Whether `ids` decide: a majority of the voters and, in a joint configuration, of the outgoing ones too. */
export function isQuorum(conf: ConfState, ids: ReadonlySet<number>): boolean {
  return isMajority(conf.voters, ids) && (conf.votersOutgoing.length === 0 || isMajority(conf.votersOutgoing, ids));
}

function isMajority(voters: readonly number[], ids: ReadonlySet<number>): boolean {
  return 2 * voters.filter((id) => ids.has(id)).length > voters.length;
}

export function isVoter(conf: ConfState, id: number): boolean {
  return conf.voters.includes(id) || conf.votersOutgoing.includes(id);
}

export function members(conf: ConfState): ReadonlySet<number> {
  return new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners, ...conf.learnersNext]);
}

function sorted(ids: ReadonlySet<number>): readonly number[] {
  return [...ids].sort((a, b) => a - b);
}

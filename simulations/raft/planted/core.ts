/** Bugs in the consensus core. */
import { bug, type PlantedBug } from "../../kit/planted.ts";

export const CORE_BUGS: readonly PlantedBug[] = [
  bug(
    1,
    "vote twice in a term",
    "core/election.ts",
    "(node.vote === NONE && node.lead === NONE) ||",
    "node.lead === NONE ||",
  ),
  bug(
    2,
    "vote for a candidate whose log is behind",
    "core/election.ts",
    "if (mayVote && !mustNot && node.log.isUpToDate({ index: request.index, term: request.logTerm })) {",
    "if (mayVote) {",
  ),
  bug(
    3,
    "compare the last index before the last term",
    "core/raft-log.ts",
    "return their.term > ours.term || (their.term === ours.term && their.index >= ours.index);",
    "return their.index > ours.index || (their.index === ours.index && their.term >= ours.term);",
  ),
  bug(
    4,
    "commit an entry of an earlier term by counting replicas",
    "core/raft-log.ts",
    "if (id.term === 0 || id.index <= this.committed || !this.matches(id)) return false;",
    "if (id.term === 0 || id.index <= this.committed || id.index > this.lastIndex()) return false;",
  ),
  bug(
    5,
    "advance the commit index past what a quorum holds",
    "core/quorum.ts",
    "return indexes[indexes.length - (Math.floor(indexes.length / 2) + 1)] ?? 0;",
    "return indexes[Math.min(indexes.length - 1, indexes.length - Math.floor(indexes.length / 2))] ?? 0;",
  ),
  {
    number: 6,
    name: "follower commits beyond its own last index",
    edits: [
      {
        file: "core/raft-log.ts",
        search: "this.commitTo(Math.min(committed, last));",
        replace: "this.committed = Math.max(this.committed, committed);",
      },
    ],
  },
  bug(
    7,
    "accept an append whose previous entry does not match",
    "core/raft-log.ts",
    "if (!this.matches(previous)) return undefined;",
    "if (previous.index > this.lastIndex()) return undefined;",
  ),
  bug(
    8,
    "do not truncate a conflicting suffix",
    "core/raft-log.ts",
    "this.append(entries.slice(conflict.index - previous.index - 1));",
    `const kept = last < this.lastIndex() ? this.slice(last + 1, this.lastIndex() + 1, Infinity) : [];
      this.append([...entries.slice(conflict.index - previous.index - 1), ...kept]);`,
  ),
  bug(
    9,
    "truncate a matching suffix on a reordered old append",
    "core/raft-log.ts",
    "const conflict = entries.find((entry) => !this.matches(entry));",
    "const conflict = entries.find(({ index }) => index > this.committed);",
  ),
  bug(
    10,
    "count a learner in a quorum",
    "core/tracker.ts",
    "return committedIndex(this.voters, (id) => this.progress.get(id)?.match);",
    "return committedIndex({ ...this.voters, incoming: this.voters.incoming.union(this.configuration.learners) }, (id) => this.progress.get(id)?.match);",
  ),
  bug(
    11,
    "in a joint configuration ask for one majority only",
    "core/quorum.ts",
    "return Math.min(majorityCommitted(voters.incoming, acked), majorityCommitted(voters.outgoing, acked));",
    "return majorityCommitted(voters.incoming, acked);",
  ),
  {
    number: 12,
    name: "apply a membership change at append while others count by the old one",
    edits: [
      {
        file: "core/leader.ts",
        search: "  node.pendingConfIndex = index;\n  return entry;",
        replace:
          "  node.pendingConfIndex = index;\n  try { applyConfChange(node, change); } catch (error) { if (!(error instanceof RaftError)) throw error; }\n  return entry;",
      },
      {
        file: "core/leader.ts",
        search: 'import { readConfChange } from "./conf-change.ts";',
        replace:
          'import { readConfChange } from "./conf-change.ts";\nimport { applyConfChange } from "./membership.ts";',
      },
    ],
  },
  bug(
    13,
    "allow a second membership change while one is in flight",
    "core/leader.ts",
    "const isPending = node.pendingConfIndex > node.log.applied;",
    "const isPending = false;",
  ),
  bug(14, "keep the lease after a leadership transfer began", "core/leader.ts", "  node.lease.end();\n", ""),
  bug(
    15,
    "answer ReadIndex before an entry of the own term is committed",
    "core/leader.ts",
    "if (!hasCommittedInTerm(node)) {\n    node.earlyReads",
    "if (node.term === 0) {\n    node.earlyReads",
  ),
  bug(
    16,
    "answer ReadIndex without confirming the quorum",
    "core/leader.ts",
    "if (isAlone || hasLease(node)) return answerRead",
    "if (isAlone || node.term > 0) return answerRead",
  ),
  bug(
    17,
    "pre-vote granted by a leader that still hears its quorum",
    "core/raft.ts",
    "if ((inLease || isPromised(node)) && !isTransferVote(received)) return false;",
    'if ((inLease || isPromised(node)) && type !== "pre-vote" && !isTransferVote(received)) return false;',
  ),
  bug(
    18,
    "reset the randomised timeout to the same value for all",
    "core/node-state.ts",
    "this.randomizedElectionTicks = electionTicks + Math.floor(random() * electionTicks);",
    "this.randomizedElectionTicks = electionTicks + Math.floor(random() * 0);",
  ),
  bug(
    19,
    "install a snapshot older than the commit index",
    "core/membership.ts",
    "if (snapshot.index <= log.committed) return false;",
    "if (snapshot.index <= 0) return false;",
  ),
  bug(
    20,
    "after a snapshot keep entries that contradict it",
    "core/raft-log.ts",
    "    this.committed = snapshot.index;\n    this.unstable.restore(snapshot);",
    `    const end = this.lastIndex() + 1;
    const kept = snapshot.index + 1 < end ? this.slice(snapshot.index + 1, end, Infinity) : [];
    this.committed = snapshot.index;
    this.unstable.restore(snapshot);
    this.unstable.entries = [...kept];`,
  ),
  bug(
    21,
    "a removed node keeps campaigning and is believed",
    "core/node-state.ts",
    "return own !== undefined && !own.isLearner && this.log.unstable.snapshot === undefined;",
    "return own?.isLearner !== true && this.log.unstable.snapshot === undefined;",
  ),
  // Found by this simulation in the core itself, and put back here.
  bug(
    101,
    "the only voter's right to answer reads at once is taken by a leader that is no voter",
    "core/leader.ts",
    "const isAlone = node.tracker.isSingleton && node.tracker.voters.incoming.has(node.id);",
    "const isAlone = node.tracker.isSingleton;",
  ),
  bug(
    102,
    "stragglers are told nothing, and nobody can be elected after a membership change",
    "core/options.ts",
    "    ...given,\n",
    "    ...given,\n    informStragglers: false,\n",
  ),
];

/** Reads that are answered from what is not true any more. */
import { bug, bugOf, type PlantedBug } from "../../kit/planted.ts";

export const READ_BUGS: readonly PlantedBug[] = [
  bug(
    15,
    "a peer answers reads from what it happens to hold",
    "cluster/consensus/raft-consensus.ts",
    "const outcome = await this.node.read({ timeoutMs });",
    'const outcome = { outcome: "readable", index: 0 } as Awaited<ReturnType<RaftNode["read"]>>;',
  ),
  bug(
    16,
    "a read that nobody has confirmed in time is answered all the same",
    "cluster/consensus/raft-consensus.ts",
    "    const { reason, detail } = outcome;\n",
    '    const { reason, detail } = outcome;\n    if (reason === "deadline") return { outcome: "readable" };\n',
  ),
  bug(
    17,
    "who leads, as it believes, answers reads by itself",
    "cluster/consensus/raft-consensus.ts",
    "const outcome = await this.node.read({ timeoutMs });",
    'const isPrime = this.node.status().role === "leader";\n    const outcome = isPrime ? { outcome: "readable" as const, index: 0 } : await this.node.read({ timeoutMs });',
  ),
  bugOf(
    "@parley/raft",
    18,
    "a leader answers reads without asking a quorum",
    "core/leader.ts",
    "if (isAlone || hasLease(node)) return answerRead",
    "if (isAlone || node.log.committed > 0) return answerRead",
  ),
  bugOf(
    "@parley/raft",
    19,
    "a new leader answers reads before it has committed anything",
    "core/leader.ts",
    "if (!hasCommittedInTerm(node)) {\n    node.earlyReads.push(received);",
    "if (node.log.committed < 0) {\n    node.earlyReads.push(received);",
  ),
  bugOf(
    "@parley/raft",
    20,
    "a read does not wait for the state machine to reach its index",
    "driver/reads.ts",
    "if (each.index > appliedIndex) later.push(each);",
    "if (appliedIndex === 0) later.push(each);",
  ),
  bugOf(
    "@parley/raft",
    21,
    "one other's word is a quorum for a read",
    "core/leader.ts",
    'if (acks === undefined || voteResult(node.tracker.voters, acks) !== "won") return;',
    "if (acks === undefined) return;",
  ),
  bugOf(
    "@parley/raft",
    22,
    "any answer to a heartbeat confirms the reads that came after it",
    "core/leader.ts",
    "  const { context } = received;\n",
    "  const context = received.context?.length ? received.context : node.pendingReads.newestContext();\n",
  ),
];

/** All invariants, each in a file of its own named after the property it checks. */
import type { Chronicle, Invariant } from "../chronicle.ts";
import { acknowledgedWritesSurvive } from "./acknowledged-writes-survive.ts";
import { acknowledgementsOutliveRestarts } from "./acknowledgements-outlive-restarts.ts";
import { appliedInOrder } from "./applied-in-order.ts";
import { appliedWithinCommit } from "./applied-within-commit.ts";
import { atMostOnce } from "./at-most-once.ts";
import { clientOutcomesAreTrue } from "./client-outcomes-are-true.ts";
import { commitIsMonotonic } from "./commit-is-monotonic.ts";
import { commitsAreOfTheOwnTerm } from "./commits-are-of-the-own-term.ts";
import { commitsHaveAQuorum } from "./commits-have-a-quorum.ts";
import { doubtfulNodesDoNotVote } from "./doubtful-nodes-do-not-vote.ts";
import { doubtsHaveACause } from "./doubts-have-a-cause.ts";
import { electionSafety } from "./election-safety.ts";
import { leaderAppendOnly } from "./leader-append-only.ts";
import { leaderCompleteness } from "./leader-completeness.ts";
import { leadersAreNotDisturbed } from "./leaders-are-not-disturbed.ts";
import { leadersHaveAQuorum } from "./leaders-have-a-quorum.ts";
import { leasesExcludeOtherLeaders } from "./leases-exclude-other-leaders.ts";
import { logMatching } from "./log-matching.ts";
import { lossesAreBelieved } from "./losses-are-believed.ts";
import { membershipAgrees } from "./membership-agrees.ts";
import { membershipOutcomesAreTrue } from "./membership-outcomes-are-true.ts";
import { oneMembershipChangeAtATime } from "./one-membership-change-at-a-time.ts";
import { oneVotePerTerm } from "./one-vote-per-term.ts";
import { onlyVotersCampaign } from "./only-voters-campaign.ts";
import { promisesAreDurable } from "./promises-are-durable.ts";
import { quorumsOverlap } from "./quorums-overlap.ts";
import { readsAreLinearizable } from "./reads-are-linearizable.ts";
import { resultsBelongToTheirProposals } from "./results-belong-to-their-proposals.ts";
import { snapshotsEqualPrefixes } from "./snapshots-equal-prefixes.ts";
import { stateMachineSafety } from "./state-machine-safety.ts";
import { termIsMonotonic } from "./term-is-monotonic.ts";
import { transfersAreTrue } from "./transfers-are-true.ts";
import { votesRespectLogs } from "./votes-respect-logs.ts";

export function allInvariants(chronicle: Chronicle): readonly Invariant[] {
  return [
    electionSafety(),
    leaderAppendOnly(),
    logMatching(),
    leaderCompleteness(chronicle),
    stateMachineSafety(chronicle),
    commitIsMonotonic(),
    appliedWithinCommit(),
    termIsMonotonic(),
    oneVotePerTerm(),
    votesRespectLogs(),
    leadersHaveAQuorum(chronicle),
    commitsHaveAQuorum(chronicle),
    commitsAreOfTheOwnTerm(chronicle),
    acknowledgedWritesSurvive(chronicle),
    readsAreLinearizable(),
    leasesExcludeOtherLeaders(chronicle),
    oneMembershipChangeAtATime(chronicle),
    quorumsOverlap(),
    membershipAgrees(chronicle),
    snapshotsEqualPrefixes(chronicle),
    promisesAreDurable(),
    onlyVotersCampaign(chronicle),
    leadersAreNotDisturbed(),
    membershipOutcomesAreTrue(chronicle),
    transfersAreTrue(),
    doubtfulNodesDoNotVote(),
    doubtsHaveACause(),
    acknowledgementsOutliveRestarts(chronicle),
    lossesAreBelieved(chronicle),
    appliedInOrder(),
    resultsBelongToTheirProposals(),
    atMostOnce(),
    clientOutcomesAreTrue(chronicle),
  ];
}

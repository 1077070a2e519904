/** The membership port on the built-in engine. */
import type { RaftNode } from "@parley/raft";
import type { ChangeOutcome, MembershipPort } from "./keeper.ts";

/** A follower that misses no more than this has what matters: the rest is on its way. */
const CAUGHT_UP_ENTRIES = 64;

export function raftMembership(node: RaftNode): MembershipPort {
  return {
    now: () => {
      const { id, role, term, confState, peers, isStopped } = node.status();
      const { voters, votersOutgoing, learners, learnersNext } = confState;
      const followers = [...peers].map(([peer, { recentActive, lag, state }]) => {
        const isCaughtUp = state === "replicate" && lag <= CAUGHT_UP_ENTRIES;
        return [peer, { isActive: recentActive, isCaughtUp }] as const;
      });
      return {
        self: id,
        isPrime: role === "leader" && !isStopped,
        term,
        voters,
        learners: [...learners, ...learnersNext],
        isChanging: votersOutgoing.length > 0,
        followers: new Map(followers),
      };
    },
    change: async (steps, options) => ended(await node.changeMembership(steps, options)),
    handOver: async (to, options) => ended(await node.transferLeadership(to, options)),
  };
}

type Ending = Awaited<ReturnType<RaftNode["changeMembership"] | RaftNode["transferLeadership"]>>;

function ended(ending: Ending): ChangeOutcome {
  if (ending.outcome === "committed" || ending.outcome === "transferred") return { outcome: "done" };
  return { outcome: "failed", detail: "detail" in ending ? ending.detail : "somebody else leads" };
}

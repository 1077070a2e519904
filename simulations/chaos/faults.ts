/** What the nemesis can do to a cluster of real processes. */
import type { Cluster } from "@parley/raft/testing";
import { RaftError, type NodeId } from "@parley/raft";
import type { Random } from "../kit/random.ts";
import type { Lanes, Undo } from "./nemesis.ts";

export interface FaultContext {
  readonly cluster: Cluster;
  readonly random: Random;
  /** Nodes that somebody works on: faults of other lanes keep their hands off. */
  readonly claimed: Set<NodeId>;
  /** Nodes that there are to be. */
  readonly size: number;
}

const LEADER_WAIT_MS = 300;
const CATCH_UP_MS = 8_000;
const CHANGE_MS = 8_000;
const CAUGHT_UP_ENTRIES = 100;

export const LANES: Lanes<FaultContext> = {
  processes: {
    "kill -9": async (context) => killed(context, pickNode(context)),
    "kill -9 the leader": async (context) => killed(context, await pickLeader(context)),
    "kill -9 all": async ({ cluster, claimed }) => {
      const all = cluster.ids().filter((id) => cluster.isRunning(id));
      if (claimed.size > 0) return undefined;
      const release = claim(claimed, all);
      await Promise.all(all.map((id) => cluster.kill(id)));
      return async () => {
        try {
          await Promise.all(all.map((id) => cluster.restart(id)));
        } finally {
          release();
        }
      };
    },
    SIGSTOP: async (context) => paused(context, pickNode(context)),
    "SIGSTOP the leader": async (context) => paused(context, await pickLeader(context)),
  },
  links: {
    "partition in two": async ({ cluster, random }) => {
      const side = cluster.ids().filter(() => random.chance(0.5));
      const others = cluster.ids().filter((id) => !side.includes(id));
      return untilHealed(
        cluster,
        side.flatMap((a) => others.map(async (b) => cluster.cut(a, b))),
      );
    },
    "leader isolated": async (context) => {
      const leader = await pickLeader(context);
      if (leader === undefined) return undefined;
      return untilHealed(context.cluster, [context.cluster.isolate(leader)]);
    },
    "leader heard by nobody": async (context) => {
      const { cluster } = context;
      const leader = await pickLeader(context);
      if (leader === undefined) return undefined;
      const followers = cluster.ids().filter((id) => id !== leader);
      return untilHealed(
        cluster,
        followers.map(async (id) => cluster.cutOneWay(leader, id)),
      );
    },
    "one way cut": async ({ cluster, random }) => {
      const [from, to] = twoOf(cluster.ids(), random);
      if (from === undefined || to === undefined) return undefined;
      return untilHealed(cluster, [cluster.cutOneWay(from, to)]);
    },
    "slow links": async ({ cluster, random }) => {
      const ids = cluster.ids();
      const slow = ids.flatMap((a, i) => ids.slice(i + 1).map((b) => [a, b] as const)).filter(() => random.chance(0.6));
      return untilHealed(
        cluster,
        slow.map(async ([a, b]) => cluster.delay(a, b, random.between(5, 120))),
      );
    },
  },
  operations: {
    "leadership transfer": async ({ cluster, random }) => {
      const to = random.pick(cluster.ids());
      const outcome = to === undefined ? undefined : await cluster.transfer(to);
      return outcome?.outcome === "transferred" ? async () => undefined : undefined;
    },
    snapshot: async ({ cluster, random }) => {
      const id = random.pick(cluster.ids().filter((each) => cluster.isRunning(each) && !cluster.isPaused(each)));
      if (id !== undefined) await cluster.snapshot(id);
      return async () => undefined;
    },
    "voter removed and added back": async (context) => {
      const { cluster, claimed } = context;
      const id = pickNode(context);
      if (id === undefined || cluster.ids().length < 3) return undefined;
      const release = claim(claimed, [id]);
      try {
        await cluster.changeMembership([{ operation: "remove", node: id }], CHANGE_MS);
      } catch (error) {
        release();
        throw error;
      }
      return async () => {
        try {
          if (!cluster.isRunning(id)) await cluster.restart(id);
          await enrol(cluster, id);
        } finally {
          release();
        }
      };
    },
    "node replaced by a new one": async (context) => {
      const { cluster, claimed, size } = context;
      const old = pickNode(context);
      if (old === undefined) return undefined;
      const release = claim(claimed, [old]);
      try {
        // A replacement that failed half-way left one too many.
        if (cluster.ids().length <= size) await enrolNew(context);
        await cluster.changeMembership([{ operation: "remove", node: old }], CHANGE_MS);
        await cluster.removeNode(old);
      } finally {
        release();
      }
      return async () => undefined;
    },
  },
};

/** A node that runs becomes a learner, and a voter once it has nearly everything. @throws RaftError `unavailable`. */
export async function enrol(cluster: Cluster, id: NodeId): Promise<void> {
  await cluster.changeMembership([{ operation: "add-learner", node: id }], CHANGE_MS);
  await cluster.until(
    (statuses) =>
      statuses.some(({ peers }) =>
        peers.some((peer) => peer.id === id && peer.lag < CAUGHT_UP_ENTRIES && peer.match > 0),
      ),
    CATCH_UP_MS,
  );
  await cluster.changeMembership([{ operation: "add-voter", node: id }], CHANGE_MS);
}

/** Waits for what is done to links; when that does not succeed as a whole, none of it is to stay. */
async function untilHealed(cluster: Cluster, harm: readonly Promise<void>[]): Promise<Undo> {
  const done = await Promise.allSettled(harm);
  const failure = done.find((each) => each.status === "rejected");
  if (failure !== undefined) {
    await cluster.heal();
    throw failure.reason;
  }
  return () => cluster.heal();
}

async function enrolNew({ cluster, claimed }: FaultContext): Promise<void> {
  const id = await cluster.addNode();
  const release = claim(claimed, [id]);
  try {
    await enrol(cluster, id);
  } finally {
    release();
  }
}

function pickNode({ cluster, random, claimed }: FaultContext): NodeId | undefined {
  return random.pick(cluster.ids().filter((id) => cluster.isRunning(id) && !claimed.has(id)));
}

async function pickLeader({ cluster, claimed }: FaultContext): Promise<NodeId | undefined> {
  try {
    const leader = await cluster.leader(LEADER_WAIT_MS);
    return claimed.has(leader) ? undefined : leader;
  } catch (error) {
    if (!(error instanceof RaftError)) throw error;
    return undefined;
  }
}

async function killed({ cluster, claimed }: FaultContext, id: NodeId | undefined): Promise<Undo | undefined> {
  if (id === undefined) return undefined;
  const release = claim(claimed, [id]);
  await cluster.kill(id);
  return async () => {
    try {
      await cluster.restart(id);
    } finally {
      release();
    }
  };
}

async function paused({ cluster, claimed }: FaultContext, id: NodeId | undefined): Promise<Undo | undefined> {
  if (id === undefined) return undefined;
  const release = claim(claimed, [id]);
  cluster.pause(id);
  return async () => {
    cluster.resume(id);
    release();
  };
}

function claim(claimed: Set<NodeId>, ids: readonly NodeId[]): () => void {
  for (const id of ids) claimed.add(id);
  return () => {
    for (const id of ids) claimed.delete(id);
  };
}

function twoOf(ids: readonly NodeId[], random: Random): readonly (NodeId | undefined)[] {
  const first = random.pick(ids);
  return [first, random.pick(ids.filter((id) => id !== first))];
}

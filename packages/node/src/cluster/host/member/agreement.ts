/** A member's part in consensus: its log, its node, the replicated state, and who votes. */
import { systemClock } from "@parley/actors";
import type { ElectionTiming } from "@parley/raft";
import type { Logger } from "pino";
import type { MeshHost } from "../../../mesh/host/mesh-host.ts";
import type { Links } from "../../../mesh/links/links.ts";
import { createRaftTransport } from "../../../mesh/transports/raft/raft-transport.ts";
import { startRaftConsensus, type RaftConsensus } from "../../consensus/raft-consensus.ts";
import { SharedState } from "../../consensus/shared-state.ts";
import type { Electorate } from "../../journal/keys/electorate.ts";
import { MembershipKeeper, type MemberFacts } from "../../membership/keeper.ts";
import { raftMembership } from "../../membership/raft-membership.ts";
import { restsVote } from "../../membership/sleep.ts";
import { ClusterMachine } from "../../state/machine.ts";
import type { ClusterState } from "../../state/model.ts";
import { snapshotOf } from "../../state/snapshot.ts";
import type { SealingKey } from "../../../mesh/keys/sealing-key.ts";
import type { Ground } from "../ground.ts";
import { HouseSecrets } from "./house-secrets.ts";
import type { Roster } from "./roster.ts";

export interface AgreementOptions {
  readonly host: MeshHost;
  readonly links: Links;
  readonly roster: Roster;
  readonly sealingKey: SealingKey;
  readonly openLog: Ground["openLog"];
  /** Where the log is. */
  readonly folder: string;
  /** The first voter is this peer, and the log begins with this state, unless there is a log already. */
  readonly beginning: ClusterState | undefined;
  /** There has been a log: one that is gone now is in doubt. */
  readonly isLogExpected: boolean;
  readonly timing: ElectionTiming | undefined;
  readonly log: Logger;
  /** The node had to stop by itself: its disk is full, or its log cannot be used. */
  readonly failed: (error: Error) => void;
}

export interface Agreement {
  readonly consensus: RaftConsensus;
  readonly shared: SharedState;
  readonly secrets: HouseSecrets;
  /** Who votes now, as far as this peer's log says. */
  readonly electorate: () => Electorate;
  /** Looks after who votes, from now on. */
  keepMembership(): void;
  stop(): Promise<void>;
}

/** Starts this peer's node. @throws RaftError when its log cannot be used, or is in use */
export async function startAgreement(options: AgreementOptions): Promise<Agreement> {
  const { host, links, roster, openLog, folder, beginning, isLogExpected, timing, log } = options;
  const machine = new ClusterMachine();
  if (beginning !== undefined) await machine.restore(asChunks(snapshotOf(beginning)));
  roster.follow(() => machine.state);
  const consensus = await startRaftConsensus({
    id: roster.node,
    log: await openLog(folder, { wasKept: isLogExpected }),
    transport: createRaftTransport({ host, links, directory: roster, self: roster.node, log }),
    machine,
    peerOf: (node) => roster.peerOf(node),
    ...(beginning === undefined ? {} : { bootstrap: [roster.node] }),
    ...(timing === undefined ? {} : { timing }),
  });
  // Nobody else can lead: there is nothing to wait for.
  if (beginning !== undefined) consensus.node.campaign();
  void consensus.node.stopped.then((error) => {
    if (error === undefined) return;
    log.error({ err: error }, "this peer's part in consensus ended");
    options.failed(error);
  });
  const keeper = new MembershipKeeper({
    port: raftMembership(consensus.node),
    members: () => factsOf(machine.state),
    clock: systemClock(),
    onStep: (step, outcome) => log.info({ step, outcome, term: consensus.node.status().term }, "a step of membership"),
  });
  const shared = new SharedState(consensus, machine);
  return {
    consensus,
    shared,
    secrets: new HouseSecrets({ self: roster.self, sealingKey: options.sealingKey.privateKey, shared }),
    electorate: () => electorateIn(consensus, roster),
    keepMembership: () => keeper.start(),
    stop: async () => {
      keeper.stop();
      await consensus.stop();
    },
  };
}

async function* asChunks(chunks: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* chunks;
}

/** One that has no name here yet is counted all the same. */
function electorateIn({ node }: RaftConsensus, roster: Roster): Electorate {
  const { voters, votersOutgoing } = node.status().confState;
  const named = (nodes: readonly number[]): readonly string[] =>
    nodes.map((each) => roster.peerOf(each) ?? `node-${each}`);
  return [voters, votersOutgoing].filter(({ length }) => length > 0).map((nodes) => named(nodes));
}

function factsOf(state: ClusterState): readonly MemberFacts[] {
  return [...state.members.values()].map(({ peer, node }) => ({
    node,
    isAsleep: restsVote(state, peer),
    isAlwaysOn: state.records.get(peer)?.hardware.includes("battery") === false,
  }));
}

/** A member's part in consensus: its log, its node, the replicated state, and who votes. */
import { systemClock } from "@parley/actors";
import { openLevelLog, type ElectionTiming } from "@parley/raft";
import type { Logger } from "pino";
import type { MeshHost } from "../../../mesh/host/mesh-host.ts";
import type { Links } from "../../../mesh/links/links.ts";
import { createRaftTransport } from "../../../mesh/transports/raft/raft-transport.ts";
import { startRaftConsensus, type RaftConsensus } from "../../consensus/raft-consensus.ts";
import { SharedState } from "../../consensus/shared-state.ts";
import { MembershipKeeper, type MemberFacts } from "../../membership/keeper.ts";
import { raftMembership } from "../../membership/raft-membership.ts";
import { isAsleep } from "../../membership/sleep.ts";
import { ClusterMachine } from "../../state/machine.ts";
import type { ClusterState } from "../../state/model.ts";
import type { Roster } from "./roster.ts";

/** A founder's number. */
export const FOUNDER = 1;

export interface AgreementOptions {
  readonly host: MeshHost;
  readonly links: Links;
  readonly roster: Roster;
  /** Where the log is. */
  readonly folder: string;
  readonly isFounding: boolean;
  readonly timing: ElectionTiming | undefined;
  readonly log: Logger;
}

export interface Agreement {
  readonly consensus: RaftConsensus;
  readonly shared: SharedState;
  /** Looks after who votes, from now on. */
  keepMembership(): void;
  stop(): Promise<void>;
}

/** Starts this peer's node. @throws RaftError when its log cannot be used, or is in use */
export async function startAgreement(options: AgreementOptions): Promise<Agreement> {
  const { host, links, roster, folder, isFounding, timing, log } = options;
  const machine = new ClusterMachine();
  roster.follow(() => machine.state);
  const consensus = await startRaftConsensus({
    id: roster.node,
    log: await openLevelLog(folder),
    transport: createRaftTransport({ host, links, directory: roster, self: roster.node, log }),
    machine,
    peerOf: (node) => roster.peerOf(node),
    ...(isFounding ? { bootstrap: [FOUNDER] } : {}),
    ...(timing === undefined ? {} : { timing }),
  });
  // Nobody else can lead: there is nothing to wait for.
  if (isFounding) consensus.node.campaign();
  void consensus.node.stopped.then(
    (error) => error && log.error({ err: error }, "this peer's part in consensus ended"),
  );
  const keeper = new MembershipKeeper({
    port: raftMembership(consensus.node),
    members: () => factsOf(machine.state),
    clock: systemClock(),
    onStep: (step, outcome) => log.info({ step, outcome, term: consensus.node.status().term }, "a step of membership"),
  });
  return {
    consensus,
    shared: new SharedState(consensus, machine),
    keepMembership: () => keeper.start(),
    stop: async () => {
      keeper.stop();
      await consensus.stop();
    },
  };
}

function factsOf(state: ClusterState): readonly MemberFacts[] {
  return [...state.members.values()].map(({ peer, node }) => ({
    node,
    isAsleep: isAsleep(state, peer),
    isAlwaysOn: state.records.get(peer)?.hardware.includes("battery") === false,
  }));
}

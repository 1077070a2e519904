/** The core as the driver sets it up. */
import type { RaftOptions } from "../core/options.ts";
import type { LogReader } from "../core/storage.ts";
import type { CompleteNodeOptions } from "./options.ts";

/** `ticks`: how long an election timeout and a heartbeat are. */
export function coreOptions(
  { id, log, environment, limits, leases }: CompleteNodeOptions,
  ticks: Pick<RaftOptions, "electionTicks" | "heartbeatTicks">,
  storage: LogReader,
): RaftOptions {
  return {
    id,
    electionTicks: ticks.electionTicks,
    heartbeatTicks: ticks.heartbeatTicks,
    storage,
    random: () => environment.random(),
    applied: log.snapshot().index,
    asyncStorageWrites: true,
    maxMessageBytes: limits.maxMessageBytes,
    maxInflightMessages: limits.maxInflightMessages,
    maxInflightBytes: limits.maxInflightBytes,
    maxUncommittedBytes: limits.maxProposalBytes,
    checkQuorum: true,
    preVote: true,
    informStragglers: true,
    stepDownOnRemoval: true,
    abstains: log.opened.state === "doubtful",
    ...(leases === undefined ? {} : { readOnly: "lease-based", maxClockDrift: leases.maxClockDrift }),
  };
}

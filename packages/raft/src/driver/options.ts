/** Options of a node with their defaults. */
import { invariant } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { ENVELOPE_BYTES } from "./envelope.ts";
import type { NodeLimits, NodeObserver, NodeOptions } from "./node.ts";
import { systemEnvironment } from "./system-environment.ts";
import { LAN, type ElectionTiming } from "./timing.ts";

export interface CompleteNodeOptions extends NodeOptions {
  readonly environment: Environment;
  readonly timing: ElectionTiming;
  readonly limits: NodeLimits;
  readonly observer: NodeObserver;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: NodeLimits = {
  maxProposals: 8_192,
  maxProposalBytes: 32 * MIB,
  maxCommandBytes: MIB,
  maxReads: 16_384,
  maxMessageBytes: MIB,
  maxInflightMessages: 256,
  maxInflightBytes: 16 * MIB,
  maxSessions: 10_000,
  snapshotEntries: 100_000,
  snapshotBytes: 64 * MIB,
};

/** @throws InvariantError for options that contradict each other. */
export function completeNodeOptions(given: NodeOptions): CompleteNodeOptions {
  const limits = { ...DEFAULT_LIMITS, ...given.limits };
  for (const [name, value] of Object.entries(limits)) {
    invariant(Number.isSafeInteger(value) && value > 0, `${name} is ${value}, and must be a positive integer`);
  }
  const wanted = given.timing ?? LAN;
  // A lease rests on the timeout that all nodes were given.
  const timing = given.leases === undefined ? wanted : { ...wanted, maxElectionMs: wanted.electionMs };
  const { heartbeatMs, electionMs, maxElectionMs } = timing;
  invariant(heartbeatMs > 0 && electionMs >= 2 * heartbeatMs, "an election timeout takes at least two heartbeats");
  invariant(maxElectionMs >= electionMs, "the longest election timeout is not shorter than the shortest");
  invariant(
    limits.maxCommandBytes + ENVELOPE_BYTES <= limits.maxProposalBytes,
    "one command must fit maxProposalBytes",
  );
  return {
    ...given,
    environment: given.environment ?? systemEnvironment(),
    timing,
    limits,
    observer: given.observer ?? {},
  };
}

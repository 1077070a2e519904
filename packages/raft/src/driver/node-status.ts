/** Puts together what a node says of itself. */
import type { RawNode } from "../core/raw-node.ts";
import { NONE, type NodeId } from "../core/types.ts";
import type { LogStore } from "../storage/log-store.ts";
import type { NodeStatus, PeerStatus } from "./status.ts";

export interface StatusParts extends Pick<
  NodeStatus,
  "applied" | "isStopped" | "electionMs" | "waiting" | "sessions" | "counters" | "syncMs" | "commitMs" | "readMs"
> {
  readonly raw: RawNode;
  readonly log: LogStore;
  readonly isInDoubt: boolean;
  readonly roundTripMs: (peer: NodeId) => number | undefined;
}

export function nodeStatus({ raw, log, isInDoubt, roundTripMs, ...parts }: StatusParts): NodeStatus {
  const { progress, ...core } = raw.status();
  const peers = new Map<NodeId, PeerStatus>();
  for (const [id, each] of progress) {
    if (id === core.id || id === NONE) continue;
    const lag = Math.max(0, core.lastIndex - each.match);
    peers.set(id, { ...each, lag, roundTripMs: roundTripMs(id) });
  }
  return {
    ...core,
    ...parts,
    firstIndex: log.firstIndex(),
    snapshotIndex: log.snapshot().index,
    log: isInDoubt ? log.opened : { state: "intact" },
    peers,
  };
}

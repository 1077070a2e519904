/** Raft's numbers and the peers behind them. Kept by the cluster: a number is given to a peer once and never again. */
import type { NodeId } from "@parley/raft";

export interface RaftDirectory {
  peerOf(node: NodeId): string | undefined;
  nodeOf(peer: string): NodeId | undefined;
}

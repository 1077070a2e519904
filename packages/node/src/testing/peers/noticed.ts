/** What a whole peer has noticed since it started, counted: tests that promise calm look here. */
import { RaftConsensus } from "../../cluster/consensus/raft-consensus.ts";
import type { Cluster } from "../../cluster/face.ts";
import type { NoticedAnswer } from "./orders.ts";

export function watchCluster(cluster: Cluster): () => NoticedAnswer {
  let linksLost = 0;
  let primes = 0;
  let doubts = 0;
  let isInDoubt = false;
  let online = new Set<string>();
  let prime: string | undefined;
  const look = (): void => {
    const peers = cluster.peers();
    const now = new Set(peers.flatMap(({ peerId, isOnline }) => (isOnline ? [peerId] : [])));
    for (const peer of online) if (!now.has(peer)) linksLost += 1;
    online = now;
    const said = peers.find(({ isPrime }) => isPrime)?.peerId;
    if (said !== undefined && said !== prime) primes += 1;
    // One that was not heard of for a moment is the same one afterwards.
    prime = said ?? prime;
    const wasInDoubt = isInDoubt;
    const { consensus } = cluster;
    isInDoubt = consensus instanceof RaftConsensus && consensus.node.status().log.state === "doubtful";
    if (isInDoubt && !wasInDoubt) doubts += 1;
  };
  cluster.onChange(look);
  return () => {
    look();
    return { linksLost, primes, doubts, term: cluster.consensus?.leadership.current().term ?? 0 };
  };
}

/** What a whole peer has noticed since it started, counted: tests that promise calm look here. */
import type { Cluster } from "../../cluster/face.ts";
import type { NoticedAnswer } from "./orders.ts";

export function watchCluster(cluster: Cluster): () => NoticedAnswer {
  let linksLost = 0;
  let primes = 0;
  let online = new Set<string>();
  let prime: string | undefined;
  const look = (): void => {
    const peers = cluster.peers();
    const now = new Set(peers.flatMap(({ peerId, isOnline }) => (isOnline ? [peerId] : [])));
    for (const peer of online) if (!now.has(peer)) linksLost += 1;
    online = now;
    const said = peers.find(({ isPrime }) => isPrime)?.peerId;
    if (said !== undefined && said !== prime) primes += 1;
    prime = said;
  };
  cluster.onChange(look);
  return () => {
    look();
    return { linksLost, primes, term: cluster.consensus?.leadership.current().term ?? 0 };
  };
}

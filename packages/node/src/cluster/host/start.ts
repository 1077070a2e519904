/** Makes a peer's part in a cluster. */
import type { Cluster } from "../face.ts";
import { ClusterHost } from "./cluster-host.ts";
import { ClusteredPeer } from "./clustered-peer.ts";
import type { ClusterOptions } from "./options.ts";

/** A cluster's face that can be shown at once, and what begins it. */
export interface OpenedCluster {
  readonly cluster: Cluster;
  /**
   * Fulfilled when other peers can reach this one and, if it belongs, it takes part again. It may look for a cluster for as
   * long as it runs. @throws PeerError `home-unusable`, `port-in-use`; then it takes no part.
   */
  readonly start: () => Promise<void>;
}

/** @throws PeerError `config-invalid` for a join secret that is too weak */
export function openCluster(options: ClusterOptions): OpenedCluster {
  const host = new ClusterHost(options);
  return { cluster: new ClusteredPeer(host), start: () => host.start() };
}

/** As {@link openCluster}, started. @throws what both do */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const opened = openCluster(options);
  try {
    await opened.start();
  } catch (error) {
    await opened.cluster.close();
    throw error;
  }
  return opened.cluster;
}

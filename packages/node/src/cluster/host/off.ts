/** The face of a cluster where clustering is off: there is none, and nobody listens for one. */
import { PeerError } from "../../errors.ts";
import type { Cluster } from "../face.ts";
import { explainCluster } from "../status/explain.ts";

export function clusterOff(peerId: string): Cluster {
  const refuse = async (): Promise<never> => {
    throw new PeerError("cluster-off", "this peer takes part in no cluster: that is switched off", {
      nextStep: "Start it without --no-cluster (parley config shows where cluster.enabled is set).",
    });
  };
  return {
    belonging: "off",
    peerId,
    clusterId: undefined,
    status: () => ({ belonging: "off", peerId, ...explainCluster({ belonging: "off" }) }),
    peers: () => [],
    departed: () => [],
    waiting: () => [],
    met: () => [],
    openPairing: refuse,
    closePairing: () => undefined,
    pairing: undefined,
    pairingEnd: undefined,
    approve: refuse,
    join: refuse,
    revoke: refuse,
    leave: refuse,
    consensus: undefined,
    actors: undefined,
    onChange: () => () => undefined,
    close: async () => undefined,
  };
}

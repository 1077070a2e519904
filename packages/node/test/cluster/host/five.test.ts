import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, peersKnowingAll, SECRET } from "./peers.ts";

describe("five peers with the secret that start at the same moment", () => {
  for (const run of [1, 2, 3]) {
    it(`end in one cluster, run ${run}`, async () => {
      const peers = await peersKnowingAll(5, { joinSecret: SECRET });
      await Promise.all(peers.map((peer) => peer.start()));
      await until(() => areOneCluster(peers), "one cluster");
      const [first] = peers;
      const numbers = first?.cluster.peers().map(({ nodeId }) => nodeId);
      expect(new Set(numbers).size).toBe(5);
    });
  }
});

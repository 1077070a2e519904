import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, peersKnowingAll, primeOf, SECRET } from "./peers.ts";

describe("peers with a join secret", () => {
  it("end in one cluster with one prime", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    expect(primeOf(peers)).toBeDefined();
    await until(() => peers.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "voters");
  });
});

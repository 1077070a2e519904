import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, freePorts, peersKnowingAll, primeOf, SECRET, TestPeer } from "./peers.ts";

describe("peers with a join secret", () => {
  it("end in one cluster with one prime", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    expect(primeOf(peers)).toBeDefined();
    await until(() => peers.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "voters");
  });

  it("end in one cluster when only the one that must not yield knows where the other is", async () => {
    const [one = 0, other = 0] = await freePorts(2);
    const first = await TestPeer.started({ name: "first", port: one, known: [other], joinSecret: SECRET });
    await until(() => first.cluster.belonging === "member", "a founder");
    expect(await first.put("lamp", "on")).toBe("done");
    const second = await TestPeer.started({ name: "second", port: other, joinSecret: SECRET });
    await until(() => areOneCluster([first, second]), "one cluster");
  });
});

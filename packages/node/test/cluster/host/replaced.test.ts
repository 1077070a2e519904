import { expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, freePorts, SECRET, TestPeer } from "./peers.ts";

it(
  "a member that was away while all the others were replaced finds its cluster again, and has all it missed",
  { timeout: 240_000 },
  async () => {
    const ports = await freePorts(6);
    const peers = await Promise.all(
      ports.map((port, i) => TestPeer.make({ name: `peer-${i + 1}`, port, known: ports, joinSecret: SECRET })),
    );
    const [returning, one, other, ...newer] = peers;
    if (returning === undefined || one === undefined || other === undefined) throw new Error("six");
    const old = [returning, one, other];
    await Promise.all(old.map((peer) => peer.start()));
    await until(() => areOneCluster(old), "one cluster");
    // Until the others vote the cluster cannot do without its founder.
    await until(() => old.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "voters");
    const { clusterId, peerId } = returning.cluster;
    expect(await returning.put("before", "value")).toBe("done");
    await returning.stop();

    for (const peer of newer) {
      await peer.start();
      await until(() => peer.cluster.clusterId === clusterId, "that it is let in");
    }
    const members = (peer: TestPeer) => peer.cluster.peers().length;
    await until(() => newer.every((peer) => members(peer) === 6), "that the newer ones belong");
    await until(() => newer[0]?.cluster.peers().filter(({ role }) => role === "voter").length === 5, "that they vote");
    for (const peer of [one, other]) {
      // On a busy machine it may take a second word.
      await until(
        () =>
          peer.cluster.leave().then(
            () => true,
            () => false,
          ),
        "that it is let go",
      );
      await peer.stop();
    }
    await until(() => newer.every((peer) => members(peer) === 4), "that the others are gone");
    await until(async () => (await newer[0]?.put("meanwhile", "value")) === "done", "a write");

    await returning.start();
    const all = [returning, ...newer];
    await until(() => areOneCluster(all), "one cluster");
    expect(returning.cluster).toMatchObject({ clusterId, peerId });
    await until(() => returning.cluster.shared?.now.pairs.has("meanwhile") === true, "what it missed");
    expect(await returning.put("after", "value")).toBe("done");
  },
);

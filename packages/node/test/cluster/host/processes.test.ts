import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { SECRET } from "./peers.ts";
import { processesKnowingAll, untilOneCluster } from "./processes.ts";

describe("peers as processes", () => {
  it("agree on another prime when theirs is killed, and take it in again when it is back", async () => {
    const peers = await processesKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    const prime = await untilOneCluster(peers, "voter");
    expect(await prime.put("before", "one")).toBe("done");
    await prime.kill("SIGKILL");
    const others = peers.filter((peer) => peer !== prime);
    for (const [i, peer] of others.entries()) expect(await peer.put(`after-${i}`, "two")).toBe("done");
    for (const peer of others) expect(await peer.get("before")).toEqual({ outcome: "readable", value: "one" });
    const successors = new Set(
      await Promise.all(others.map(async (peer) => (await peer.peers()).find(({ isPrime }) => isPrime)?.peerId)),
    );
    expect(successors.size).toBe(1);
    expect(successors.has(prime.peerId)).toBe(false);
    await prime.start();
    await untilOneCluster(peers);
    expect(await prime.get("after-1")).toEqual({ outcome: "readable", value: "two" });
  });

  it("work by themselves without a quorum, say why, and go on when it is back", async () => {
    const peers = await processesKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await untilOneCluster(peers, "voter");
    const [one, two, three] = peers;
    if (one === undefined || two === undefined || three === undefined) throw new Error("three");
    await Promise.all([two.kill("SIGKILL"), three.kill("SIGKILL")]);
    await until(async () => (await one.status())["state"] === "no-quorum", "no quorum");
    expect(await one.put("alone", "x", 1_000)).not.toBe("done");
    expect((await one.status())["sentences"]).not.toEqual([]);
    await Promise.all([two.start(), three.start()]);
    await untilOneCluster(peers);
    await until(async () => (await one.put("together", "y")) === "done", "a write");
  });
});

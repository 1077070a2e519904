import { verify } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { until } from "../../mesh/host/hosts.ts";
import { publicKeyFrom } from "../../../src/mesh/keys/raw-keys.ts";
import { announcedPrime, primeStatement } from "../../../src/cluster/host/member/prime.ts";
import { areOneCluster, freePorts, peersKnowingAll, primeOf, SECRET, TestPeer } from "./peers.ts";

async function startedCluster(count: number): Promise<readonly TestPeer[]> {
  const peers = await peersKnowingAll(count, { joinSecret: SECRET });
  await Promise.all(peers.map((peer) => peer.start()));
  await until(() => areOneCluster(peers), "one cluster");
  // Else one that is stopped may take the quorum along.
  await until(() => peers.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "all vote");
  return peers;
}

function theOthers(peers: readonly TestPeer[], one: TestPeer): readonly TestPeer[] {
  return peers.filter((peer) => peer !== one);
}

function theFirst(peers: readonly TestPeer[]): TestPeer {
  const [first] = peers;
  if (first === undefined) throw new Error("there are some");
  return first;
}

describe("a cluster", () => {
  it("has one prime, which announces itself with its term and the mesh's signature", async () => {
    const peers = await startedCluster(3);
    const [one] = peers;
    await until(() => {
      const state = one?.cluster.shared?.now;
      const said = state && announcedPrime(state);
      return said !== undefined && said.peer === primeOf(peers)?.cluster.peerId;
    }, "an announcement");
    const state = one?.cluster.shared?.now;
    const said = state && announcedPrime(state);
    if (state?.id === undefined || state.meshKey === undefined || said === undefined) throw new Error("founded");
    const key = publicKeyFrom("Ed25519", state.meshKey.publicKey);
    expect(verify(null, primeStatement(state.id, said.peer, said.term), key, said.signature)).toBe(true);
  });

  it("throws a peer out for good: nobody talks to it, and the mesh's key is a new one that it does not get", async () => {
    const peers = await startedCluster(3);
    const prime = primeOf(peers);
    const [victim, other] = prime === undefined ? [] : theOthers(peers, prime);
    if (prime === undefined || victim === undefined || other === undefined) throw new Error("three peers");
    const gone = victim.cluster.peerId;
    const report = await other.cluster.revoke(victim.name);
    expect(report).toMatchObject({ peerId: gone, name: victim.name, notYetAppliedBy: [] });
    expect([...report.appliedBy].toSorted()).toEqual([prime.cluster.peerId, other.cluster.peerId].toSorted());
    await until(() => {
      const { meshKey } = other.cluster.shared?.now ?? {};
      return meshKey?.generation === 2 && !meshKey.sealed.has(gone);
    }, "a new key");
    await until(() => victim.cluster.belonging === "revoked", "that it knows");
    await victim.stop();
    await victim.start();
    expect(victim.cluster.status()).toMatchObject({ belonging: "revoked", state: "revoked" });
    expect(prime.cluster.peers().map(({ peerId }) => peerId)).not.toContain(gone);
    expect(await other.put("after", "value")).toBe("done");
  });

  it("throws a peer out that goes on saying so, and why, while it waits beside another cluster", async () => {
    const [a = 0, b = 0, c = 0] = await freePorts(3);
    const home = await TestPeer.started({ name: "home", port: a });
    const other = await TestPeer.started({ name: "other", port: b });
    await until(() => [home, other].every(({ cluster }) => cluster.belonging === "member"), "two founders");
    await home.put("kept", "value");
    await other.put("kept", "value");
    const victim = await TestPeer.started({ name: "victim", port: c, known: [a, b] });
    const { code } = await home.cluster.openPairing();
    const signal = AbortSignal.timeout(20_000);
    await victim.cluster.join({ proof: { code }, address: `127.0.0.1:${a}`, signal });
    await until(() => areOneCluster([home, victim]), "one cluster");
    const { clusterId } = home.cluster;
    await home.cluster.revoke("victim");
    await until(() => other.cluster.waiting().length === 1, "that it knocks at the other");
    expect(victim.cluster.status()).toMatchObject({ belonging: "revoked", state: "revoked", cluster: clusterId });
    const text = JSON.stringify(victim.cluster.status());
    expect(text).toContain("a new identity");
    expect(text).toContain(`beside the cluster ${other.cluster.clusterId}`);
    expect(victim.cluster.met().map((met) => met.clusterId)).toEqual([other.cluster.clusterId]);
    // Its identity is nothing to those: it can go in there.
    const window = await other.cluster.openPairing();
    await victim.cluster.join({ proof: { code: window.code }, signal });
    await until(() => areOneCluster([other, victim]), "one cluster");
    expect(victim.cluster.belonging).toBe("member");
  });

  it("revokes a peer that is away, and tells it when it comes back", async () => {
    const peers = await startedCluster(3);
    const victim = theOthers(peers, primeOf(peers) ?? theFirst(peers))[0];
    if (victim === undefined) throw new Error("three peers");
    await victim.stop();
    const others = theOthers(peers, victim);
    await theFirst(others).cluster.revoke(victim.name);
    const [other] = others;
    await victim.start();
    expect(victim.cluster.belonging).toBe("member");
    await until(() => victim.cluster.belonging === "revoked", "that it knows");
    expect(victim.cluster.status()).toMatchObject({ state: "revoked" });
    expect(JSON.stringify(victim.cluster.status())).not.toContain("last-resort");
    expect(await other?.put("after", "value")).toBe("done");
    await expect(victim.cluster.recover?.()).rejects.toMatchObject({ code: "not-member" });
  });

  it("tells a peer that it was revoked though that has forgotten where the others are", async () => {
    const peers = await startedCluster(3);
    const [one, two, victim] = peers;
    if (one === undefined || two === undefined || victim === undefined) throw new Error("three peers");
    await victim.stop();
    await one.cluster.revoke(victim.name);
    const file = join(victim.folder, "cluster.json");
    const record = JSON.parse(await readFile(file, "utf8")) as { members: { addresses: string[] }[] };
    for (const member of record.members) member.addresses = [];
    await writeFile(file, JSON.stringify(record));
    await rm(join(victim.folder, "raft"), { recursive: true });
    await victim.start();
    await until(() => victim.cluster.belonging === "revoked", "that it knows");
    expect(victim.cluster.status()).toMatchObject({ state: "revoked" });
  });

  it("that is down to one tells a revoked peer as much: it is offered no last resort, and waits for another's word", async () => {
    const peers = await startedCluster(3);
    const prime = primeOf(peers) ?? theFirst(peers);
    const [victim, third] = theOthers(peers, prime);
    if (victim === undefined || third === undefined) throw new Error("three peers");
    await victim.stop();
    await prime.cluster.revoke(victim.name);
    await third.stop();
    await victim.start();
    await until(() => victim.cluster.status()["state"] === "revoked", "that it heard of it");
    expect(victim.cluster.belonging).toBe("member");
    expect(JSON.stringify(victim.cluster.status())).toContain(prime.name);
    expect(JSON.stringify(victim.cluster.status())).not.toContain("last-resort");
    await expect(victim.cluster.recover?.()).rejects.toMatchObject({ code: "revoked" });
    await third.start();
    await until(() => victim.cluster.belonging === "revoked", "that it is certain");
  });

  it("lets a member go, its shards and leadership first, and that one founds no other", async () => {
    const peers = await startedCluster(3);
    const prime = primeOf(peers);
    if (prime === undefined) throw new Error("a prime");
    const gone = prime.cluster.peerId;
    const others = theOthers(peers, prime);
    await until(() => {
      const table = others[0]?.cluster.shared?.now.tables.get("homes");
      return table?.rows.every(({ owner }) => owner !== undefined) === true;
    }, "all shards placed");
    await prime.cluster.leave();
    expect(prime.cluster.clusterId).toBeUndefined();
    await until(() => areOneCluster(others), "a cluster of the others");
    for (const { cluster } of others) {
      await until(() => {
        const rows = cluster.shared?.now.tables.get("homes")?.rows ?? [];
        return rows.length > 0 && rows.every(({ owner }) => owner?.includes(gone) === false);
      }, "shards elsewhere");
    }
    await prime.stop();
    await prime.start();
    await until(() => prime.cluster.belonging === "waiting", "that it waits for a person");
    expect(await theFirst(others).put("after", "value")).toBe("done");
    expect(others.flatMap(({ cluster }) => cluster.peers()).map(({ peerId }) => peerId)).not.toContain(gone);
    for (const { cluster } of others) {
      expect(cluster.departed()).toMatchObject([{ peerId: gone, name: prime.name, how: "left" }]);
      expect(Date.now() - (cluster.departed()[0]?.atMs ?? 0)).toBeLessThan(600_000);
    }
  });
});

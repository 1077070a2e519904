import { readFile, stat } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../src/mesh/door/code/fingerprint.ts";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, freePorts, SECRET, TestPeer } from "./peers.ts";

/** A founder with something in its cluster, and a newcomer that knows where it is. */
async function founderAndNewcomer(): Promise<readonly [founder: TestPeer, newcomer: TestPeer]> {
  const [a = 0, b = 0] = await freePorts(2);
  const founder = await TestPeer.started({ name: "founder", port: a });
  await until(() => founder.cluster.belonging === "member", "a founder");
  await founder.put("kept", "value");
  const newcomer = await TestPeer.started({ name: "newcomer", port: b, known: [a] });
  await until(() => newcomer.cluster.belonging === "waiting", "a newcomer that waits");
  return [founder, newcomer];
}

const soon = (): AbortSignal => AbortSignal.timeout(20_000);

describe("a newcomer", () => {
  it("waits beside a cluster, says so, and is let in by the code that a member shows", async () => {
    const [founder, newcomer] = await founderAndNewcomer();
    expect(newcomer.cluster.status()).toMatchObject({ state: "waiting", belonging: "waiting" });
    const { code, uri } = await founder.cluster.openPairing();
    expect(code).toMatch(/^\w{4}-\w{4}$/);
    expect(uri).toContain("parley:pair?");
    await newcomer.cluster.join({ proof: { code: code.toLowerCase() }, signal: soon() });
    await until(() => areOneCluster([founder, newcomer]), "one cluster");
    expect(founder.cluster.pairingEnd).toBe("used");
    await until(() => newcomer.cluster.shared?.now.pairs.has("kept") === true, "what was kept");
    const file = join(newcomer.folder, "cluster.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ standing: "member", node: 2 });
  });

  it("is not let in by another code, and learns nothing", async () => {
    const [founder, newcomer] = await founderAndNewcomer();
    const { code } = await founder.cluster.openPairing();
    const wrong = code.startsWith("0") ? `1${code.slice(1)}` : `0${code.slice(1)}`;
    const joining = newcomer.cluster.join({ proof: { code: wrong }, signal: soon() });
    await expect(joining).rejects.toMatchObject({ code: "pairing-failed" });
    expect(newcomer.cluster.belonging).toBe("waiting");
    expect(founder.cluster.pairing?.triesLeft).toBe(4);
    expect(founder.cluster.peers()).toHaveLength(1);
  });

  it("is let in when a person there approves it and its own person agrees to that fingerprint", async () => {
    const [founder, newcomer] = await founderAndNewcomer();
    await until(() => founder.cluster.waiting().length === 1, "a knock");
    const [waiting] = founder.cluster.waiting();
    expect(waiting).toMatchObject({ peerId: newcomer.cluster.peerId, name: "newcomer" });
    const approving = founder.cluster.approve("newcomer");
    await until(() => newcomer.cluster.met().some(({ hasApproved }) => hasApproved), "an approval");
    const [met] = newcomer.cluster.met();
    await newcomer.cluster.join({ proof: { fingerprint: met?.fingerprint ?? "" }, signal: soon() });
    expect(await approving).toMatchObject({ peerId: newcomer.cluster.peerId, nodeId: 2 });
    await until(() => areOneCluster([founder, newcomer]), "one cluster");
  });

  it("that calls itself like a member is told as such, and let in by its fingerprint only", async () => {
    const [a = 0, b = 0] = await freePorts(2);
    const founder = await TestPeer.started({ name: "founder", port: a });
    await until(() => founder.cluster.belonging === "member", "a founder");
    await founder.put("kept", "value");
    const double = await TestPeer.started({ name: "F0under", port: b, known: [a] });
    await until(() => founder.cluster.waiting().length === 1, "a knock");
    const [waiting] = founder.cluster.waiting();
    expect(waiting?.namesakes).toMatchObject([{ peerId: founder.cluster.peerId, name: "founder", isMember: true }]);
    await expect(founder.cluster.approve("F0under")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(waiting?.fingerprint ?? "?") as string,
    });
    const approving = founder.cluster.approve(waiting?.fingerprint ?? "?");
    await until(() => double.cluster.met().some(({ hasApproved }) => hasApproved), "an approval");
    const [met] = double.cluster.met();
    await double.cluster.join({ proof: { fingerprint: met?.fingerprint ?? "" }, signal: soon() });
    expect(await approving).toMatchObject({ peerId: double.cluster.peerId });
  });

  it("that waits at another member is approved there: who asks elsewhere is told where", async () => {
    const [a = 0, b = 0, c = 0] = await freePorts(3);
    const founder = await TestPeer.started({ name: "founder", port: a });
    await until(() => founder.cluster.belonging === "member", "a founder");
    const second = await TestPeer.started({ name: "second", port: b, known: [a] });
    const { code } = await founder.cluster.openPairing();
    await second.cluster.join({ proof: { code }, address: `127.0.0.1:${a}`, signal: soon() });
    await until(() => areOneCluster([founder, second]), "one cluster");
    // It knows of one of them only.
    const newcomer = await TestPeer.started({ name: "newcomer", port: c, known: [b] });
    await until(() => second.cluster.waiting().length === 1, "a knock");
    expect(founder.cluster.waiting()).toEqual([]);
    const fingerprint = fingerprintOf(newcomer.cluster.peerId);
    for (const who of ["newcomer", fingerprint]) {
      await expect(founder.cluster.approve(who)).rejects.toMatchObject({
        code: "no-such-peer",
        message: `no peer ${JSON.stringify(who)} waits at this peer, but elsewhere: ${fingerprint} waits at second`,
      });
    }
    await expect(founder.cluster.approve("nobody")).rejects.toMatchObject({
      message: 'no peer "nobody" waits at this peer',
    });
  });

  it("waits at every member that it sees, and can be approved at any of them", async () => {
    const ports = await freePorts(3);
    const [a = 0, b = 0, c = 0] = ports;
    const founder = await TestPeer.started({ name: "founder", port: a });
    await until(() => founder.cluster.belonging === "member", "a founder");
    const second = await TestPeer.started({ name: "second", port: b, known: [a] });
    const { code } = await founder.cluster.openPairing();
    await second.cluster.join({ proof: { code }, address: `127.0.0.1:${a}`, signal: soon() });
    await until(() => areOneCluster([founder, second]), "one cluster");
    const newcomer = await TestPeer.started({ name: "newcomer", port: c, known: [a, b] });
    const members = [founder, second];
    await until(() => members.every(({ cluster }) => cluster.waiting().length === 1), "a knock at both");
    // At the one that it has not knocked at first.
    const last = founder.cluster.peerId < second.cluster.peerId ? second : founder;
    const approving = last.cluster.approve("newcomer");
    await until(() => newcomer.cluster.met().some(({ hasApproved }) => hasApproved), "an approval");
    const met = newcomer.cluster.met().find(({ hasApproved }) => hasApproved);
    expect(met?.peerId).toBe(last.cluster.peerId);
    await newcomer.cluster.join({ proof: { fingerprint: met?.fingerprint ?? "" }, signal: soon() });
    expect(await approving).toMatchObject({ peerId: newcomer.cluster.peerId });
    await until(() => areOneCluster([...members, newcomer]), "one cluster");
    await until(() => members.every(({ cluster }) => cluster.waiting().length === 0), "that nobody waits any more");
  });

  it("joins by code though it has founded an empty cluster of its own meanwhile", async () => {
    const [a = 0, b = 0] = await freePorts(2);
    const one = await TestPeer.started({ name: "one", port: a });
    const other = await TestPeer.started({ name: "other", port: b });
    await until(() => [one, other].every(({ cluster }) => cluster.belonging === "member"), "two founders");
    const { code } = await one.cluster.openPairing();
    await other.cluster.join({ proof: { code }, address: `127.0.0.1:${a}`, signal: soon() });
    await until(() => areOneCluster([one, other]), "one cluster");
    const again = other.cluster.join({ proof: { code }, signal: soon() });
    await expect(again).rejects.toMatchObject({ code: "already-member" });
  });

  it("is shown no more at a peer that has left its own cluster", async () => {
    const [founder, newcomer] = await founderAndNewcomer();
    await until(() => founder.cluster.waiting().length === 1, "a knock");
    await founder.cluster.leave();
    expect(newcomer.cluster.belonging).toBe("waiting");
    expect(founder.cluster.belonging).toBe("left");
    expect(founder.cluster.waiting()).toEqual([]);
  });

  it("waits there no more once it has founded a cluster of its own", async () => {
    const [a = 0, b = 0] = await freePorts(2);
    const founder = await TestPeer.started({ name: "founder", port: a });
    await until(() => founder.cluster.belonging === "member", "a founder");
    await founder.put("kept", "value");
    const forming = { discoveryMs: 50, lookAgainMs: 25, quietMs: 50, retryMs: 100 };
    const newcomer = await TestPeer.started({ name: "newcomer", port: b, known: [a], joinSecret: SECRET, forming });
    await until(() => founder.cluster.waiting().length === 1, "a knock");
    await until(() => newcomer.cluster.belonging === "member", "a second founder");
    await until(() => founder.cluster.waiting().length === 0, "that nobody knocks any more");
    await expect(founder.cluster.approve("newcomer")).rejects.toMatchObject({ code: "no-such-peer" });
  });

  it("waits there no more, as its person wanted, once its own cluster holds something", async () => {
    const [a = 0, b = 0] = await freePorts(2);
    const founder = await TestPeer.started({ name: "founder", port: a });
    const newcomer = await TestPeer.started({ name: "newcomer", port: b, joinSecret: SECRET });
    await until(() => [founder, newcomer].every(({ cluster }) => cluster.belonging === "member"), "two founders");
    await founder.put("kept", "value");
    const proof = { fingerprint: fingerprintOf(founder.cluster.peerId) };
    const ending = new AbortController();
    const address = `127.0.0.1:${a}`;
    const joining = newcomer.cluster.join({ proof, address, signal: AbortSignal.any([soon(), ending.signal]) });
    await until(() => founder.cluster.waiting().length === 1, "a knock");
    ending.abort(new Error("enough"));
    await expect(joining).rejects.toThrow("enough");
    expect(founder.cluster.waiting()).toHaveLength(1);
    expect(await newcomer.put("mine", "value")).toBe("done");
    await until(() => founder.cluster.waiting().length === 0, "that nobody knocks any more");
  });

  it("stays a member through a restart, and finds the others where they are now", async () => {
    const [founder, newcomer] = await founderAndNewcomer();
    const { code } = await founder.cluster.openPairing();
    await newcomer.cluster.join({ proof: { code }, signal: soon() });
    await until(() => areOneCluster([founder, newcomer]), "one cluster");
    await newcomer.stop();
    const [elsewhere = 0] = await freePorts(1);
    await newcomer.start({ listen: [{ host: "127.0.0.1", port: elsewhere }] });
    expect(newcomer.cluster.belonging).toBe("member");
    await until(() => areOneCluster([founder, newcomer]), "one cluster");
  });
});

describe("a peer that listens on every interface", () => {
  const hasLan = Object.values(networkInterfaces()).some((each) => each?.some(({ internal }) => !internal) === true);

  it.runIf(hasLan)("is found by others where it is, and not at loopback, which leads them to themselves", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await TestPeer.make({ name: "peer", port });
    await peer.start({ listen: [{ host: "0.0.0.0", port }] });
    await until(() => (peer.cluster.shared?.now.records.size ?? 0) > 0, "its record");
    const recorded = peer.cluster.shared?.now.records.get(peer.cluster.peerId)?.addresses ?? [];
    const shown = peer.cluster.peers().flatMap(({ addresses }) => addresses);
    const { uri } = await peer.cluster.openPairing();
    for (const text of [recorded.join(" "), shown.join(" "), uri]) {
      expect(text).toContain(`/tcp/${port}`);
      expect(text).not.toContain("127.0.0.1");
    }
  });
});

describe("a peer that looks for a cluster at an address where there is none", () => {
  it("is told so", async () => {
    const [a = 0, b = 0] = await freePorts(2);
    const peer = await TestPeer.started({ name: "peer", port: a });
    const joining = peer.cluster.join({ proof: { code: "ABCD-1234" }, address: `127.0.0.1:${b}`, signal: soon() });
    await expect(joining).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("two clusters that hold something", () => {
  it("say so on both sides when they meet, and what makes one of them; until then they stay as they are", async () => {
    const [a = 0, b = 0] = await freePorts(2);
    const one = await TestPeer.started({ name: "one", port: a });
    const other = await TestPeer.started({ name: "other", port: b });
    await until(() => [one, other].every(({ cluster }) => cluster.belonging === "member"), "two founders");
    expect(await one.put("mine", "value")).toBe("done");
    expect(await other.put("yours", "value")).toBe("done");
    await one.stop();
    await other.stop();
    const knowing = (port: number) => ({ knownHosts: [{ host: "127.0.0.1", port, peerId: undefined }] });
    await one.start({ discovery: knowing(b) });
    await other.start({ discovery: knowing(a) });
    for (const [peer, met] of [
      [one, other],
      [other, one],
    ] as const) {
      const said = (): string =>
        JSON.stringify([peer.cluster.status()["sentences"], peer.cluster.status()["nextSteps"]]);
      await until(
        () => said().includes(`another cluster nearby, ${met.cluster.clusterId} of ${met.name}`),
        "that it says so",
      );
      expect(said()).toContain("`parley leave`");
      expect(peer.cluster.belonging).toBe("member");
    }
    // As it is told:
    await other.cluster.leave();
    const { code } = await one.cluster.openPairing();
    await other.cluster.join({ proof: { code }, signal: soon() });
    await until(() => areOneCluster([one, other]), "one cluster");
    await until(
      () => !JSON.stringify(one.cluster.status()).includes("another cluster"),
      "that nothing is said any more",
    );
  });
});

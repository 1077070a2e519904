import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:net";
import { openLevelLog } from "@parley/raft";
import { describe, expect, it, onTestFinished } from "vitest";
import { createPeer, temporaryFolder, testConfig } from "../../support.ts";
import { until } from "../../mesh/host/hosts.ts";
import { openCluster } from "../../../src/cluster/host/start.ts";
import { areOneCluster, freePorts, peersKnowingAll, SECRET, TestPeer } from "./peers.ts";

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function homeWithPort(): Promise<{ readonly home: string; readonly port: number }> {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  const [port = 0] = await freePorts(1);
  return { home: path, port };
}

describe("a whole peer", () => {
  it("listens for no other peer when clustering is off", async () => {
    const { home, port } = await homeWithPort();
    const config = testConfig(home, { "cluster.enabled": "false", "mesh.host": "127.0.0.1", "mesh.port": `${port}` });
    const peer = await createPeer({ config });
    onTestFinished(() => peer.close());
    expect(peer.cluster.belonging).toBe("off");
    expect(await answers(port)).toBe(false);
    await expect(peer.cluster.openPairing()).rejects.toMatchObject({ code: "cluster-off" });
  });

  it("answers at once, and founds a cluster when nobody is there", async () => {
    const { home, port } = await homeWithPort();
    const config = testConfig(home, {
      "cluster.enabled": "true",
      "cluster.discovery": "static",
      "mesh.host": "127.0.0.1",
      "mesh.port": `${port}`,
    });
    const peer = await createPeer({ config });
    onTestFinished(() => peer.close());
    const health = await fetch(`${peer.url}/health`);
    expect(health.status).toBe(200);
    expect(peer.cluster.belonging).toBe("looking");
    await until(() => peer.cluster.belonging === "member", "a cluster");
    expect(await answers(port)).toBe(true);
  });

  it("works by itself when its part in the cluster cannot start, and says why", async () => {
    const { home, port } = await homeWithPort();
    await writeFile(join(home, "cluster.json"), "{}", { mode: 0o600 });
    const config = testConfig(home, {
      "cluster.enabled": "true",
      "cluster.discovery": "static",
      "mesh.host": "127.0.0.1",
      "mesh.port": `${port}`,
    });
    const peer = await createPeer({ config });
    onTestFinished(() => peer.close());
    expect((await fetch(`${peer.url}/health`)).status).toBe(200);
    await until(() => peer.cluster.status()["trouble"] !== undefined, "trouble");
    expect(peer.cluster.status()["trouble"]).toContain("cluster.json");
    expect(await readFile(join(home, "cluster.json"), "utf8")).toBe("{}");
  });
});

describe("a member whose log cannot be used", () => {
  it("works by itself, says why, and takes part again as soon as it can", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await TestPeer.started({ name: "peer", port });
    await until(() => peer.cluster.belonging === "member", "a cluster");
    await peer.put("kept", "value");
    await peer.stop();
    const [folder = ""] = await readdir(join(peer.folder, "raft"));
    const held = await openLevelLog(join(peer.folder, "raft", folder));
    await peer.start();
    expect(peer.cluster.belonging).toBe("member");
    expect(peer.cluster.consensus).toBeUndefined();
    expect(peer.cluster.status()["trouble"]).toBeDefined();
    await held.close();
    await until(async () => (await peer.put("again", "value")) === "done", "a write");
    expect(peer.cluster.status()["trouble"]).toBeUndefined();
    expect(peer.cluster.shared?.now.pairs.has("kept")).toBe(true);
  });
});

describe("a peer whose others are gone for good", () => {
  it("goes on alone as a last resort, with what it has, and not before", async () => {
    const peers = await peersKnowingAll(3, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    await until(() => peers.every(({ cluster }) => cluster.peers().every(({ role }) => role === "voter")), "voters");
    const [one, ...others] = peers;
    if (one === undefined) throw new Error("three peers");
    expect(await one.put("kept", "value")).toBe("done");
    await expect(one.cluster.recover?.()).rejects.toMatchObject({ code: "usage" });
    const before = one.cluster.clusterId;
    const key = one.cluster.shared?.now.meshKey?.publicKey;
    await Promise.all(others.map((peer) => peer.stop()));
    await until(() => one.cluster.status()["state"] === "no-quorum", "no quorum");
    await one.cluster.recover?.();
    expect(one.cluster.clusterId).not.toBe(before);
    expect(one.cluster.peers()).toHaveLength(1);
    expect(one.cluster.shared?.now.pairs.has("kept")).toBe(true);
    expect(one.cluster.shared?.now.meshKey?.publicKey).not.toEqual(key);
    expect(await one.put("more", "value")).toBe("done");
    await one.stop();
    await one.start();
    await until(async () => (await one.put("again", "value")) === "done", "a write after a restart");
    expect(one.cluster.shared?.now.pairs.has("kept")).toBe(true);
    const [other] = others;
    await other?.start();
    expect(other?.cluster.clusterId).toBe(before);
    await until(() => other?.cluster.met().some(({ clusterId }) => clusterId === one.cluster.clusterId) === true, "it");
    expect(one.cluster.peers()).toHaveLength(1);
    const went = `${one.name} belongs to another cluster now (${one.cluster.clusterId}): it went on without this one.`;
    await until(() => JSON.stringify(other?.cluster.status()["sentences"]).includes(went), "that it says so");
    const told = JSON.stringify(other?.cluster.status());
    expect(told).toMatch(/`parley leave --force` here, then `parley join`/);
    expect(told).not.toContain("another cluster nearby");
    expect(other?.cluster.clusterId).toBe(before);
  });
});

describe("a peer that is stopped while it starts", () => {
  it("stops", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await TestPeer.make({ name: "peer", port });
    const opened = openCluster(await peer.clusterOptions());
    const starting = opened.start();
    await Promise.all([opened.cluster.close(), opened.cluster.close()]);
    await Promise.allSettled([starting]);
    expect(await answers(port)).toBe(false);
  });
});

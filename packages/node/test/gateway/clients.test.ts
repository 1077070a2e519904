import { connect, type ParleyClient } from "@parley/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "../mesh/host/hosts.ts";
import { freePorts, TestPeer } from "../cluster/host/peers.ts";
import { createPeer, eventually, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

/** A peer that has founded a cluster, and asks at that port whether there is another one. */
async function founder(known: number): Promise<Peer> {
  const folder = await temporaryFolder();
  const config = testConfig(folder.path, {
    "cluster.enabled": "true",
    "cluster.discovery": "static",
    "cluster.join": `127.0.0.1:${known}`,
  });
  const peer = await createPeer({ config, sources: fixedDelaySources({ llmMs: 10 }) });
  onTestFinished(async () => {
    await peer.close();
    await folder.remove();
  });
  await until(() => peer.cluster.belonging === "member", "a cluster");
  return peer;
}

async function clientOf({ url, token }: Peer): Promise<ParleyClient> {
  const client = await connect({ url: `${url.replace(/^http/, "ws")}/ws`, token });
  onTestFinished(() => client.close());
  return client;
}

/** A cluster that the other one would yield to, and that yields to none: it holds something. */
async function betterFounder(port: number): Promise<TestPeer> {
  const [elsewhere = 0] = await freePorts(1);
  const peer = await TestPeer.started({ name: "better", port: elsewhere });
  await until(() => peer.cluster.belonging === "member", "another cluster");
  expect(await peer.put("lamp", "on")).toBe("done");
  await peer.stop();
  await peer.start({ listen: [{ host: "127.0.0.1", port }] });
  return peer;
}

describe("a lone founder", { timeout: 240_000 }, () => {
  it("gives its cluster up for a better one, but not while a client is there", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await founder(port);
    const { clusterId = "" } = peer.cluster;
    const client = await clientOf(peer);
    const better = await betterFounder(port);
    await until(() => peer.cluster.met().some((met) => met.clusterId === better.cluster.clusterId), "that they meet");
    // Some rounds of hellos later.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(peer.cluster.clusterId).toBe(clusterId);
    client.close();
    await until(() => peer.cluster.belonging === "waiting", "that it waits beside the better one");
  });

  it("gives it up though somebody looks how it fares", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await founder(port);
    const client = await clientOf(peer);
    await client.status();
    const better = await betterFounder(port);
    await until(() => peer.cluster.belonging === "waiting", "that it waits beside the better one");
    expect(peer.cluster.met().map((met) => met.clusterId)).toContain(better.cluster.clusterId);
  });

  it("keeps it for who has asked something, also after a look at how the peer fares", async () => {
    const [port = 0] = await freePorts(1);
    const peer = await founder(port);
    const client = await clientOf(peer);
    await client.status();
    for await (const event of client.ask({ text: "Who are you?" })) expect(event.type).not.toBe("error");
    await client.status();
    const { clusterId = "" } = peer.cluster;
    const better = await betterFounder(port);
    await eventually(() => peer.cluster.met().map((met) => met.clusterId)).toContain(better.cluster.clusterId);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(peer.cluster.clusterId).toBe(clusterId);
  });
});

/** Clients of a house of three whole peers over real sockets and a real mesh; the rest of the hub is tested in simulated time. */
import { connect, type ParleyClient } from "@parley/sdk";
import { expect, it, onTestFinished } from "vitest";
import { freePorts, SECRET } from "../../cluster/host/peers.ts";
import { until } from "../../mesh/host/hosts.ts";
import { createPeer, eventually, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../../support.ts";

async function threePeers(): Promise<readonly [Peer, Peer, Peer]> {
  const ports = await freePorts(3);
  const peers = await Promise.all(
    ports.map(async (port, i) => {
      const { path, remove } = await temporaryFolder();
      const config = testConfig(path, {
        name: ["attic", "cellar", "study"][i] ?? "",
        "cluster.enabled": "true",
        "cluster.discovery": "static",
        "cluster.join": ports.map((each) => `127.0.0.1:${each}`).join(","),
        "mesh.port": `${port}`,
      });
      const peer = await createPeer({ config, sources: fixedDelaySources(), joinSecret: SECRET });
      onTestFinished(async () => {
        await peer.close();
        await remove();
      });
      return peer;
    }),
  );
  await until(
    () => peers.every(({ cluster }) => cluster.peers().filter(({ role }) => role === "voter").length === 3),
    "three voters",
  );
  const [attic, cellar, study] = peers;
  if (attic === undefined || cellar === undefined || study === undefined) throw new Error("three");
  return [attic, cellar, study];
}

/** A client of one peer alone: what moves, moves because the test says so. */
async function clientOf({ url, token }: Peer, clientId: string): Promise<ParleyClient> {
  const peer = `${url.replace(/^http/, "ws")}/ws`;
  const client = await connect({ url: peer, token, clientId, groups: ["lamps"], reconnect: false });
  onTestFinished(() => client.close());
  return client;
}

/** What a client is sent, in order. */
function heardBy(client: ParleyClient): string[] {
  const heard: string[] = [];
  client.onMessage(({ content }) => void heard.push(content));
  return heard;
}

it(
  "clients write to each other through any peers, also when the receiver's peer is gone and it comes back at another one",
  { timeout: 240_000 },
  async () => {
    const [attic, cellar, study] = await threePeers();
    const anna = await clientOf(attic, "anna");
    const bert = await clientOf(cellar, "bert");
    const heard = heardBy(bert);
    await until(() => anna.connection.isConnected, "a connection");
    const sent = async (content: string, priority = 5): Promise<string> => {
      const { status } = await anna.send({ clientId: "bert" }, content, { priority });
      return status;
    };
    // It takes a moment until the attic has heard of who is in the cellar.
    await expect
      .poll(() => sent("one").catch((error: unknown) => String(error)), { timeout: 30_000 })
      .toBe("delivered");
    expect(["queued", "delivered"]).toContain(await sent("two", 9));
    await eventually(() => heard).toEqual(["one", "two"]);
    expect(await anna.send({ group: "lamps" }, "three")).toMatchObject({ clientId: "bert" });
    await eventually(() => heard).toEqual(["one", "two", "three"]);
    // On a busy machine a peer may be taken for gone for a moment: then nobody is there for what is for who is there.
    const toAll = (): Promise<unknown> => anna.broadcast("news", "for all", { toAll: true });
    await expect.poll(toAll, { timeout: 30_000 }).toMatchObject({ status: "sent", recipients: 1 });

    await cellar.close();
    expect(await sent("four")).toBe("queued");
    const again = await clientOf(study, "bert");
    const heardAgain = heardBy(again);
    await eventually(() => heardAgain).toEqual(["four"]);
    expect(["queued", "delivered"]).toContain(await sent("five"));
    await eventually(() => heardAgain).toEqual(["four", "five"]);
    expect(heard.filter((text) => text !== "for all")).toEqual(["one", "two", "three"]);
    expect(heard).toContain("for all");
    const nodes = await again.getActiveNodes();
    expect(nodes.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["attic", "study"]);
    await expect(anna.send({ clientId: "nobody" }, "hi")).rejects.toMatchObject({ remoteCode: "TARGET_NOT_FOUND" });
  },
);

import { describe, expect, it } from "vitest";
import { askAbout } from "../../../src/mesh/door/client/visit.ts";
import { visitOver } from "../../../src/mesh/door/over-libp2p.ts";
import { DOOR_PROTOCOL } from "../../../src/mesh/door/protocol/messages.ts";
import { soon, startHost, until } from "../../mesh/host/hosts.ts";
import { MEMBERS_PROTOCOLS } from "../strangers/protocols.ts";
import { areOneCluster, freePorts, peersKnowingAll, SECRET, TestPeer } from "./peers.ts";

describe("a stranger at the port of a member", () => {
  it("hears at the door what everybody may see, and gets nothing else", async () => {
    const peers = await peersKnowingAll(2, { joinSecret: SECRET });
    await Promise.all(peers.map((peer) => peer.start()));
    await until(() => areOneCluster(peers), "one cluster");
    const [member] = peers;
    const stranger = await startHost();
    const address = `/ip4/127.0.0.1/tcp/${member?.port}`;
    const visit = await stranger.dial(undefined, [address], { force: true, signal: soon() });
    const about = await askAbout(await visitOver(visit, soon()));
    const { clusterId, peerId } = member?.cluster ?? {};
    expect(about).toEqual({
      name: member?.name,
      version: "0.1.0",
      peerId,
      cluster: { id: clusterId, isAloneAndEmpty: false },
      pairing: "secret",
      services: ["stt"],
    });
    visit.abort("done");
    for (const protocol of MEMBERS_PROTOCOLS) {
      const connection = await stranger.dial(undefined, [address], { force: true, signal: soon() });
      const stream = await connection.openStream(protocol, soon()).catch(() => undefined);
      const isDead = Promise.withResolvers<boolean>();
      stream?.addEventListener("close", () => isDead.resolve(true), { once: true });
      stream?.addEventListener("message", () => isDead.resolve(false), { once: true });
      if (stream !== undefined && stream.status === "open")
        expect([protocol, await isDead.promise]).toEqual([protocol, true]);
      connection.abort("done");
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(MEMBERS_PROTOCOLS).not.toContain(DOOR_PROTOCOL);
    await until(() => areOneCluster(peers), "one cluster");
  });

  it("with another secret founds a cluster of its own", async () => {
    const [a = 0, b = 0] = await freePorts(2);
    const one = await TestPeer.started({ name: "one", port: a, joinSecret: SECRET });
    await until(() => one.cluster.belonging === "member", "a founder");
    const other = await TestPeer.started({ name: "other", port: b, known: [a], joinSecret: `${SECRET}, but another` });
    await until(() => other.cluster.belonging === "member", "another founder");
    expect(other.cluster.clusterId).not.toBe(one.cluster.clusterId);
    expect(one.cluster.peers()).toHaveLength(1);
  });
});

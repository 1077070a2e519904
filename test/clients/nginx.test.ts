/** The suite through a real nginx with four peers behind it: clients land anywhere. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Household, untilUnited, type LivePeer } from "@parley/node/testing";
import { connect } from "@parley/sdk";
import { doorOf, ENGINES, SECRET, until, untilOffered } from "./house.ts";
import { hasNginx, startNginx, type Nginx } from "./nginx.ts";
import { clientSuite, REPLY, type Door } from "./suite.ts";

const PEERS = 4;

describe.skipIf(!hasNginx)("any client through nginx, with four peers behind it", { timeout: 120_000 }, () => {
  let household: Household;
  let peers: readonly LivePeer[];
  let nginx: Nginx;
  let door: Door;

  beforeAll(async () => {
    const flags = { "listen.proxies": "127.0.0.1", "limits.jobs": "32" };
    household = await Household.open({ joinSecret: SECRET, engines: ENGINES, flags });
    peers = await household.addAll(PEERS);
    await Promise.all(peers.map((peer) => peer.start()));
    await untilUnited(peers, { timeoutMs: 120_000 });
    const [first, second] = peers;
    if (first === undefined || second === undefined) throw new Error("four were asked for");
    await untilOffered(first, PEERS);
    nginx = await startNginx(
      household.folder,
      peers.map(({ introduction }) => Number(new URL(introduction.url).port)),
    );
    const url = `ws://127.0.0.1:${nginx.port}/ws`;
    door = { ...doorOf(first, second, PEERS), url, otherUrl: url };
  }, 300_000);
  afterAll(async () => {
    await nginx?.close();
    await household?.close();
  });

  clientSuite(() => door);

  it("takes nobody for a program of this machine who comes through it", async () => {
    const { token } = peers[0]?.introduction ?? { token: "" };
    const managed = await fetch(`http://127.0.0.1:${nginx.port}/api/v1/clients`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([401, 403]).toContain(managed.status);
    const health = await fetch(`http://127.0.0.1:${nginx.port}/health`);
    expect(await health.json()).toMatchObject({ service: "parley", status: "healthy" });
  });

  it("lands at each of them, and goes on when one is killed", async () => {
    const token = await door.newClient("wanderer", "member");
    const names = new Set<string>();
    await until("all have been visited", async () => {
      const client = await connect({ url: door.url, token, reconnect: false });
      names.add(client.server.name);
      client.close();
      return names.size === PEERS;
    });
    const client = await connect({
      url: door.url,
      token,
      reconnect: { firstPauseMs: 50, mostPauseMs: 500, heartbeatMs: 500, silentMs: 2_000, learn: false },
    });
    const there = peers.find(({ peerId }) => peerId === client.server.peerId);
    await there?.kill();
    let answer = "";
    for await (const event of client.ask({ text: "Are you there?" })) if (event.type === "text") answer += event.delta;
    expect(answer).toBe(REPLY);
    expect(client.server.peerId).not.toBe(there?.peerId);
    client.close();
  });
});

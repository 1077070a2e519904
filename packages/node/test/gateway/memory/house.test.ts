import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { ActorRef } from "@parley/actors";
import { scriptedToolSource } from "../../../src/testing/scripted-tool-llm.ts";
import type { MemoryReply, MemoryRequest } from "../../../src/services/memory/actor.ts";
import type { KeptThread, MemoryFindings } from "../../../src/services/memory/port.ts";
import { eventually, fixedDelaySources, type Peer } from "../../support.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";
import { SocketClient } from "./client.ts";

let peers: readonly Peer[] = [];
let house: UnitedPeers | undefined;

beforeAll(async () => {
  house = await unitedPeers(["attic", "cellar"], () => ({ ...fixedDelaySources({}), llm: scriptedToolSource() }));
  ({ peers } = house);
}, 120_000);

afterAll(() => house?.close());

function peerAt(index: number): Peer {
  const peer = peers[index];
  if (peer === undefined) throw new Error("there are two");
  return peer;
}

async function admit(name: string, remembers: boolean): Promise<string> {
  const { url, token } = peerAt(0);
  const response = await fetch(`${url}/api/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name, role: "member", remembers }),
  });
  return String(Object(await response.json()).token);
}

let entered = 0;
async function enter(peer: Peer, token: string): Promise<SocketClient> {
  entered += 1;
  const client = await SocketClient.enter(peer.url, token, { clientId: `client ${entered}` });
  onTestFinished(() => client.leave());
  return client;
}

/** Asks the memory of `of` as another peer does. */
async function ask<Value>(
  from: Peer,
  of: Peer,
  make: (replyTo: ActorRef<MemoryReply<Value>>) => MemoryRequest,
): Promise<MemoryReply<Value>> {
  const memory = from.cluster.actors?.resolve<MemoryRequest>(`parley://${of.identity.peerId}/services/memory`);
  if (memory === undefined) throw new Error("it is a member");
  return memory.ask<MemoryReply<Value>>(make, { timeoutMs: 10_000 });
}

describe("the memory of a house", () => {
  it("has the conversation of a client at another peer, which goes on with it", async () => {
    const token = await admit("anna", true);
    const here = await enter(peerAt(0), token);
    await here.ask("My cat is called Minka");
    const there = await enter(peerAt(1), token);
    await eventually(async () => (await there.query({ queryType: "recall_memory", query: "cats" })).data).toMatchObject(
      [{ text: expect.stringContaining("Minka") }],
    );
    expect(await there.ask("What is it called?")).toContain("My cat is called Minka / ");
  });

  it("says nothing anywhere of a client that did not opt in", async () => {
    const token = await admit("carl", false);
    const client = await enter(peerAt(0), token);
    expect(await client.ask("the canary sings")).toContain("canary");
    const kept = await enter(peerAt(0), await admit("dora", true));
    await kept.ask("the magpie steals");
    for (const { cluster } of peers) {
      const bytes = (): string =>
        [...(cluster.shared?.now.pairs.range() ?? [])]
          .map(([key, { value }]) => key + new TextDecoder().decode(value))
          .join("\n");
      await eventually(bytes).toContain("magpie");
      expect(bytes()).not.toContain("canary");
    }
    const again = await enter(peerAt(1), token);
    expect(await again.ask("what was it?")).not.toContain("canary");
  });

  it("is asked by any peer, as an actor that takes nothing else than what it knows", async () => {
    const [one, other] = [peerAt(0), peerAt(1)];
    const client = await enter(one, await admit("ben", true));
    await client.ask("roses in the garden", "plants");
    await eventually(() =>
      ask<readonly KeptThread[]>(other, one, (replyTo) => ({ type: "threads", account: "ben", replyTo })),
    ).toMatchObject({ ok: true, value: [{ threadId: "plants", turns: 1 }] });
    const found = await ask<MemoryFindings>(one, other, (replyTo) => ({
      type: "search",
      account: "ben",
      text: "rose",
      limit: 5,
      replyTo,
    }));
    expect(found).toMatchObject({ ok: true, value: { total: 1 } });
    // What a peer may not ask is refused before anybody looks at it.
    const wrong = { type: "search", account: "", text: "rose", limit: 5_000 } as const;
    await expect(ask<MemoryFindings>(one, other, (replyTo) => ({ ...wrong, replyTo }))).rejects.toMatchObject({
      code: "bad-message",
    });
    expect(await ask<number>(other, one, (replyTo) => ({ type: "forget", account: "ben", replyTo }))).toMatchObject({
      ok: true,
      value: 1,
    });
    expect((await client.query({ queryType: "recall_memory", query: "rose" })).data).toEqual([]);
  });
});

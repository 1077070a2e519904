/** Peers of one house, of which one drains while clients are at it. */
import { connect, type ParleyClient } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixedDelaySources, type Peer } from "../../support.ts";
import { until } from "../../mesh/host/hosts.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";

const REPLY =
  "The kettle is on. The cat is out. It is ten past nine. Nobody has called since noon. The lights are off.";

let house: UnitedPeers | undefined;
let token = "";

beforeAll(async () => {
  house = await unitedPeers(["attic", "cellar", "kitchen"], () =>
    fixedDelaySources({ llmMs: 20, tokenMs: 120, ttsMs: 50, replies: [REPLY] }),
  );
  for (const peer of house.peers) peer.services.start();
  const [one] = house.peers;
  if (one === undefined) throw new Error("three were asked for");
  ({ token } = (await ask(one, "POST", "/api/v1/clients", { name: "tablet", role: "admin" })) as { token: string });
  for (const peer of house.peers) {
    await until(
      async () => JSON.stringify(await ask(peer, "GET", "/api/v1/clients")).includes("tablet"),
      "all know it",
    );
  }
}, 120_000);

afterAll(() => house?.close());

async function ask(peer: Peer, method: string, path: string, body?: unknown): Promise<unknown> {
  const authorization = `Bearer ${peer.token}`;
  const response = await fetch(`${peer.url}${path}`, {
    method,
    ...(body === undefined
      ? { headers: { authorization } }
      : { headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return response.json();
}

function primeFirst(): readonly [Peer, ...Peer[]] {
  const peers = house?.peers ?? [];
  const [prime, ...others] = peers.toSorted((a, b) => leads(b) - leads(a));
  if (prime === undefined) throw new Error("three were asked for");
  return [prime, ...others];
}

const leads = ({ cluster }: Peer): number => (cluster.peers().some(({ isSelf, isPrime }) => isSelf && isPrime) ? 1 : 0);
const socketOf = ({ url }: Peer): string => `${url.replace("http", "ws")}/ws`;

async function isPrime(peer: Peer): Promise<boolean> {
  return leads(peer) === 1;
}

/** What is said and heard of one answer; `meanwhile` begins with its first sound. */
async function answer(client: ParleyClient, meanwhile: () => void = () => undefined) {
  let text = "";
  const samples: number[] = [];
  for await (const event of client.ask({ text: "How are things?" }, { speak: true })) {
    if (event.type === "text") text += event.delta;
    if (event.type === "audio") {
      if (samples.length === 0) meanwhile();
      for (const sample of event.samples) samples.push(sample);
    }
  }
  return { text, samples };
}

describe("a peer that drains", { timeout: 90_000 }, () => {
  it("is left by a client in the middle of a spoken answer, which hears all of it and nothing twice; and takes part again", async () => {
    const [prime, ...others] = primeFirst();
    const client = await connect({ peers: [prime, ...others].map(socketOf), token, clientId: "tablet" });
    const seen: string[] = [];
    client.on("connected", ({ url }) => seen.push(url));
    try {
      const whole = await answer(client);
      expect(whole.text).toBe(REPLY);
      const heard = await answer(client, () => void ask(prime, "POST", "/api/v1/drain", { timeoutMs: 3_000 }));
      // It was not waited for: it was cut, and gone on with elsewhere.
      expect(seen).toHaveLength(1);
      expect(heard.text).toBe(REPLY);
      expect(heard.samples.length).toBe(whole.samples.length);
      await until(() => prime.drain.report.mayStop, "it may be stopped");
      expect(prime.drain.report).toMatchObject({ isDraining: true, phase: "done", isPrime: false, isVoter: false });
      expect(await isPrime(prime)).toBe(false);
      expect(seen.at(-1)).not.toBe(socketOf(prime));
      // It goes on where it is now, and its session too.
      expect((await answer(client)).text).toBe(REPLY);

      const health = await fetch(`${prime.url}/health`);
      expect([health.status, await health.json()]).toEqual([503, { service: "parley", status: "draining" }]);
      const nodes = await client.getActiveNodes();
      expect(nodes.filter(({ isDraining }) => isDraining === true).map(({ nodeId }) => nodeId)).toEqual([
        prime.identity.peerId,
      ]);
      // The others do not count on its engines any more, and it has them do its own clients' work.
      const [other] = others;
      await until(
        () => other?.services.routing.list().every(({ peer }) => peer !== prime.identity.peerId) === true,
        "its engines are offered to nobody",
      );
      const late = await connect({ url: socketOf(prime), token, clientId: "late", reconnect: false });
      expect((await answer(late)).text).toBe(REPLY);
      late.close();
      expect(prime.services.jobs).toBe(0);

      await ask(other ?? prime, "DELETE", "/api/v1/drain", { peer: prime.config.name });
      expect(prime.drain.isDraining).toBe(false);
      await until(() => prime.cluster.draining?.isVoter === true, "it votes again");
      await until(
        () => other?.services.routing.list().some(({ peer }) => peer === prime.identity.peerId) === true,
        "its engines are offered again",
      );
    } finally {
      client.close();
    }
  });
});

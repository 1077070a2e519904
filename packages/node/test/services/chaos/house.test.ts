/** Peers of one house that are hurt by order of another one, and get over it by themselves. */
import { connect } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, fixedDelaySources, type Peer } from "../../support.ts";
import { until } from "../../mesh/host/hosts.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";

const ACCOUNT = "chaos-1";
const REPLY = "The kettle is on, and it takes its time. The cat is out. It is ten past nine.";

let house: UnitedPeers | undefined;

beforeAll(async () => {
  house = await unitedPeers(
    ["attic", "cellar", "kitchen"],
    () => fixedDelaySources({ llmMs: 20, tokenMs: 60, replies: [REPLY] }),
    (name) => ({ "chaos.allowed": name === "attic" ? "false" : "true" }),
  );
  peerOf("kitchen").services.start(["llm"]);
  await untilWhole();
}, 120_000);

afterAll(() => house?.close());

function peerOf(name: string): Peer {
  const found = house?.peers.find(({ config }) => config.name === name);
  if (found === undefined) throw new Error(`${name} is no peer of this house`);
  return found;
}

async function ask(peer: Peer, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const authorization = `Bearer ${peer.token}`;
  const response = await fetch(`${peer.url}/api/v1${path}`, {
    method,
    ...(body === undefined
      ? { headers: { authorization } }
      : { headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

const hurt = (at: string, peer: string, kind: string, holdMs = 700): Promise<Record<string, unknown>> =>
  ask(peerOf(at), "POST", "/chaos", { peer, id: crypto.randomUUID(), kind, holdMs, account: ACCOUNT });

interface Look {
  readonly peers: readonly {
    readonly name: string;
    readonly isOnline: boolean;
    readonly look: { running: string | null } | null;
  }[];
}

/** Until nobody is missing, and all can do what they are for. */
async function untilWhole(): Promise<void> {
  await until(async () => {
    const { peers } = (await ask(peerOf("attic"), "GET", `/chaos?account=${ACCOUNT}`)) as unknown as Look;
    const isUp = peerOf("kitchen").services.status().llm.stage.state === "ready";
    return isUp && peers.every(({ isOnline, look }) => isOnline && look?.running === null);
  }, "the house is whole");
}

/** Once the prime lets the next one come. @returns what was answered then */
async function hurtInTurn(at: string, peer: string, kind: string, holdMs?: number): Promise<Record<string, unknown>> {
  let answer: Record<string, unknown> = {};
  await until(async () => {
    answer = await hurt(at, peer, kind, holdMs);
    return !JSON.stringify(answer).includes("not over yet");
  }, "its turn has come");
  return answer;
}

const linked = (peer: Peer): number => peer.cluster.peers().filter(({ isOnline }) => isOnline).length;

describe("a peer of a house", () => {
  it("is cut off by order of another one, and back by itself; both have written it down", async () => {
    const cellar = peerOf("cellar");
    expect(await hurt("attic", "cellar", "cut")).toEqual({ hurt: { peerId: cellar.identity.peerId, name: "cellar" } });
    await eventually(() => linked(cellar)).toBe(1);
    await eventually(() => linked(peerOf("attic"))).toBe(2);
    await eventually(() => linked(cellar)).toBe(3);
    const ordered = { actor: "this machine", action: "chaos.order", target: "cellar", details: { kind: "cut" } };
    const done = {
      actor: "this machine",
      action: "chaos.fault",
      target: "cellar",
      details: { kind: "cut", holdMs: 700 },
    };
    expect(await ask(peerOf("attic"), "GET", "/audit")).toMatchObject({ entries: [ordered] });
    expect(await ask(cellar, "GET", "/audit")).toMatchObject({ entries: [done] });
    await untilWhole();
  });

  it("drains and takes part again", async () => {
    expect(await hurtInTurn("cellar", "kitchen", "drain")).toMatchObject({ hurt: { name: "kitchen" } });
    await eventually(() => peerOf("kitchen").drain.isDraining).toBe(true);
    await eventually(() => peerOf("kitchen").drain.isDraining).toBe(false);
    await untilWhole();
  });

  it("is not hurt where it does not allow that, nor while another one is", async () => {
    expect(await hurt("cellar", "attic", "slow")).toMatchObject({
      error: {
        code: "not-ready",
        message: "attic: faults are not allowed there",
        nextStep: expect.stringContaining("chaos"),
      },
    });
    expect(await hurtInTurn("attic", "kitchen", "slow", 2_000)).toMatchObject({ hurt: { name: "kitchen" } });
    expect(await hurt("attic", "kitchen", "slow")).toMatchObject({
      error: { message: "kitchen: another fault is under way there" },
    });
    expect(await hurt("kitchen", "cellar", "slow")).toMatchObject({
      error: { message: "cellar: a fault of kitchen is not over yet" },
    });
    await untilWhole();
  });

  it("is not hurt while another one is, whoever has become prime meanwhile", async () => {
    expect(await hurtInTurn("attic", "kitchen", "slow", 10_000)).toMatchObject({ hurt: { name: "kitchen" } });
    const primeOf = (): string | undefined =>
      peerOf("attic")
        .cluster.peers()
        .find(({ isPrime }) => isPrime)?.name;
    const before = peerOf(primeOf() ?? "nobody");
    before.drain.begin({ timeoutMs: 5_000 });
    await until(async () => ![undefined, before.config.name].includes(primeOf()), "another one is prime");
    before.drain.undo();
    let answer: unknown;
    await until(async () => {
      answer = await hurt("attic", "cellar", "slow");
      // The new prime has yet to hear that nobody drains any more, and all of the new prime.
      return !/no prime now|drains/.test(JSON.stringify(answer));
    }, "the new prime answers");
    expect(answer).toMatchObject({ error: { message: "cellar: a fault of kitchen is not over yet" } });
    await untilWhole();
  });

  it("is left alone while somebody else is in the middle of a turn at any of them", async () => {
    const kitchen = peerOf("kitchen");
    const client = await connect({
      url: `${kitchen.url.replace("http", "ws")}/ws`,
      token: kitchen.token,
      reconnect: false,
    });
    const words: string[] = [];
    for await (const event of client.ask({ text: "How are things?" })) {
      if (event.type !== "text") continue;
      if (words.push(event.delta) > 1) continue;
      expect(await hurt("attic", "cellar", "slow")).toMatchObject({
        error: { message: "kitchen: somebody is in the middle of a turn there" },
      });
    }
    client.close();
    expect(words.join("")).toBe(REPLY);
    await until(async () => "hurt" in (await hurt("attic", "cellar", "slow")), "it is hurt when nobody talks");
    await untilWhole();
  });

  it("is asked for nothing but by who may manage the house", async () => {
    const attic = peerOf("attic");
    const { token } = await ask(attic, "POST", "/clients", { name: "tablet", role: "member" });
    for (const method of ["GET", "POST"]) {
      const response = await fetch(`${attic.url}/api/v1/chaos?account=x`, {
        method,
        headers: { authorization: `Bearer ${String(token)}` },
      });
      expect(response.status).toBe(403);
    }
  });
});

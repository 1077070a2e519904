import { untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, SECRET, startAll, until } from "./support.ts";

/** Over the management routes, as programs on that host do. */
async function ask(
  peer: LivePeer,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const { url, token } = peer.introduction;
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** Writes down for later, until this one is written down; the keys that were. */
async function writeLater(peer: LivePeer, keys: readonly string[]): Promise<readonly string[]> {
  const written: string[] = [];
  for (const key of keys) {
    const { status } = await ask(peer, "PUT", "/pairs", { key, value: key, later: true });
    if (status === 200 || status === 202) written.push(key);
  }
  return written;
}

async function revisionsAt(peer: LivePeer, keys: readonly string[]): Promise<readonly number[]> {
  const pairs = await Promise.all(keys.map((key) => ask(peer, "GET", `/pairs?key=${key}`)));
  return pairs.map(({ body }) => (body as { revision: number }).revision);
}

const named = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);

describe("a peer that is cut off from the others", () => {
  it("writes on: through kill -9 nothing is lost, and all is delivered in order when they are back", async () => {
    const house = await household({ joinSecret: SECRET });
    const peers = await house.addAll(3);
    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    const [one, ...others] = peers;
    if (one === undefined) throw new Error("three");
    for (const peer of others) peer.pause();
    const isAlone = async (): Promise<boolean> => {
      const { state, prime } = await one.status();
      return state === "no-quorum" && prime === null;
    };
    await until(isAlone, "it is alone", { peers: [one] });

    // Some at once, and the power goes while more come.
    const before = await Promise.all(named("before", 5).map(async (key) => writeLater(one, [key])));
    const during: string[] = [];
    const writing = (async () => {
      for (const key of named("during", 500)) during.push(...(await writeLater(one, [key])));
    })();
    writing.catch(() => undefined);
    await until(() => during.length >= 20, "some are written");
    await one.kill();
    await writing.catch(() => undefined);
    await one.start();
    await until(async () => (await ask(one, "GET", "/outbox")).status === 200, "it takes part again");
    const after = await writeLater(one, named("after", 2));
    const { body } = await ask(one, "GET", "/outbox");
    const acknowledged = [...before.flat(), ...during, ...after];
    expect(before.flat()).toHaveLength(5);
    expect(after).toHaveLength(2);
    expect((body as { count: number }).count).toBeGreaterThanOrEqual(acknowledged.length);
    expect((await one.status()).sentences.join(" ")).toContain("to be delivered");

    for (const peer of others) peer.resume();
    await until(
      async () => ((await ask(one, "GET", "/outbox")).body as { count: number }).count === 0,
      "all is delivered",
      { peers },
    );
    await untilUnited(peers, { voters: 3 });
    const inOrder = [...during, ...after];
    for (const peer of peers) {
      await until(async () => !(await revisionsAt(peer, acknowledged)).includes(0), `${peer.name} has them`, { peers });
      const revisions = await revisionsAt(peer, inOrder);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    }
  });
});

import { describe, expect, it } from "vitest";
import { goToSleep } from "../../../src/cluster/membership/sleep.ts";
import { managed } from "./managed.ts";
import { fill } from "./writable.ts";

const QUICK = { joinMs: 5_000, peopleMs: 50, deliveryMs: 50 };
const SLOW = { ...QUICK, deliveryMs: 30_000 };

describe("whoever writes over the management routes", () => {
  it("sets, sees and unsets what users have chosen", async () => {
    const { ask, cluster } = await managed({ times: SLOW });
    (await fill(cluster)).reach();
    const set = await ask("PUT", "/settings", { key: "voice", value: "amy" });
    expect(set).toMatchObject({ status: 200, body: { delivery: { outcome: "done" } } });
    expect((await ask("GET", "/settings")).body).toEqual({ settings: { voice: "amy" } });
    await ask("PUT", "/settings", { key: "voice", value: null });
    expect((await ask("GET", "/settings")).body).toEqual({ settings: {} });
  });

  it("hears that it waits where nobody agrees, and later what became of it", async () => {
    const { ask, cluster } = await managed({ times: QUICK });
    const { reach } = await fill(cluster);
    const put = await ask("PUT", "/pairs", { key: "k", value: "v", later: true });
    expect(put).toMatchObject({ status: 202, body: { id: expect.any(String) as string, delivery: null } });
    const { id } = put.body as { id: string };
    expect((await ask("GET", "/outbox")).body).toMatchObject({ count: 1 });
    expect((await ask("GET", `/outbox/${id}`)).body).toEqual({ id, delivery: null });
    expect((await ask("GET", "/pairs?key=k")).body).toEqual({ value: null, revision: 0 });
    reach();
    await cluster.later?.delivered(id, { signal: AbortSignal.timeout(60_000) });
    expect((await ask("GET", `/outbox/${id}`)).body).toMatchObject({ delivery: { outcome: "done" } });
    expect((await ask("GET", "/pairs?key=k")).body).toMatchObject({ value: "v" });
    expect((await ask("GET", "/outbox")).body).toMatchObject({ count: 0 });
    expect(await ask("GET", "/outbox/x.1")).toMatchObject({ status: 400 });
  });

  it("writes at once without `later`, and is told the revision", async () => {
    const { ask, cluster } = await managed({ times: QUICK });
    const { shared } = await fill(cluster);
    const put = await ask("PUT", "/pairs", { key: "k", value: "v" });
    expect(put).toMatchObject({ status: 200, body: { revision: shared.now.index } });
    expect(await ask("PUT", "/pairs", { key: "k", value: "x".repeat(300_000) })).toMatchObject({ status: 400 });
  });

  it("neither sees nor touches what the cluster says there by itself", async () => {
    const { ask, cluster } = await managed({ times: SLOW });
    const { shared, reach } = await fill(cluster);
    reach();
    await goToSleep(shared, cluster.peerId, { timeoutMs: 10_000 });
    expect((await ask("GET", "/settings")).body).toEqual({ settings: {} });
    const answer = await ask("PUT", "/settings", { key: `asleep/${cluster.peerId}`, value: null });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "usage" } } });
    expect(shared.now.settings.size).toBe(1);
  });

  it("neither reads nor writes pairs that are Parley's own", async () => {
    const { ask, cluster } = await managed({ times: QUICK });
    const { shared } = await fill(cluster);
    const key = "parley/client/tablet";
    await shared.submit({ type: "put", key, value: Buffer.from("secret") }, { timeoutMs: 10_000 });
    expect(await ask("GET", `/pairs?key=${key}`)).toMatchObject({ status: 400, body: { error: { code: "usage" } } });
    expect(await ask("PUT", "/pairs", { key, value: "mine" })).toMatchObject({ status: 400 });
    expect(await ask("PUT", "/pairs", { key, value: "mine", later: true })).toMatchObject({ status: 400 });
    expect(Buffer.from(shared.now.pairs.get(key)?.value ?? []).toString()).toBe("secret");
  });

  it("is told how long it may be, and of a name that no field may have", async () => {
    const { ask, cluster } = await managed({ times: QUICK });
    await fill(cluster);
    const nextStep = (most: string): object => ({
      body: { error: { code: "usage", nextStep: `Send JSON, as application/json, in at most ${most}.` } },
    });
    expect(await ask("PUT", "/settings", "x".repeat(2_200_000))).toMatchObject({ status: 413, ...nextStep("2 MiB") });
    expect(await ask("PUT", "/pairs", "{")).toMatchObject({ status: 400, ...nextStep("2 MiB") });
    expect(await ask("POST", "/leave", "{")).toMatchObject({ status: 400, ...nextStep("4 KiB") });
    const named = await ask("PUT", "/settings", '{"key":"k","value":"v","__proto__":{}}');
    expect(named.body).toMatchObject({ error: { message: expect.stringContaining("names __proto__") as string } });
    expect(await ask("PUT", "/settings", { key: "constructor", value: "y" })).toMatchObject({ status: 400 });
    expect(await ask("PUT", "/settings", { key: "", value: "y" })).toMatchObject({
      body: { error: { message: "the request cannot be used: key is empty" } },
    });
    expect(await ask("PUT", "/settings", { key: "k".repeat(513), value: "y" })).toMatchObject({
      body: { error: { nextStep: "Give at most 512 signs." } },
    });
  });

  it("is refused where the peer belongs to no cluster, and for what is no write", async () => {
    const { ask, cluster } = await managed({ times: QUICK });
    for (const [method, path, body] of [
      ["GET", "/settings", undefined],
      ["PUT", "/settings", { key: "k", value: "v" }],
      ["PUT", "/pairs", { key: "k", value: "v" }],
      ["GET", "/outbox", undefined],
    ] as const) {
      expect(await ask(method, path, body)).toMatchObject({ status: 409, body: { error: { code: "not-member" } } });
    }
    await fill(cluster);
    for (const body of [
      {},
      { key: "", value: "" },
      { key: "k" },
      { key: "k", value: 1 },
      { key: "k", value: "", x: 1 },
    ]) {
      expect(await ask("PUT", "/settings", body)).toMatchObject({ status: 400, body: { error: { code: "usage" } } });
      expect(await ask("PUT", "/pairs", body)).toMatchObject({ status: 400 });
    }
  });
});

/** A client of a house of two real peers, and what becomes of its work when it loses one of them. */
import { connect, type ConnectOptions, type ParleyClient, type TurnEvent } from "@parley/sdk";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { fixedDelaySources, tone, type Peer } from "../../support.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";
import { Relay } from "./relay.ts";

let house: UnitedPeers | undefined;
let peers: readonly Peer[];
let token: string;

const QUICK = { firstPauseMs: 20, mostPauseMs: 100, heartbeatMs: 200, silentMs: 1_500, learn: false } as const;

async function manage(path: string, method: string, body: unknown): Promise<unknown> {
  const [peer] = peers;
  if (peer === undefined) throw new Error("no peer");
  const { url } = peer;
  const authorization = `Bearer ${peer.token}`;
  const said =
    body === undefined
      ? { headers: { authorization } }
      : { headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`${url}/api/v1${path}`, { method, ...said });
  return answer.json();
}

async function newClient(name: string): Promise<string> {
  const added: unknown = await manage("/clients", "POST", { name, role: "member" });
  if (typeof added === "object" && added !== null && "token" in added) return String(added.token);
  throw new Error(JSON.stringify(added));
}

beforeAll(async () => {
  const delays = {
    sttMs: 20,
    llmMs: 400,
    ttsMs: 20,
    tokenMs: 60,
    texts: ["one", "two"],
    replies: ["It is ten. Good night."],
  };
  house = await unitedPeers(["attic", "cellar"], () => fixedDelaySources(delays));
  ({ peers } = house);
  token = await newClient("tablet");
}, 120_000);

afterAll(() => house?.close());

const relays = (): Promise<Relay[]> => Promise.all(peers.map(({ url }) => Relay.to(Number(new URL(url).port))));

async function clientAt(wires: readonly Relay[], options: Partial<ConnectOptions> = {}): Promise<ParleyClient> {
  const client = await connect({ peers: wires.map(({ url }) => url), token, reconnect: QUICK, ...options });
  onTestFinished(() => client.close());
  return client;
}

const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === "text" ? event.delta : "")).join("");

describe("a client of two peers", () => {
  it("is let in by either with its own token, and has its question answered by the other when one dies before the answer", async () => {
    const wires = await relays();
    const client = await clientAt(wires);
    const first = client.server.name;
    const asking = Array.fromAsync(client.ask({ text: "How late is it?" }));
    await sleep(50);
    wires[0]?.cut();
    expect(textOf(await asking)).toBe("It is ten. Good night.");
    expect(client.server.name).not.toBe(first);
  });

  it("hears its whole answer, and nothing of it twice, wherever in it the peer dies", async () => {
    const soundOf = (events: readonly TurnEvent[]): number =>
      events.reduce((sum, event) => sum + (event.type === "audio" ? event.samples.length : 0), 0);
    const undisturbed = await Array.fromAsync((await clientAt(await relays())).ask({ text: "Well?" }, { speak: true }));
    expect(textOf(undisturbed)).toBe("It is ten. Good night.");
    for (const at of ["text", "sentence", "audio", "timing"] as const) {
      const wires = await relays();
      const client = await clientAt(wires);
      const told: TurnEvent[] = [];
      for await (const event of client.ask({ text: "Well?" }, { speak: true })) {
        told.push(event);
        if (event.type === at) wires[0]?.cut();
      }
      expect({ at, text: textOf(told) }).toEqual({ at, text: "It is ten. Good night." });
      expect({ at, samples: soundOf(told) }).toEqual({ at, samples: soundOf(undisturbed) });
      const sentences = told.flatMap((event) => (event.type === "sentence" ? [event.text] : []));
      expect(sentences).toEqual(["It is ten.", "Good night."]);
      client.close();
    }
  });

  it("has the same transcript, whole, though its peer dies, is silent or hangs up in the middle of what is said", async () => {
    async function* said(onHalf: () => void): AsyncGenerator<Float32Array> {
      let sent = 0;
      for await (const chunk of twoTones()) {
        for (let at = 0; at < chunk.length; at += 1600) {
          yield chunk.subarray(at, at + 1600);
          sent += 1;
          if (sent === 16) onHalf();
          // As it is spoken, but in a hurry.
          await sleep(10);
        }
      }
    }
    for (const how of ["none", "cut", "hold", "reset"] as const) {
      const wires = await relays();
      const client = await clientAt(wires);
      const segments: TurnEvent[] = [];
      const breakOff = (): void => {
        if (how !== "none") wires[0]?.[how]();
      };
      for await (const event of client.listen(said(breakOff), { partials: "off" })) {
        if (event.type === "segment") segments.push(event);
      }
      const places = segments.map((event) => (event.type === "segment" ? Math.round(event.startMs / 400) : 0));
      expect({ how, places }).toEqual({ how, places: [1, 4] });
      client.close();
    }
  });

  it("finds nothing amiss when its peer is only slow", async () => {
    const wires = await relays();
    for (const wire of wires) wire.delayMs = 300;
    const client = await clientAt(wires);
    const lost: unknown[] = [];
    client.on("disconnected", (event) => lost.push(event));
    expect(await client.transcribe(twoTones())).toMatch(/\S/);
    expect(lost).toEqual([]);
  });
});

/** Two stretches of speech, at 0.4 and at 1.7 s. */
async function* twoTones(): AsyncGenerator<Float32Array> {
  yield* tone(500);
  yield* tone(500);
}

describe("clients of two peers", () => {
  it("write to each other in order and once, wherever each of them is, whatever dies in between", async () => {
    const [hers, his] = [await relays(), (await relays()).toReversed()];
    const anna = await clientAt(hers, { clientId: "anna" });
    const ben = await clientAt(his, { clientId: "ben" });
    expect(anna.server.name).not.toBe(ben.server.name);
    const got: string[] = [];
    ben.onMessage(({ content }) => got.push(content));
    const sent: Promise<unknown>[] = [];
    for (let n = 0; n < 30; n += 1) {
      sent.push(anna.send({ clientId: "ben" }, `${n}`, { until: "delivered" }));
      if (n === 10) hers[0]?.cut();
      if (n === 20) his[0]?.reset();
      await sleep(10);
    }
    for (const each of await Promise.all(sent)) expect(each).toMatchObject({ status: "delivered" });
    expect(got).toEqual(Array.from({ length: 30 }, (_, n) => `${n}`));
  });

  it("are told what waits for who is away, and it is there when they come back, at another peer", async () => {
    const wires = await relays();
    const anna = await clientAt(wires, { clientId: "anna" });
    const away = await clientAt(wires, { clientId: "carl" });
    away.close();
    await expect
      .poll(async () => (await anna.send({ clientId: "carl" }, "dinner")).status, { timeout: 20_000 })
      .toBe("queued");
    const back = await clientAt((await relays()).toReversed(), { clientId: "carl" });
    const got: string[] = [];
    back.onMessage(({ content }) => got.push(content));
    await expect.poll(() => new Set(got)).toEqual(new Set(["dinner"]));
    await expect(anna.send({ clientId: "nobody at all" }, "x")).rejects.toMatchObject({
      remoteCode: "TARGET_NOT_FOUND",
    });
  });

  it("ask each other, and the house", async () => {
    const wires = await relays();
    const anna = await clientAt(wires, { clientId: "anna" });
    const lamp = await clientAt((await relays()).toReversed(), { clientId: "lamp" });
    lamp.onCommand("light", ({ parameters }) => ({ is: parameters["to"] }));
    lamp.onQuery("colour", () => "blue");
    expect(await anna.command({ clientId: "lamp" }, "light", { to: "on" })).toEqual({ is: "on" });
    expect(await anna.query("colour", { to: { clientId: "lamp" } })).toMatchObject({ data: "blue" });
    expect((await anna.getActiveNodes()).map(({ name }) => name).toSorted()).toEqual(["attic", "cellar"]);
    expect(await anna.getNodeDetails("cellar")).toMatchObject({ name: "cellar", role: "voter" });
    const sessions = await lamp.sessions();
    expect(sessions.find(({ clientId }) => clientId === "lamp")).toMatchObject({ state: "ACTIVE", clientType: "api" });
    const here = sessions.filter(({ state }) => state !== "DISCONNECTED").map(({ clientId }) => clientId);
    expect(here).not.toContain("anna");
    await anna.join({ channels: ["news"] });
    const heard = new Promise((resolve) => {
      anna.on("message", ({ channel, content }) => resolve([channel, content]));
    });
    expect(await lamp.broadcast("news", "bulb broken")).toMatchObject({ status: "sent", recipients: 1 });
    expect(await heard).toEqual(["news", "bulb broken"]);
  });
});

describe("a client whose token is taken back", () => {
  it("is refused from then on, and when it comes again at another peer, let in by none", async () => {
    const revoked = await newClient("guest-tablet");
    const wires = await relays();
    const client = await clientAt(wires, { token: revoked });
    const over = new Promise((resolve) => {
      client.on("disconnected", ({ willReconnect, error }) => {
        if (!willReconnect) resolve(error);
      });
    });
    await manage("/clients/guest-tablet", "DELETE", undefined);
    await expect(Array.fromAsync(client.ask({ text: "hello" }))).rejects.toMatchObject({ code: "refused" });
    wires[0]?.cut();
    expect(await over).toMatchObject({ code: "refused", remoteCode: "AUTHENTICATION_FAILED" });
  });
});

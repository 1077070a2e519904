/** A client that is connected to one of three real peers while its session lives at another one, and that one stops. */
import { connect, type ParleyClient, type TurnEvent } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { fixedDelaySources, type Peer } from "../../support.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";
import { until } from "../../mesh/host/hosts.ts";
import { Relay } from "./relay.ts";

let house: UnitedPeers | undefined;

beforeAll(async () => {
  const replies = ["It is ten. It is dark outside. Good night."];
  house = await unitedPeers(["attic", "cellar", "hall"], () =>
    fixedDelaySources({ llmMs: 20, tokenMs: 40, ttsMs: 20, replies }),
  );
  await until(() => house?.peers.every(({ cluster }) => cluster.journals?.isInForce === true) === true, "journals");
}, 120_000);

afterAll(() => house?.close());

async function newClient({ url, token }: Peer): Promise<string> {
  const answer = await fetch(`${url}/api/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "tablet", role: "member" }),
  });
  const added: unknown = await answer.json();
  if (typeof added !== "object" || added === null || !("token" in added)) throw new Error(JSON.stringify(added));
  return String(added.token);
}

async function clientOf(urls: readonly string[], token: string): Promise<ParleyClient> {
  const reconnect = { firstPauseMs: 20, mostPauseMs: 100, heartbeatMs: 200, silentMs: 1_500, learn: false };
  const client = await connect({ peers: urls, token, reconnect });
  onTestFinished(() => client.close());
  return client;
}

const soundOf = (events: readonly TurnEvent[]): number =>
  events.reduce((sum, event) => sum + (event.type === "audio" ? event.samples.length : 0), 0);
const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === "text" ? event.delta : "")).join("");

describe("a client whose session's host stops in the middle of an answer", { timeout: 60_000 }, () => {
  it("stays connected where it is, and hears the whole answer, nothing of it twice", async () => {
    const [host, entry] = house?.peers ?? [];
    if (host === undefined || entry === undefined) throw new Error("three were asked for");
    const token = await newClient(entry);
    const wires = [await Relay.to(Number(new URL(host.url).port)), await Relay.to(Number(new URL(entry.url).port))];
    const client = await clientOf(
      wires.map(({ url }) => url),
      token,
    );
    expect(client.server.name).toBe("attic");
    const undisturbed = await Array.fromAsync(client.ask({ text: "one?" }, { speak: true }));
    const again = new Promise((resolve) => {
      client.on("connected", resolve);
    });
    wires[0]?.cut();
    await again;
    expect(client.server.name).toBe("cellar");
    const lost: unknown[] = [];
    client.on("disconnected", (event) => lost.push(event));
    const told: TurnEvent[] = [];
    let stopped: Promise<void> | undefined;
    for await (const event of client.ask({ text: "two?" }, { speak: true })) {
      told.push(event);
      if (event.type === "audio") stopped ??= host.close();
    }
    await stopped;
    expect(stopped).toBeDefined();
    expect(lost).toEqual([]);
    expect(textOf(told)).toBe(textOf(undisturbed));
    expect(soundOf(told)).toBe(soundOf(undisturbed));
    const sentences = told.flatMap((event) => (event.type === "sentence" ? [event.text] : []));
    expect(sentences).toEqual(["It is ten.", "It is dark outside.", "Good night."]);
    // Nothing was under way when it was asked: its session is where it was, and knows all of it.
    expect(textOf(await Array.fromAsync(client.ask({ text: "three?" })))).toBe(textOf(undisturbed));
    expect(lost).toEqual([]);
  });
});

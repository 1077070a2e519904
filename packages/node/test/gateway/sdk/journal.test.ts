/** A client whose session lives at one of three real peers, and what becomes of it when that peer goes. */
import { connect, type ConnectOptions, type ParleyClient, type TurnEvent } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { fixedDelaySources, type Peer } from "../../support.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";
import { until } from "../../mesh/host/hosts.ts";
import { scriptedToolSource } from "../../../src/testing/scripted-tool-llm.ts";

let house: UnitedPeers | undefined;
let token: string;

const QUICK = { firstPauseMs: 20, mostPauseMs: 100, heartbeatMs: 200, silentMs: 1_500, learn: false } as const;
const OTHERWISE = "I was asked {messages}. That is all there is.";

beforeAll(async () => {
  const script = [
    {
      asked: "timer",
      call: { name: "timer", arguments: { minutes: 5, label: "tea" } },
      reply: "It says {result}. Enjoy it.",
    },
    { asked: "which", call: { name: "timer", arguments: { do: "list" } }, reply: "There is {result}." },
  ];
  house = await unitedPeers(
    ["attic", "cellar", "hall"],
    () => ({
      ...fixedDelaySources({ ttsMs: 20 }),
      llm: scriptedToolSource({ delayMs: 100, script, otherwise: OTHERWISE }),
    }),
    () => ({ "llm.tools": "on" }),
  );
  const [first] = house.peers;
  if (first === undefined) throw new Error("no peer");
  const answer = await fetch(`${first.url}/api/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${first.token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "tablet", role: "member" }),
  });
  const added: unknown = await answer.json();
  if (typeof added !== "object" || added === null || !("token" in added)) throw new Error(JSON.stringify(added));
  token = String(added.token);
  await until(() => house?.peers.every(({ cluster }) => cluster.journals?.isInForce === true) === true, "journals");
}, 120_000);

afterAll(() => house?.close());

async function clientOf(peers: readonly Peer[], options: Partial<ConnectOptions> = {}): Promise<ParleyClient> {
  const urls = peers.map(({ url }) => `${url.replace("http", "ws")}/ws`);
  const client = await connect({ peers: urls, token, reconnect: QUICK, ...options });
  onTestFinished(() => client.close());
  return client;
}

const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === "text" ? event.delta : "")).join("");

describe("a session whose peer stops", () => {
  it("goes on at another: with the answer that was cut, with what was said before, and with its timers", async () => {
    const peers = house?.peers ?? [];
    const client = await clientOf(peers);
    const ask = async (text: string): Promise<string> => textOf(await Array.fromAsync(client.ask({ text })));
    expect(await ask("one?")).toContain("one?");
    expect(await ask("set a timer")).toMatch(/It says .*5 min.*Enjoy it\.$/);
    const host = peers.find(({ identity }) => identity.peerId === client.server.peerId);
    const told: TurnEvent[] = [];
    let stopped: Promise<void> | undefined;
    for await (const event of client.ask({ text: "two?" }, { speak: true })) {
      told.push(event);
      if (event.type === "audio") stopped ??= host?.close();
    }
    await stopped;
    expect(client.server.peerId).not.toBe(host?.identity.peerId);
    expect(textOf(told)).toMatch(/^I was asked .*one\?.*two\?.* That is all there is\.$/s);
    // What was said before is told within it; its own end is told once.
    expect(
      textOf(told)
        .split("two?")[1]
        ?.match(/That is all/g),
    ).toHaveLength(1);
    const sentences = told.flatMap((event) => (event.type === "sentence" ? [event.index] : []));
    expect(sentences).toEqual(sentences.map((_, n) => n));
    // All of it is known there, once.
    const asked = await ask("three?");
    expect(asked.match(/three\?/g)).toHaveLength(1);
    expect(asked).toMatch(/one\?.*set a timer.*two\?.*three\?/s);
    expect(await ask("which one runs?")).toContain("tea");
  });
});

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FlagValues } from "../../../src/config/index.ts";
import { scriptedToolSource, type ToolScript } from "../../../src/testing/scripted-tool-llm.ts";
import { createPeer, eventually, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../../support.ts";
import { SocketClient } from "./client.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
const clients: SocketClient[] = [];

async function start(script: ToolScript = {}, flags: FlagValues = {}): Promise<void> {
  const config = testConfig(folder.path, { "llm.tools": "on", ...flags });
  peer = await createPeer({ config, sources: { ...fixedDelaySources({}), llm: scriptedToolSource(script) } });
}

/** Lets a client in, and gives its token. */
async function admit(name: string, remembers: boolean): Promise<string> {
  const response = await manage("POST", "/clients", { name, role: "member", remembers });
  return String(Object(await response.json()).token);
}

function manage(method: string, route: string, body?: unknown, token = peer.token): Promise<Response> {
  return fetch(`${peer.url}/api/v1${route}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function enter(token: string, more: Parameters<typeof SocketClient.enter>[2] = {}): Promise<SocketClient> {
  const client = await SocketClient.enter(peer.url, token, more);
  clients.push(client);
  return client;
}

/** All bytes of the home, as text. */
async function bytesOfHome(): Promise<string> {
  const files = await readdir(folder.path, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(path.join(file.parentPath, file.name), "latin1"));
  return (await Promise.all(texts)).join("\n");
}

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const each of clients.splice(0)) await each.leave();
  await peer.close();
  await folder.remove();
});

describe("tools, asked for by a model", () => {
  it("calculate, and nothing of the call or of what the model makes up is heard", async () => {
    await start({
      script: [
        {
          asked: "17% of 250",
          call: { name: "calculator", arguments: { expression: "17% of 250" } },
          reply: "That is it: {result}.",
        },
      ],
    });
    const client = await enter(peer.token);
    expect(await client.ask("How much is 17% of 250?")).toBe("That is it: 17% of 250 = 42.5.");
  });

  it("tell the time where the client is", async () => {
    const call = { name: "time", arguments: {} };
    await start({ script: [{ asked: "what time", call, reply: "It is {result}" }] });
    const client = await enter(peer.token, { metadata: { timeZone: "Asia/Tokyo" } });
    expect(await client.ask("What time is it?")).toMatch(/^It is \w+, .*\(Asia\/Tokyo\)$/);
  });

  it("set a timer, of which the client is told when it ends", async () => {
    const call = { name: "timer", arguments: { seconds: 1, label: "tea" } };
    await start({ script: [{ asked: "timer", call, reply: "Done: {result}." }] });
    const client = await enter(peer.token);
    expect(await client.ask("Set a timer for tea, one second")).toBe("Done: the timer tea (1) is set for 1 s.");
    const { payload } = await client.next("EVENT", ({ payload: { eventType } }) => eventType === "timer");
    expect(payload.eventData).toMatchObject({
      label: "tea",
      text: "Your timer for tea has ended, after 1 s.",
      isSpoken: false,
    });
  });

  it("are not offered where they are off, nor, by itself, to a model that is not known to be able", async () => {
    const call = { name: "time", arguments: {} };
    for (const tools of ["off", "auto"]) {
      await start(
        { script: [{ asked: "time", call, reply: "{result}" }], otherwise: "No idea." },
        { "llm.tools": tools },
      );
      expect(await (await enter(peer.token)).ask("What time is it?")).toBe("No idea.");
      for (const each of clients.splice(0)) await each.leave();
      await peer.close();
    }
  });
});

describe("a client that is remembered", () => {
  it("comes back, and its question is thought about with what was said before", async () => {
    await start();
    const token = await admit("anna", true);
    const first = await enter(token);
    await first.ask("My cat is called Minka");
    await first.leave();
    clients.pop();
    const again = await enter(token);
    await eventually(async () => (await again.query({ queryType: "recall_memory", query: "minka" })).data).toHaveLength(
      1,
    );
    expect(await again.ask("What is it called?")).toBe(
      "I was asked: My cat is called Minka / I was asked: My cat is called Minka / What is it called?",
    );
  });

  it("may keep threads apart, and go on with any of them", async () => {
    await start();
    const token = await admit("anna", true);
    const client = await enter(token);
    await client.ask("roses", "garden");
    await client.ask("lions", "zoo");
    expect(await client.ask("more", "garden")).toBe("I was asked: roses / I was asked: roses / more");
    await eventually(
      async () => (await client.query({ queryType: "recall_memory", query: "more OR lions" })).data,
    ).toHaveLength(2);
    const other = await enter(token, { clientId: "tablet" });
    expect(await other.ask("and?", "zoo")).toBe("I was asked: lions / I was asked: lions / and?");
    const { data, sources } = await other.query({
      queryType: "recall_memory",
      query: "roses",
      filter: { threadId: "garden" },
      includeContext: true,
    });
    expect(data).toMatchObject([{ threadId: "garden", text: expect.stringMatching(/^roses\n/) }, {}]);
    expect(sources).toMatchObject([{ snippet: { of: expect.any(String) }, context: [{}] }, {}]);
  });

  it("is never told anything of another", async () => {
    await start();
    const [anna, ben] = [
      await enter(await admit("anna", true)),
      await enter(await admit("ben", true), { clientId: "b" }),
    ];
    await anna.ask("the canary is mine", "same");
    await eventually(async () => (await anna.query({ queryType: "recall_memory", query: "canary" })).data).toHaveLength(
      1,
    );
    expect((await ben.query({ queryType: "recall_memory", query: "canary OR c* OR NOT x" })).data).toEqual([]);
    expect(await ben.ask("what was said?", "same")).toBe("I was asked: what was said?");
  });
});

describe("a client that did not opt in", () => {
  it("leaves no byte of what it said", async () => {
    await start();
    const client = await enter(await admit("carl", false));
    expect(await client.ask("the canary sings at midnight")).toContain("canary");
    expect(await client.ask("and again, the canary")).toContain("canary sings");
    const kept = await enter(await admit("anna", true), { clientId: "a" });
    await kept.ask("the magpie steals");
    await eventually(async () => (await kept.query({ queryType: "recall_memory", query: "magpie" })).data).toHaveLength(
      1,
    );
    const bytes = await bytesOfHome();
    expect(bytes).toContain("magpie");
    expect(bytes).not.toContain("canary");
  });
});

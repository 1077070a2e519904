/** A home-automation program with a Parley peer inside. See README.md. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createPeer, type ConfigValues, type EmbeddedPeer } from "@parley/node";
import { extensionFor, type AskLights } from "./extension.ts";
import { Lights } from "./lights.ts";

const { values: flags } = parseArgs({
  options: {
    /** Asks itself a few things, prints them, and ends. */
    demo: { type: "boolean", default: false },
    name: { type: "string", default: "kitchen" },
    home: { type: "string" },
    port: { type: "string", default: "0" },
    /** Where it listens for other peers of the house, and where one of them is. */
    "mesh-port": { type: "string" },
    join: { type: "string" },
    secret: { type: "string" },
    /** Adds a client of that name to the house, and prints its token. */
    client: { type: "string" },
  },
});

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const temporary = flags.home === undefined ? await mkdtemp(join(tmpdir(), "parley-example-")) : undefined;
try {
  await main(flags.home ?? temporary ?? "");
} finally {
  if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
}

async function main(home: string): Promise<void> {
  const lights = new Lights();
  await using peer = await createPeer({
    home,
    name: flags.name,
    port: Number(flags.port),
    joinSecret: flags.secret,
    config: settings(),
    extend: extensionFor(lights),
    start: ["llm", "tts"],
  });
  peer.on("turn", ({ question, answer }) => say({ turn: { question, answer } }));
  await untilMember(peer);
  say({ url: peer.socketUrl, token: flags.client === undefined ? peer.token : await addClient(peer, flags.client) });
  if (flags.demo) await demo(peer, lights);
  // A program of one's own would have its own end; this one's is when nobody writes to it any more.
  else await once(process.stdin.resume(), "end");
  say({ ended: lights.lit });
}

/** On this machine alone, so that the example disturbs nobody. */
function settings(): ConfigValues {
  const mesh = flags["mesh-port"];
  return {
    listen: { host: "127.0.0.1" },
    mesh: { host: "127.0.0.1", port: Number(mesh ?? 0) },
    cluster: { discovery: "static", join: flags.join ?? "" },
    models: { download: false },
    // Rules know that there are tools; of a model that it does not know Parley does not think so.
    llm: { tools: "on" },
  };
}

/** A peer works at once. Actors, and what is agreed on, are there when it has found or founded its house. */
async function untilMember(peer: EmbeddedPeer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (peer.cluster.belonging === "member" && peer.cluster.actors !== undefined) resolve();
  };
  const stop = peer.on("cluster", look);
  look();
  await promise;
  stop();
}

/** As `parley client add NAME` does. */
async function addClient(peer: EmbeddedPeer, name: string): Promise<string> {
  const answer = await fetch(`${peer.url}/api/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${peer.token}`, "content-type": "application/json" },
    body: JSON.stringify({ name, role: "member" }),
  });
  const added: unknown = await answer.json();
  if (typeof added === "object" && added !== null && "token" in added) return String(added.token);
  throw new Error(`no client was added: ${JSON.stringify(added)}`);
}

async function demo(peer: EmbeddedPeer, lights: Lights): Promise<void> {
  // The language model uses the tool.
  let answer = "";
  for await (const event of peer.ask("Turn on the light in the kitchen")) {
    if (event.type === "text") answer += event.delta;
  }
  say({ answer, lit: lights.lit });
  // A client's command, with what happens on its way.
  const client = await peer.client();
  const onEvent = ({ type, data }: { type: string; data: object }): void => say({ event: type, ...data });
  say({ result: await client.run("lights.set", { room: "hall", isOn: true }, { onEvent }) });
  const refused = await client.run("lights.set", { room: "cellar", isOn: true }).catch((error: unknown) => error);
  say({ refused: refused instanceof Error ? refused.message : "" });
  // The actor, as another peer asks it.
  const actor = peer.cluster.actors?.resolve<AskLights>(`parley://${peer.identity.peerId}/app/lights`);
  say({ actor: await actor?.ask<readonly string[]>((replyTo) => ({ type: "lit", replyTo })) });
  // The engine that speaks.
  let samples = 0;
  for await (const event of peer.say(lights.describe())) if (event.type === "audio") samples += event.samples.length;
  say({ spokenMs: Math.round(samples / 16) });
}

/** A client of a Parley house, with nothing but the SDK. See README.md. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { connect, ParleyError, type ParleyClient } from "@parley/sdk";
import { wavOf } from "./wav.ts";

const { values: flags } = parseArgs({
  options: {
    /** Addresses of peers with commas between, the best first; any one of them is enough. */
    peers: { type: "string", default: "ws://127.0.0.1:8765/ws" },
    token: { type: "string", default: "" },
    ask: { type: "string", default: "Turn on the light in the bedroom" },
    /** What is spoken to this file. */
    wav: { type: "string", default: "answer.wav" },
    /** After the first round, wait until the peer that was talked to is gone, and ask another one. */
    "lose-one": { type: "boolean", default: false },
  },
});

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
/** For another peer to be there. */
const PATIENCE_MS = 30_000;

try {
  await main();
} catch (error) {
  if (!(error instanceof ParleyError)) throw error;
  process.stderr.write(`${error.message}\n${error.nextStep}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const client = await connect({
    peers: flags.peers.split(","),
    token: flags.token,
    clientId: "lamp-remote",
    // Lost peers are noticed after half a second without a sign of life.
    reconnect: { firstPauseMs: 50, heartbeatMs: 250, silentMs: 500, patienceMs: PATIENCE_MS },
  });
  const friend = await connect({ peers: flags.peers.split(","), token: flags.token, clientId: "lamp-panel" });
  try {
    say({ connected: client.server.name });
    say({ answer: await answerTo(client, flags.ask) });
    say({ wavBytes: await speakTo(client, flags.wav) });
    say({ message: await messageTo(client, friend) });
    say({ lit: await client.run("lights.set", { room: "hall", isOn: true }) });
    if (flags["lose-one"]) say(await survive(client));
  } finally {
    client.close();
    friend.close();
  }
}

async function answerTo(client: ParleyClient, text: string): Promise<string> {
  let answer = "";
  for await (const event of client.ask({ text })) if (event.type === "text") answer += event.delta;
  return answer;
}

/** @returns the size of the file */
async function speakTo(client: ParleyClient, path: string): Promise<number> {
  const pieces: Float32Array[] = [];
  let sampleRateHz = 0;
  for await (const event of client.say("Good evening.")) {
    if (event.type !== "audio") continue;
    pieces.push(event.samples);
    sampleRateHz = event.sampleRateHz;
  }
  const file = wavOf(pieces, sampleRateHz);
  await writeFile(path, file);
  return file.byteLength;
}

/** From one client to another, wherever in the house it is. @returns what arrived */
async function messageTo(client: ParleyClient, friend: ParleyClient): Promise<object> {
  const arrived = Promise.withResolvers<string>();
  friend.onMessage(({ content, from }) => arrived.resolve(`${from}: ${content}`));
  const { status } = await client.send({ clientId: friend.clientId }, "the light is on");
  return { status, arrived: await arrived.promise };
}

/** Tells that its peer may go, and goes on at another one by itself. */
async function survive(client: ParleyClient): Promise<object> {
  const before = client.server.name;
  const again = Promise.withResolvers<string>();
  client.on("connected", ({ peer }) => again.resolve(peer.name));
  client.on("disconnected", ({ error, willReconnect }) => {
    if (!willReconnect) again.reject(error);
  });
  say({ waiting: before });
  const after = await again.promise;
  return { lost: before, found: after, answer: await answerTo(client, "Turn off the light in the bedroom") };
}

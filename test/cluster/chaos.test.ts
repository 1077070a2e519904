/** `parley chaos` as a person runs it, against three peers as processes. Whoever would start killed peers again is played here. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { LivePeer } from "@parley/node/testing";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { doorOf, ENGINES, ownerAsks, SECRET, untilOffered } from "../clients/house.ts";
import { household, pause, startAll, until } from "./support.ts";

const MAIN = fileURLToPath(new URL("../../packages/node/src/main.ts", import.meta.url));
/** Sentences too long for their sound to be kept, as sentences of the command's own are. */
const REPLY = [
  "First the water boils in the kettle, and everybody in the kitchen waits for a while until it is ready for the tea.",
  "Then the tea is put into the pot, where it stays for three minutes and a half, until it is dark enough for most.",
  "At last it is poured into five cups, and everybody sits down at the table and talks about the weather of the day.",
].join(" ");
const SLOW_ENGINES = { ...ENGINES, replies: [REPLY], llmMs: 200, tokenMs: 20, ttsMs: 100, chunkMs: 15 };
/** What a service manager sets: a peer that has it does not start itself again. */
const MANAGED = "pm_id";
const DOWN_MS = 1_000;

interface Report {
  readonly chaos: {
    readonly turns: number;
    readonly lostTurns: number;
    readonly wasInterrupted: boolean;
    readonly findings: readonly unknown[];
    readonly violations: readonly string[];
    readonly hurt: readonly {
      readonly kind: string;
      readonly refused: string | null;
      readonly newPrimeMs: number | null;
    }[];
  };
}

interface House {
  readonly peers: readonly LivePeer[];
  readonly first: LivePeer;
  readonly env: NodeJS.ProcessEnv;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

beforeEach(() => void (process.env[MANAGED] = "0"));
afterEach(() => void delete process.env[MANAGED]);

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "0.0.0.0");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return String(typeof address === "object" ? address?.port : undefined);
}

async function houseOf(count: number, isAllowed: boolean): Promise<House> {
  const house = await household({ joinSecret: SECRET, engines: SLOW_ENGINES });
  const peers = await house.addAll(count);
  for (const peer of peers) {
    const port = await freePort();
    peer.reconfigure({ "listen.host": "0.0.0.0", "listen.port": port, "chaos.allowed": String(isAllowed) });
  }
  await startAll(peers);
  const [first, other] = peers;
  if (first === undefined || other === undefined) throw new Error("two at least were asked for");
  await until(async () => (await first.peers()).filter(({ role }) => role === "voter").length === count, "all vote", {
    peers,
  });
  for (const peer of peers) await untilOffered(peer, count);
  const token = await doorOf(first, other, count).newClient("owner", "admin");
  const ca = path.join(house.folder, "ca.pem");
  const { url } = first.introduction;
  await writeFile(ca, await (await fetch(`${url}/ca.pem`)).text());
  const env = { PARLEY_HOME: house.folder, PARLEY_PEER: url, PARLEY_TOKEN: token, PARLEY_CA: ca };
  return { peers, first, env };
}

/** Starts who was killed, after a while. */
function manage(peers: readonly LivePeer[]): void {
  const over = new AbortController();
  onTestFinished(() => over.abort());
  for (const peer of peers) {
    void (async () => {
      while (!over.signal.aborted) {
        await pause(50);
        if (peer.isRunning) continue;
        await pause(DOWN_MS);
        if (!over.signal.aborted) await peer.start();
      }
    })();
  }
}

function start({ env }: House, ...args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ["--conditions=parley-source", MAIN, "chaos", ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

async function clientsOf(peer: LivePeer): Promise<readonly string[]> {
  const { clients } = (await ownerAsks(peer, "GET", "/api/v1/clients")) as {
    readonly clients: readonly { readonly name: string }[];
  };
  return clients.map(({ name }) => name);
}

/** Whose processes they are: who was not killed has the same. */
function startsOf(peers: readonly LivePeer[]): readonly (number | undefined)[] {
  return peers.map(({ pid }) => pid);
}

async function faultsIn(peer: LivePeer): Promise<readonly string[]> {
  const { entries } = (await ownerAsks(peer, "GET", "/api/v1/audit")) as {
    readonly entries: readonly {
      readonly action: string;
      readonly actor: string;
      readonly details: { kind?: string };
    }[];
  };
  return entries
    .filter(({ action }) => action === "chaos.fault")
    .map(({ actor, details }) => `${actor}: ${details.kind ?? ""}`);
}

describe("parley chaos", { timeout: 300_000 }, () => {
  it("finds nothing lost in a house of three that is killed, stopped, cut off and blinked at", async () => {
    const house = await houseOf(3, true);
    manage(house.peers);
    const args = [
      "--turns",
      "8",
      "--seed",
      "11",
      "--faults",
      "kill,stop,cut,blink",
      "--hold",
      "1.5",
      "--yes",
      "--json",
    ];
    const { code, stdout, stderr } = await endOf(start(house, ...args));
    expect({ code, told: code === 0 ? "" : stderr + stdout }).toEqual({ code: 0, told: "" });
    const { chaos } = JSON.parse(stdout) as Report;
    expect(chaos).toMatchObject({ turns: 8, lostTurns: 0, findings: [], violations: [] });
    expect(new Set(chaos.hurt.map(({ kind }) => kind))).toEqual(new Set(["kill", "stop", "cut", "blink"]));
    expect(chaos.hurt.filter(({ refused }) => refused !== null)).toEqual([]);
    expect(await clientsOf(house.first)).toEqual(["owner"]);
    const noted = (await Promise.all(house.peers.map(faultsIn))).flat();
    const done = chaos.hurt.filter(({ kind }) => kind !== "blink").map(({ kind }) => `owner: ${kind}`);
    expect(noted.toSorted()).toEqual(done.toSorted());
  });

  it("is refused where no peer allows it, hurts nothing by a dry run, and with Ctrl-C ends what it did", async () => {
    const closed = await houseOf(2, false);
    const refused = await endOf(start(closed, "--yes", "--turns", "1"));
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("PARLEY_CHAOS_ALLOWED=true")]);

    const house = await houseOf(3, true);
    const before = startsOf(house.peers);
    const dry = await endOf(start(house, "--dry-run", "--seed", "3", "--turns", "5"));
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringMatching(/Seed 3.*Nothing was done\.\n$/s)]);
    expect((await Promise.all(house.peers.map(faultsIn))).flat()).toEqual([]);
    const unasked = await endOf(start(house));
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining("--yes")]);

    // Every turn is hurt for long: the signal comes in the middle of one.
    const child = start(house, "--yes", "--faults", "slow,drain", "--hold", "4", "--turns", "20", "--json");
    const ending = endOf(child);
    await until(async () => (await Promise.all(house.peers.map(faultsIn))).flat().length >= 1, "a fault has come");
    child.kill("SIGINT");
    const { code, stdout } = await ending;
    expect(code).toBe(130);
    const { chaos } = JSON.parse(stdout) as Report;
    expect(chaos).toMatchObject({ wasInterrupted: true, findings: [], violations: [] });
    expect(chaos.turns).toBeLessThan(20);
    const drains = await Promise.all(
      house.peers.map(
        async (peer) => (await ownerAsks(peer, "GET", "/api/v1/drain")) as { drain: { isDraining: boolean } },
      ),
    );
    expect(drains.map(({ drain }) => drain.isDraining)).toEqual([false, false, false]);
    expect(await clientsOf(house.first)).toEqual(["owner"]);
    expect(startsOf(house.peers)).toEqual(before);
    expect(house.peers.flatMap(({ crash }) => crash ?? [])).toEqual([]);
  });
});

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { Household, Lan, untilUnited, type LivePeer, type Place } from "../../../../src/testing/index.ts";
import { until } from "../../../mesh/host/hosts.ts";
import { MEMBERS_PROTOCOLS } from "../protocols.ts";
import { pause } from "./floods.ts";
import type { Findings, Target, Task } from "./stranger.ts";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("stranger.ts", import.meta.url));
const SECRET = "a secret of more than sixteen characters";
const MESH_PORT = 8766;
const DOOR = "/parley/door/1";
const TEST_MS = 240_000;
/** After a flood. */
const QUIET_MS = 8_000;

const obstacle = Lan.obstacle();
if (obstacle !== undefined) console.warn(`skipped: strangers on a network of their own, because ${obstacle}`);

/** What members speak among each other, and some that nobody speaks. */
const PROTOCOLS = [...MEMBERS_PROTOCOLS, "/parley/everything/1"];

interface Home {
  readonly house: Household;
  readonly peers: readonly LivePeer[];
  readonly stranger: Place;
}

/** Members on a network of their own, and a stranger at the same bridge. */
async function home(count: number): Promise<Home> {
  const lan = await Lan.make();
  const house = await Household.open({ joinSecret: SECRET, lan });
  onTestFinished(() => house.close());
  const peers = await house.addAll(count, { flags: { "cluster.discovery": "mdns" } });
  await Promise.all(peers.map((peer) => peer.start()));
  await untilUnited(peers, { voters: count });
  return { house, peers, stranger: await lan.plug() };
}

async function doAs({ command }: Place, task: Task): Promise<Findings> {
  const [program, ...args] = [...command, process.execPath, "--conditions=parley-source", SCRIPT];
  const { stdout } = await run(program, [...args, JSON.stringify(task)], { maxBuffer: 2 ** 26, timeout: TEST_MS });
  return JSON.parse(stdout) as Findings;
}

function targetOf(peer: LivePeer): Target {
  const [host = "", port] = peer.address.split(":");
  return { host, port: Number(port), peerId: peer.peerId };
}

/** Writes through one member after the other until that is ended. Every write has to be done. */
function writing(peers: readonly LivePeer[]): { end(): Promise<number> } {
  const over = new AbortController();
  const work = (async () => {
    let count = 0;
    for (; !over.signal.aborted; count += 1) {
      const peer = peers[count % peers.length];
      const outcome = await peer?.put(`under siege ${count % 10}`, String(count), { timeoutMs: 20_000 });
      expect([count, outcome]).toEqual([count, expect.objectContaining({ outcome: "done" })]);
    }
    return count;
  })();
  return {
    end: () => {
      over.abort();
      return work;
    },
  };
}

/** In MiB. */
const heldBy = (peers: readonly LivePeer[]): Promise<readonly number[]> =>
  Promise.all(peers.map(async (peer) => (await peer.tell("held")).bytes / 2 ** 20));

/** CPU time of a peer since it began; Linux counts it in hundredths of a second. */
function spentMs({ pid }: LivePeer): number {
  const stat = readFileSync(`/proc/${pid ?? "self"}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

describe.skipIf(obstacle !== undefined)("a stranger on the same network", () => {
  it(
    "finds one TCP port of a member, and over mDNS what everybody may see",
    async () => {
      const { peers, stranger } = await home(2);
      const [member] = peers;
      if (member === undefined) throw new Error("two");
      const { host } = targetOf(member);
      const [scanned, listened] = await Promise.all([
        doAs(stranger, { do: "scan", host }),
        doAs(stranger, { do: "listen", host: stranger.address, forMs: 8_000 }),
      ]);
      expect(scanned.ports).toEqual([MESH_PORT]);
      const txts = listened.records.filter((record) => (record as { type: string }).type === "TXT");
      const keys = new Set(
        txts.flatMap((record) => (record as { data: string[] }).data.map((entry) => entry.split("=")[0] ?? "")),
      );
      const { clusterId } = await member.status();
      expect(JSON.stringify(txts)).toContain(String(clusterId));
      // What DECISIONS 12 lists and where to ask; `dnsaddr` is libp2p's.
      const seen = ["cluster", "dnsaddr", "mesh", "name", "pairing", "peer", "services", "txtvers", "version"];
      expect(keys.difference(new Set(seen))).toEqual(new Set());
      for (const secret of ["load", "models", "platform", "linux", SECRET, member.introduction.token]) {
        expect(JSON.stringify(txts)).not.toContain(secret);
      }
    },
    TEST_MS,
  );

  it(
    "and a revoked peer get nothing by anything that they can say, while the members go on and do not grow",
    async () => {
      const { peers, stranger, house } = await home(3);
      const outcast = await house.add({ name: "outcast", flags: { "cluster.discovery": "mdns" } });
      await outcast.start();
      await untilUnited([...peers, outcast]);
      const [first] = peers;
      await first?.revoke("outcast");
      await until(async () => (await outcast.status()).belonging === "revoked", "it knows");
      await outcast.kill();
      const { clusterId } = await untilUnited(peers);

      const targets = peers.map(targetOf);
      const identity = join(outcast.home, "identity.key");
      const siege = { do: "siege", targets, rounds: 2, protocols: PROTOCOLS } as const;
      const writes = writing(peers);
      const asStranger = await doAs(stranger, siege);
      const asRevoked = await doAs(stranger, { ...siege, identity });
      // After that much all that is made once has been made.
      const before = await heldBy(peers);
      await doAs(stranger, { ...siege, rounds: 4 });
      await doAs(stranger, { ...siege, rounds: 4, identity });
      const after = await heldBy(peers);
      const done = await writes.end();
      console.info(JSON.stringify({ done, before, after, asStranger, asRevoked }));

      for (const findings of [asStranger, asRevoked]) {
        expect(findings.opened).toEqual([DOOR]);
        expect(findings.listed.toSorted()).toEqual(["/multistream/1.0.0", DOOR].toSorted());
        const heard = Object.entries(findings.heard).filter(([what]) => !/^opening ([3-8]|1\d)$/.test(what));
        expect(heard.map(([what]) => what)).toEqual([DOOR]);
        expect(findings.answers).not.toContain("welcome");
      }
      expect(asStranger.answers).toEqual(expect.arrayContaining(["about", "refused"]));
      expect(asRevoked.answers).toContain("revoked");
      for (const { answers } of [asStranger, asRevoked]) {
        expect(answers).toContain("stream ended");
        expect(answers).not.toContain("stream heard");
      }
      expect(asRevoked.answers.filter((each) => /about|challenge|waiting/.test(each))).toEqual([]);
      expect(done).toBeGreaterThan(20);
      for (const [i, held] of after.entries()) expect(held - (before[i] ?? 0)).toBeLessThan(12);
      expect((await untilUnited(peers)).clusterId).toBe(clusterId);
      expect(await first?.tell("waiting")).toEqual([]);
      expect(house.crashes()).toEqual([]);
    },
    TEST_MS,
  );

  it(
    "with a flood of garbage from some addresses breaks no link, and leaves nothing to do and to hold",
    async () => {
      const { peers, stranger, house } = await home(3);
      const targets = peers.map(targetOf);
      const [program, ...args] = stranger.command;
      for (let i = 0; i < 2; i += 1) {
        await run(program ?? "", [...args, "ip", "addr", "add", `10.99.0.${200 + i}/24`, "dev", "eth0"]);
      }
      const flood = { do: "flood", targets, sockets: 20, forMs: 8_000 } as const;
      // After that much all that is made once has been made.
      await doAs(stranger, { ...flood, forMs: 3_000 });
      const before = await Promise.all(peers.map(async (peer) => await peer.tell("noticed")));
      const heldBefore = await heldBy(peers);
      const atFirst = peers.map(spentMs);
      const writes = writing(peers);
      await doAs(stranger, flood);
      const done = await writes.end();
      const atLast = peers.map(spentMs);
      await pause(QUIET_MS);
      const afterwards = peers.map(spentMs);
      const after = await Promise.all(peers.map(async (peer) => await peer.tell("noticed")));
      const held = await heldBy(peers);
      const spent = peers.map((_, i) => (atLast[i] ?? 0) - (atFirst[i] ?? 0));
      const stillSpent = peers.map((_, i) => (afterwards[i] ?? 0) - (atLast[i] ?? 0));
      console.info(JSON.stringify({ done, heldBefore, held, spent, stillSpent, before, after }));
      expect(after).toEqual(before);
      for (const [i, each] of held.entries()) expect(each - (heldBefore[i] ?? 0)).toBeLessThan(12);
      for (const each of stillSpent) expect(each).toBeLessThan(QUIET_MS / 4);
      expect(done).toBeGreaterThan(20);
      expect(house.crashes()).toEqual([]);
    },
    TEST_MS,
  );

  it(
    "with hundreds of sockets that say nothing keeps no member out that comes back",
    async () => {
      const { peers, stranger, house } = await home(3);
      const targets = peers.map(targetOf);
      const [program, ...args] = stranger.command;
      // So many that their number counts, and not where they come from.
      for (let i = 0; i < 12; i += 1) {
        await run(program ?? "", [...args, "ip", "addr", "add", `10.99.0.${200 + i}/24`, "dev", "eth0"]);
      }
      const writes = writing(peers.slice(0, 2));
      const sitting = doAs(stranger, { do: "sit", targets, sockets: 400, forMs: 25_000 });
      const [, , third] = peers;
      for (let round = 0; round < 2; round += 1) {
        await third?.kill();
        await third?.start();
        await untilUnited(peers);
      }
      await sitting;
      expect(await writes.end()).toBeGreaterThan(10);
      expect(house.crashes()).toEqual([]);
    },
    TEST_MS,
  );
});

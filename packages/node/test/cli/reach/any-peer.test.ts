import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../../src/cli/program.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../../support.ts";

/** An address of this machine by which other machines would reach it. */
const ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.internal === false && each.family === "IPv4")?.address;
if (ADDRESS === undefined) console.warn("skipped in part, because this machine has no address but its own loopback");

const SOURCES = fixedDelaySources({ sttMs: 1, llmMs: 1, ttsMs: 1 });

let house: Awaited<ReturnType<typeof temporaryFolder>>;
let elsewhere: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
const tokens: Record<string, string> = {};

/** As on another machine: nothing is at home there. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, home = elsewhere.path) {
  let [stdout, stderr] = ["", ""];
  const context = {
    stdout: (text: string) => void (stdout += text),
    stderr: (text: string) => void (stderr += text),
    env: { PARLEY_HOME: home, ...env },
    cwd: elsewhere.path,
  };
  const code = await runCli(args, context, "parley");
  return { code, stdout, stderr };
}

/** On the peer's own machine. */
async function there(...args: readonly string[]) {
  const told = await run(args, {}, house.path);
  expect(told).toMatchObject({ code: 0 });
  return told.stdout.trim();
}

beforeAll(async () => {
  [house, elsewhere] = await Promise.all([temporaryFolder(), temporaryFolder()]);
  const config = testConfig(house.path, { name: "attic", "listen.host": "0.0.0.0" });
  peer = await createPeer({ config, sources: SOURCES });
  peer.services.start();
  const about = { pid: process.pid, url: peer.url, peerId: peer.identity.peerId };
  await writeFile(peer.paths.peerFile, JSON.stringify(about));
  await writeFile(peer.paths.cliToken, `${peer.token}\n`);
  for (const role of ["admin", "member", "guest"]) tokens[role] = await there("client", "add", role, "--role", role);
  await there("trust", "--out", path.join(elsewhere.path, "house.pem"));
});
afterAll(async () => {
  await peer.close();
  await Promise.all([house.remove(), elsewhere.remove()]);
});

const port = () => new URL(peer.url).port;
const as = (role: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ PARLEY_TOKEN: tokens[role], ...more });

describe.skipIf(ADDRESS === undefined)("a command that is told of a peer on another machine", () => {
  const at = () => `${ADDRESS}:${port()}`;

  it("shows its token to nobody whose certificate is not trusted, and says how it becomes so", async () => {
    for (const args of [["status"], ["client", "list"], ["ask", "What time is it?"]]) {
      const told = await run([...args, "--peer", at()], as("admin"));
      expect(told).toMatchObject({ code: 7, stdout: "" });
      expect(told.stderr).toContain("vouched for by nobody who is trusted here");
      expect(told.stderr).toContain("parley trust --out");
      expect(told.stderr).toContain("fingerprint");
    }
    const json = await run(["peers", "--json", "--peer", at()], as("admin"));
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "peer-untrusted" } });
  });

  it("works with the house's certificate: over the socket, and over /api/v1", async () => {
    const named = ["--peer", at(), "--ca", "house.pem"];
    expect((await run(["status", ...named], as("admin"))).stdout).toMatch(/^attic {2}/);
    expect((await run(["client", "list", ...named], as("admin"))).stdout).toMatch(/^guest +guest/m);
    expect(await run(["ask", "What time is it?", ...named], as("guest"))).toMatchObject({
      code: 0,
      stdout: "The time is ten past nine. Shall I set an alarm?\n",
    });
    const spoken = path.join(elsewhere.path, "spoken.wav");
    expect(await run(["say", "Good morning.", "--out", spoken, ...named], as("guest"))).toMatchObject({ code: 0 });
    expect(await run(["voices", "--json", ...named], as("guest"))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"voices":[{') as string,
    });
  });

  it("takes peer, token and certificate from the environment, a file, and its own home alike", async () => {
    const file = path.join(elsewhere.path, "token");
    await writeFile(file, `${tokens["admin"]}\n`);
    const env = { PARLEY_PEER: `https://${at()}`, PARLEY_TOKEN_FILE: file, PARLEY_CA: "house.pem" };
    expect((await run(["audit", "--json"], env)).stdout).toContain('"entries":[');
    // A home of the same house has its certificate already.
    const member = await temporaryFolder();
    await writeFile(path.join(member.path, "ca.pem"), await there("trust", "--pem"));
    const told = await run(["status", "--json", "--peer", `wss://${at()}/ws`], as("member"), member.path);
    expect(JSON.parse(told.stdout)).toMatchObject({ name: "attic" });
    await member.remove();
  });

  it("says what is wrong with the token, and what a guest may not", async () => {
    const named = ["--peer", at(), "--ca", "house.pem"];
    for (const args of [["status"], ["client", "list"]]) {
      const wrong = await run([...args, ...named], { PARLEY_TOKEN: "not-a-token-of-this-house" });
      expect(wrong.code).toBe(7);
      expect(wrong.stderr).toContain("does not know this token");
      expect(wrong.stderr).toContain("PARLEY_TOKEN");
      const guest = await run([...args, ...named], as("guest"));
      expect(guest.code).toBe(7);
      expect(guest.stderr).toContain("a client of the role guest may not");
    }
    const none = await run(["status", ...named]);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("parley client add");
    expect((await run(["status", ...named, "--token-file", "nowhere"])).stderr).toContain("cannot be read (ENOENT)");
    const two = await run(["status", ...named, "--token-file", "token"], as("admin"));
    expect(two.stderr).toContain("another");
    expect(two.stderr).not.toContain(tokens["admin"] ?? "?");
  });

  it("talks with that peer in text, and says who has answered", async () => {
    const named = ["--peer", at(), "--ca", "house.pem"];
    const chat = async (...more: readonly string[]) => {
      const { stdin } = process;
      Object.defineProperty(process, "stdin", { value: Readable.from(["What time is it?\n"]), configurable: true });
      try {
        return await run(["chat", ...named, ...more], as("guest"));
      } finally {
        Object.defineProperty(process, "stdin", { value: stdin, configurable: true });
      }
    };
    const told = await chat();
    expect(told).toMatchObject({ code: 0, stdout: "The time is ten past nine. Shall I set an alarm?\n" });
    expect(told.stderr).toBe("(attic answered)\n");
    const events = (await chat("--json")).stdout.trimEnd().split("\n");
    expect(JSON.parse(events.at(-1) ?? "")).toMatchObject({
      type: "done",
      peer: { name: "attic", peerId: peer.identity.peerId },
    });
  });

  it("lets whoever may look see who does what and how busy they are, and only admins change it", async () => {
    const named = ["--peer", at(), "--ca", "house.pem"];
    expect((await run(["route", "explain", "LLM", ...named], as("member"))).stdout).toContain("attic (here)");
    expect((await run(["route", "list", ...named], as("member"))).stdout).toMatch(/^attic \(here\) +llm/m);
    expect((await run(["top", "--once", ...named], as("member"))).stdout).toMatch(/^attic.* idle$/m);
    for (const args of [
      ["top", "--once"],
      ["route", "list"],
    ]) {
      expect((await run([...args, ...named], as("guest"))).stderr).toContain("it takes the right to look");
    }
    const reset = await run(["route", "policy", "reset", ...named], as("member"));
    expect(reset.code).toBe(7);
    expect(reset.stderr).toContain("it takes the right to manage");
  });

  it("says of a certificate's file what is wrong with it", async () => {
    await writeFile(path.join(elsewhere.path, "empty.pem"), "nothing");
    const empty = await run(["status", "--peer", at(), "--ca", "empty.pem"], as("admin"));
    expect(empty).toMatchObject({ code: 2 });
    expect(empty.stderr).toContain("holds no certificate");
    const none = await run(["status", "--peer", at(), "--ca", "gone.pem"], as("admin"));
    expect(none.stderr).toContain("cannot be read (ENOENT)");
  });
});

describe("a command that is told of a peer", () => {
  it("finds this home's own token where that peer is meant", async () => {
    const told = await run(["client", "list", "--peer", `localhost:${port()}`], {}, house.path);
    expect(told).toMatchObject({ code: 0 });
    expect(told.stdout).toMatch(/^admin +admin/m);
  });

  it("says when nobody is there", async () => {
    for (const args of [["status"], ["peers"], ["chat"]]) {
      const told = await run([...args, "--peer", "127.0.0.1:1"], as("admin"));
      expect(told).toMatchObject({ code: 7, stdout: "" });
      expect(told.stderr).toContain("no peer answers at http://127.0.0.1:1");
    }
    const nowhere = await run(["peers", "--peer", "nowhere.invalid"], as("admin"));
    expect(nowhere.stderr).toContain("no machine is known by the name nowhere.invalid");
    expect((await run(["peers", "--peer", "http://192.0.2.1"], as("admin"))).code).toBe(2);
  });

  it("is refused where it is about this machine", async () => {
    for (const args of [["start"], ["models", "list"], ["doctor"]]) {
      const told = await run([...args, "--peer", "kitchen.local"], as("admin"));
      expect(told).toMatchObject({ code: 2 });
      expect(told.stderr).toContain("is about this machine");
    }
  });
});

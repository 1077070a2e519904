import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parley, run, temporaryHome, until, type Parley } from "../support.ts";

const MAIN = fileURLToPath(new URL("../../packages/node/src/main.ts", import.meta.url));
const canType = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;
if (!canType) console.warn("skipped in part: a terminal to type on needs the command script");

let home: Awaited<ReturnType<typeof temporaryHome>>;
const running: Parley[] = [];

beforeEach(async () => {
  home = await temporaryHome();
});
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.process.kill("SIGKILL");
    await each.ended;
  }
  await home.remove();
});

/** No models, no multicast, no port but those that are free. */
function environment(name: string): NodeJS.ProcessEnv {
  return {
    PARLEY_HOME: join(home.path, name),
    PARLEY_NAME: name,
    PARLEY_MODELS_DOWNLOAD: "false",
    PARLEY_LLM_PROVIDER: "embedded",
    PARLEY_LOG_LEVEL: "error",
    PARLEY_LISTEN_PORT: "0",
    PARLEY_MESH_HOST: "127.0.0.1",
    PARLEY_MESH_PORT: "0",
    PARLEY_CLUSTER_ENABLED: "true",
    PARLEY_CLUSTER_DISCOVERY: "static",
  };
}

function started(name: string, ...args: readonly string[]): Parley {
  const peer = parley(["start", ...args], { env: environment(name) });
  running.push(peer);
  return peer;
}

async function command(
  name: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }> {
  return run(args, { env: environment(name) });
}

/** A peer that has founded a cluster, and where others reach it. */
async function founder(name: string): Promise<{ readonly peer: Parley; readonly address: string }> {
  const peer = started(name);
  await until(
    () => peer.stdout().includes("is prime"),
    () => peer.stdout() + peer.stderr(),
  );
  const { stdout } = await command(name, "peers", "--json");
  const { peers } = JSON.parse(stdout) as { peers: { addresses: string[] }[] };
  return { peer, address: peers[0]?.addresses[0] ?? "" };
}

/** A window that was opened by `parley pair --json`. */
async function opened(
  name: string,
): Promise<{ readonly pairing: Parley; readonly code: string; readonly uri: string }> {
  const pairing = parley(["pair", "--json"], { env: environment(name) });
  running.push(pairing);
  await until(() => pairing.stdout().includes("\n"), pairing.stderr);
  return { pairing, ...(JSON.parse(pairing.stdout().split("\n")[0] ?? "") as { code: string; uri: string }) };
}

describe("two hosts and a person", { timeout: 300_000 }, () => {
  it("make a cluster with one code, see each other, and part again", async () => {
    const { peer: attic, address } = await founder("attic");
    const bath = started("bath", "--join", address);
    await until(() => bath.stdout().includes("waiting beside it"), bath.stdout);
    expect(bath.stdout()).toContain("of attic (fingerprint ");
    await until(() => attic.stdout().includes("bath (fingerprint "), attic.stdout);

    const { pairing, code } = await opened("attic");
    const wrong = await command("bath", "join", "--code", "AAAA-AAAA");
    expect(wrong.code).toBe(7);
    expect(wrong.stderr).toMatch(/^error: .+\n {2}Read the code again/m);
    const right = await command("bath", "join", "--code", code.toLowerCase().replace("-", " "));
    expect(right.stderr).toMatch(/fingerprint/);
    expect(right.code).toBe(0);
    expect(await pairing.ended).toBe(0);
    expect(pairing.stdout()).toContain('"event":"joined"');
    await until(() => bath.stdout().includes("This peer belongs to the cluster"), bath.stdout);
    await until(() => bath.stdout().includes("attic is prime"), bath.stdout);
    await until(() => attic.stdout().includes("bath belongs to the cluster now."), attic.stdout);

    const status = await command("bath", "status");
    expect(status.stdout).toMatch(/attic is prime in term \d+/);
    expect((await command("bath", "peers")).stdout).toMatch(/^attic .*voter, prime/m);

    expect((await command("bath", "leave")).code).toBe(2);
    const left = await command("bath", "leave", "--yes");
    expect(left.stderr).toBe("");
    expect(left.code).toBe(0);
    await until(() => attic.stdout().includes("bath belongs to the cluster no more."), attic.stdout);
    await until(() => bath.stdout().includes("This peer has left its cluster."), bath.stdout);
    for (const each of [attic, bath]) {
      each.process.kill("SIGINT");
      expect(await each.ended).toBe(0);
    }
  });

  it("need no address where there is a picture to scan, and none but the newcomer's yes where it was approved", async () => {
    const { peer: attic, address } = await founder("attic");
    const bath = started("bath", "--discovery", "off");
    await until(() => bath.stdout().includes("is prime"), bath.stdout);
    const { pairing, uri } = await opened("attic");
    const scanned = await command("bath", "join", uri);
    expect(scanned.stderr).toBe("");
    expect(scanned.code).toBe(0);
    expect(await pairing.ended).toBe(0);

    const cellar = started("cellar", "--join", address);
    await until(() => cellar.stdout().includes("waiting beside it"), cellar.stdout);
    const theirs = /of attic \(fingerprint (\S+)\)/.exec(cellar.stdout())?.[1] ?? "";
    const agreeing = command("cellar", "join", "--fingerprint", theirs);
    await until(() => attic.stdout().includes("cellar (fingerprint "), attic.stdout);
    const approved = await command("attic", "pair", "--approve", "cellar");
    expect(approved.stderr).toBe("");
    expect(approved.stdout).toContain("cellar");
    expect((await agreeing).stdout).toContain("This peer belongs to the cluster");
    expect((await agreeing).code).toBe(0);
  });

  it.skipIf(!canType)("need no command on the newcomer: the code is typed where it was started", async () => {
    const { address } = await founder("attic");
    const line = [process.execPath, "--conditions=parley-source", MAIN, "start", "--join", address].join(" ");
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLEY_")));
    const typist = spawn("script", ["-qefc", line, "/dev/null"], { env: { ...clean, ...environment("bath") } });
    let screen = "";
    typist.stdout.setEncoding("utf8").on("data", (text: string) => (screen += text));
    const ended = new Promise((resolve) => {
      typist.on("close", resolve);
    });
    await until(
      () => screen.includes("type here the code"),
      () => screen,
    );
    const { pairing, code } = await opened("attic");
    typist.stdin.write("AAAA-AAAA\n");
    await until(
      () => screen.includes("Read the code again"),
      () => screen,
    );
    typist.stdin.write(`${code}\n`);
    await until(
      () => screen.includes("This peer belongs to the cluster"),
      () => screen,
    );
    expect(await pairing.ended).toBe(0);
    typist.stdin.write("\u0003");
    expect(await ended).toBe(0);
  });
});

describe("a peer by itself", { timeout: 300_000 }, () => {
  it("with --no-cluster says so, and every command of the cluster as well", async () => {
    const peer = started("attic", "--no-cluster");
    await until(() => existsSync(join(home.path, "attic", "peer.json")), peer.stderr);
    await until(() => peer.stdout().includes("off: this peer works by itself"), peer.stdout);
    for (const args of [["pair"], ["peers"], ["join", "--code", "AAAA-AAAA"], ["leave", "--yes"]]) {
      const { code, stderr } = await command("attic", ...args);
      expect(stderr).toMatch(/switched off\n {2}Start it without --no-cluster/);
      expect(code).toBe(2);
    }
    expect((await command("attic", "status")).stdout).toContain("Clustering is off");
  });

  it("with a join secret that is weak, or given twice, does not start, and does not say what it was", async () => {
    const weak = await run(["start"], { env: { ...environment("attic"), PARLEY_JOIN_SECRET: "hunter2-hunter2" } });
    expect(weak.code).toBe(2);
    expect(weak.stderr).toMatch(/weak[\s\S]*openssl rand/);
    const file = { PARLEY_JOIN_SECRET_FILE: "/nowhere/secret" };
    const twice = await run(["start"], {
      env: { ...environment("attic"), ...file, PARLEY_JOIN_SECRET: "hunter2-hunter2" },
    });
    expect(twice.code).toBe(2);
    expect(weak.stderr + twice.stderr).not.toContain("hunter2");
  });
});

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parley, run, temporaryHome, until, type Parley } from "../support.ts";

let home: Awaited<ReturnType<typeof temporaryHome>>;
let env: NodeJS.ProcessEnv;
let peer: Parley | undefined;

beforeEach(async () => {
  home = await temporaryHome();
  env = { PARLEY_HOME: home.path, PARLEY_MODELS_DOWNLOAD: "false", PARLEY_LOG_LEVEL: "silent" };
});
afterEach(async () => {
  peer?.process.kill("SIGKILL");
  await peer?.ended;
  await home.remove();
});

async function start(...args: readonly string[]): Promise<Parley> {
  peer = parley(["start", "--port", "0", ...args], { env });
  await until(() => existsSync(join(home.path, "peer.json")), peer.stderr);
  return peer;
}

describe("parley ears", { timeout: 120_000 }, () => {
  it("shows that a peer's ears are shut, as they are until somebody opens them, and has no key for them", async () => {
    await start();
    expect(await run(["ears"], { env })).toMatchObject({ code: 0, stdout: "off\n" });
    expect((await run(["status"], { env })).stdout).toMatch(/^ears +off$/m);
    const struck = await run(["ears", "strike"], { env });
    expect(struck).toMatchObject({ code: 4, stdout: "" });
    expect(struck.stderr).toMatch(/does not listen now.*parley ears on/s);
    expect((await run(["ears", "sing"], { env })).code).toBe(2);
  });

  it("opens them, tells why they cannot listen, and shuts them again", async () => {
    const started = await start("--ears", "--wake-words", "hey jarvis");
    await until(
      () => started.stdout().includes("it listens through this machine's microphone for: hey jarvis"),
      started.stdout,
    );
    const shown = async (): Promise<string> => (await run(["ears"], { env })).stdout;
    await expect.poll(shown, { timeout: 60_000 }).toMatch(/^not listening, trying again: /);
    expect((await run(["ears", "off", "--json"], { env })).stdout).toMatch(
      /^\{"state":"off","mode":"wake","words":\["hey jarvis"\]/,
    );
    expect((await run(["ears", "on"], { env })).stdout).toMatch(/^(opening|not listening)/);
  });

  it("says so when no peer runs", async () => {
    expect(await run(["ears", "on"], { env })).toMatchObject({ code: 7 });
  });
});

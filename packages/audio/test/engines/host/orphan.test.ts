import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isAlive, startCrashHost, until } from "./hosts.ts";

const parentScript = fileURLToPath(new URL("./orphan-parent.ts", import.meta.url));

it.each([
  ["is idle", "none"],
  ["waits", "never"],
  ["blocks its event loop", "stall"],
  ["is inside a native call", "nativeCall"],
  ["streams", "count"],
])("a host that %s is gone when its parent was killed with -9", async (_what, method) => {
  const parent = spawn(process.execPath, ["--conditions=parley-source", parentScript, method], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(parent.stdout), "line");
  const hostPid = Number(line);
  expect(isAlive(hostPid)).toBe(true);
  parent.kill("SIGKILL");
  await until(() => !isAlive(hostPid));
});

it("a host does not mind Ctrl-C in the terminal of its parent", async () => {
  const host = await startCrashHost();
  process.kill(host.status().pid, "SIGINT");
  expect(await host.run("echo", "still here").result).toBe("still here");
});

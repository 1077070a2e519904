import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { temporaryHome, until } from "../support.ts";

const MAIN = fileURLToPath(new URL("../../packages/node/src/main.ts", import.meta.url));
/** Makes a terminal for a command. */
const hasScript = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

/** What a person sees of a peer from its start to Ctrl-C. */
async function seen(...flags: readonly string[]): Promise<string> {
  const home = await temporaryHome();
  onTestFinished(() => home.remove());
  const env = { ...process.env, PARLEY_HOME: home.path, PARLEY_LISTEN_PORT: "0", PARLEY_CLUSTER_ENABLED: "false" };
  const command = [process.execPath, "--conditions=parley-source", MAIN, "start", "--no-models", ...flags];
  const child = spawn("script", ["-qec", `exec ${command.map((word) => `'${word}'`).join(" ")}`, "/dev/null"], {
    env: { ...env, PARLEY_LLM_PROVIDER: "embedded", PARLEY_MODELS: "", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  await until(
    () => (text.match(/ not available: /g)?.length ?? 0) >= 4,
    () => text,
  );
  child.stdin.write("\u0003");
  await once(child, "close");
  return text;
}

it.skipIf(!hasScript)(
  "a person at a terminal is told each thing once, and reads the log where that is asked for",
  async () => {
    const quiet = await seen();
    expect(quiet).toContain("stopped");
    expect(quiet).not.toMatch(/INFO|WARN|service is not available/);
    expect(await seen("--log-level", "info")).toMatch(/INFO.*peer started/);
  },
);

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { encodeWav } from "@parley/audio/format";
import { hasModels, MODELS, temporaryHome, until } from "../support.ts";

const MAIN = fileURLToPath(new URL("../../packages/node/src/main.ts", import.meta.url));
const COMMAND = [process.execPath, "--conditions=parley-source", MAIN] as const;
const models = MODELS === undefined ? {} : { PARLEY_MODELS: MODELS };

let home: Awaited<ReturnType<typeof temporaryHome>>;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  home = await temporaryHome();
  env = {
    // What else is set for tests is no setting of a peer, and would be warned of.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLEY_"))),
    PARLEY_HOME: home.path,
    PARLEY_CLUSTER_ENABLED: "false",
    PARLEY_MODELS_DOWNLOAD: "false",
    PARLEY_LLM_PROVIDER: "embedded",
    ...models,
  };
});
afterEach(() => home.remove());

describe.skipIf(!existsSync("/dev/full"))("an output that takes nothing", { timeout: 60_000 }, () => {
  it.each([["config"], ["config --json"], ["--help"], ["models list"]])(
    "is one failure in words, not a trace: %s",
    (line) => {
      const script = `${COMMAND.map((word) => `'${word}'`).join(" ")} ${line} > /dev/full`;
      const { status, stderr } = spawnSync("sh", ["-c", script], { env, encoding: "utf8" });
      expect(stderr).toMatch(
        line.includes("--json")
          ? /^\{"error":\{"code":"disk-full",.*\}\}\n$/
          : /^error: No room to write the output \(ENOSPC\)\.\n {2}Free some space.*\n$/,
      );
      expect(status).toBe(5);
    },
  );

  it("is none when the reader has had enough", () => {
    const script = `set -o pipefail; ${COMMAND.map((word) => `'${word}'`).join(" ")} models list | head -1`;
    const { status, stderr, stdout } = spawnSync("bash", ["-c", script], { env, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).not.toBe("");
  });
});

const heard = hasModels("stt/moonshine-tiny-en-q8", "vad/silero-v5");

describe.skipIf(!heard)("Ctrl-C", { timeout: 120_000 }, () => {
  it.each([[["listen", "-"]], [["talk", "--in", "-", "--out", "none"]]])(
    "ends %j while its input is open and silent",
    async (args) => {
      const [program, ...rest] = [...COMMAND, ...args];
      const child = spawn(program, rest, { env, stdio: ["pipe", "pipe", "pipe"] });
      onTestFinished(() => void child.kill("SIGKILL"));
      let told = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
      const ended = Promise.withResolvers<number | null>();
      child.on("close", (code) => ended.resolve(code));
      // The header of a sound and nothing behind it: whoever reads it waits.
      child.stdin.write(encodeWav({ sampleRateHz: 16_000, samples: new Float32Array(1600) }).subarray(0, 1000));
      await until(
        () => /working in this process|Talking with|ready/.test(told),
        () => told,
      );
      await new Promise((resolve) => setTimeout(resolve, 4000));
      child.kill("SIGINT");
      expect(await ended.promise, told).toBe(130);
    },
  );
});

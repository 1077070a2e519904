import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explainFailure } from "../../tools/install/failure.mjs";
import { ROOT, run, type Ended } from "./mini-house.ts";

/** Stands for npm: notes how it was called, whether another one ran at the same time, and ends as it is told. */
const FAKE_NPM = `
const fs = require("node:fs");
fs.appendFileSync("calls.txt", process.argv.slice(2).join(" ") + "\\n");
if (fs.existsSync("npm.running")) fs.appendFileSync("calls.txt", "TWO AT ONCE\\n");
fs.writeFileSync("npm.running", "");
console.log("words on npm's stdout");
if (process.env.FAKE_SAYS) console.error(process.env.FAKE_SAYS);
setTimeout(() => {
  fs.rmSync("npm.running", { force: true });
  fs.mkdirSync("node_modules/node/bin", { recursive: true });
  if (!process.env.FAKE_NO_NODE) fs.writeFileSync("node_modules/node/bin/node", "");
  process.exit(Number(process.env.FAKE_EXIT ?? 0));
}, 300);
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-install-"));
  cpSync(join(ROOT, "tools/install"), join(root, "tools/install"), { recursive: true });
  mkdirSync(join(root, "packages/one"), { recursive: true });
  for (const path of ["package.json", "package-lock.json", "packages/one/package.json"])
    writeFileSync(join(root, path), "{}");
  writeFileSync(join(root, "npm-cli.js"), FAKE_NPM);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const ensure = (env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  run(process.execPath, ["tools/install/ensure-installed.mjs"], {
    cwd: root,
    env: { PATH: process.env["PATH"], npm_execpath: join(root, "npm-cli.js"), ...env },
  });
const calls = (): readonly string[] =>
  existsSync(join(root, "calls.txt")) ? readFileSync(join(root, "calls.txt"), "utf8").trim().split("\n") : [];
const lockFiles = (): readonly string[] =>
  readdirSync(join(root, "node_modules")).filter((name) => name.includes("lock."));

describe("ensure-installed", () => {
  it("installs in a fresh clone, says so on stderr, and keeps stdout for the command that follows", async () => {
    const { code, stdout, stderr } = await ensure();
    expect(calls()).toEqual(["install --include=dev --loglevel=error --no-audit --no-fund"]);
    expect(stdout).toBe("");
    expect(stderr).toContain("first start: installing the packages");
    expect(stderr).toContain("words on npm's stdout");
    expect(code).toBe(0);
    expect(lockFiles()).toEqual([]);
  });

  it("says and does nothing when all is there", async () => {
    await ensure();
    expect(await ensure()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(calls()).toHaveLength(1);
  });

  it.for(["package-lock.json", "package.json", "packages/one/package.json"])(
    "installs again when %s has changed",
    async (path) => {
      await ensure();
      writeFileSync(join(root, path), `{ "changed": true }`);
      await ensure();
      expect(calls()).toHaveLength(2);
    },
  );

  it("installs again when node_modules is gone", async () => {
    await ensure();
    rmSync(join(root, "node_modules"), { recursive: true });
    await ensure();
    expect(calls()).toHaveLength(2);
  });

  it("lets one of many commands install while the others wait", async () => {
    const ended = await Promise.all([ensure(), ensure(), ensure(), ensure()]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(calls()).toHaveLength(1);
    expect(lockFiles()).toEqual([]);
  });

  it("takes over from an installer that was killed", async () => {
    const { pid } = await deadProcess();
    mkdirSync(join(root, "node_modules"));
    writeFileSync(join(root, "node_modules/.parley-install.lock.7"), `${pid}\n${hostname()}\n`);
    const ended = await Promise.all([ensure(), ensure()]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls()).toHaveLength(1);
    expect(lockFiles()).toEqual([]);
  });

  it("fails with what happened and what to do, and does not believe the half-made install afterwards", async () => {
    await ensure();
    writeFileSync(join(root, "package-lock.json"), `{ "changed": true }`);
    const { code, stdout, stderr } = await ensure({ FAKE_EXIT: "1", FAKE_SAYS: "npm error code EAI_AGAIN" });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("npm install failed: the package registry cannot be reached. [offline]");
    expect(stderr).toMatch(/^parley: next: Check the network/m);
    writeFileSync(join(root, "package-lock.json"), "{}");
    await ensure();
    expect(calls()).toHaveLength(3);
  });

  it("does not bend to the settings of the command that called it", async () => {
    writeFileSync(
      join(root, "npm-cli.js"),
      `${FAKE_NPM}\nconsole.log("inherited:", process.env.npm_config_workspace, process.env.npm_config_registry);`,
    );
    const { stderr } = await ensure({ npm_config_workspace: "one", npm_config_registry: "https://mirror.example/" });
    expect(stderr).toContain("inherited: undefined https://mirror.example/");
  });

  it.for(["SIGINT", "SIGTERM"])(
    "calls it interrupted when %s came and npm then ends as if it had failed",
    async (name) => {
      // Shows itself, and ends with code 1 once its parent has been told to stop.
      writeFileSync(
        join(root, "npm-cli.js"),
        `process.on("SIGTERM", () => process.exit(1));
       process.kill(process.ppid, "${name}");
       setTimeout(() => process.exit(1), "${name}" === "SIGINT" ? 500 : 20_000);`,
      );
      const { code, stderr } = await ensure();
      expect(stderr).toContain(`npm install was stopped by ${name}. [interrupted]`);
      expect(stderr).toContain("next: Run the same command again");
      expect(code).toBe(1);
      expect(lockFiles()).toEqual([]);
    },
  );

  it("says so when npm is not there at all", async () => {
    const { code, stderr } = await ensure({ PATH: root, npm_execpath: undefined });
    expect(stderr).toContain("[npm-missing]");
    expect(code).toBe(1);
  });
});

describe("explainFailure", () => {
  it.for([
    ["npm error code ENOTFOUND", "offline"],
    ["npm error code ENOSPC", "disk-full"],
    ["npm error code EACCES", "not-permitted"],
    ["npm error code E404", "not-found"],
    ["npm error gyp ERR! find Python", "compiler"],
    ["something new", "npm-failed"],
  ] as const)("knows %j as %s and names a next step", ([output, code]) => {
    const error = explainFailure({ code: 1, signal: null, output });
    expect(error.code).toBe(code);
    expect(error.nextStep).toMatch(/\.$/);
  });

  it("knows an interruption", () => {
    expect(explainFailure({ code: null, signal: "SIGINT", output: "" }).code).toBe("interrupted");
  });
});

/** The process id of somebody who is gone. */
async function deadProcess(): Promise<{ readonly pid: number }> {
  const { stdout } = await run(process.execPath, ["-e", "console.log(process.pid)"], { cwd: root });
  return { pid: Number(stdout) };
}

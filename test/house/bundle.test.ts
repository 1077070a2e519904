import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programPath, programStamp } from "../../tools/bundle/program.mjs";
import { bundle } from "../../tools/bundle/bundle.ts";
import { ROOT, run } from "./mini-house.ts";

/** Says whenever something asks for the rules of a language: V8 reads some MB of them for each of these, and keeps them. */
const WATCH = `
for (const [holder, name] of [[String.prototype, "localeCompare"], [Intl, "DateTimeFormat"]]) {
  const own = holder[name];
  holder[name] = function (...given) {
    process.stdout.write("RULES " + name);
    return Reflect.apply(own, this, given);
  };
}`;

describe("the program as one file", () => {
  let cache: string;
  let folder: string;
  beforeAll(async () => {
    // Where the command puts it: packages that are left out are looked for from there.
    mkdirSync(join(ROOT, "node_modules", ".cache"), { recursive: true });
    cache = mkdtempSync(join(ROOT, "node_modules", ".cache", "parley-test-"));
    folder = await bundle(ROOT, () => mkdtempSync(join(cache, "made-")), cache);
  }, 180_000);
  afterAll(() => rmSync(cache, { recursive: true, force: true }));

  it("is plain text of one byte a character, which V8 keeps as such", () => {
    expect(readFileSync(join(folder, "main.js"), "utf8")).toMatch(/^[\0-\x7f]*$/);
  });

  it("finds what stands beside its sources: version, engines, the doctor's helpers", async () => {
    const program = ["--conditions=parley-source", join(folder, "main.js")];
    const { stdout } = await run(process.execPath, [...program, "--version"], { cwd: cache });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const env = { ...process.env, PARLEY_HOME: join(cache, "home"), PARLEY_CLUSTER_ENABLED: "false" };
    const doctor = await run(process.execPath, [...program, "doctor", "--port", "0", "--json"], { cwd: cache, env });
    const { findings } = JSON.parse(doctor.stdout) as { findings: { probe: string; status: string }[] };
    expect(findings).toContainEqual(expect.objectContaining({ probe: "node-llama-cpp", status: "ok" }));
  }, 120_000);

  it("runs a peer that starts and stops, and reads no rules of languages for it", async () => {
    const home = join(cache, "peer");
    const env = {
      ...process.env,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(WATCH)}`,
      PARLEY_HOME: home,
      PARLEY_LISTEN_PORT: "0",
      PARLEY_MESH_PORT: "0",
      PARLEY_MESH_HOST: "127.0.0.1",
      PARLEY_CLUSTER_DISCOVERY: "off",
      PARLEY_MODELS_DOWNLOAD: "false",
      PARLEY_LLM_PROVIDER: "embedded",
    };
    const args = ["--conditions=parley-source", join(folder, "main.js"), "start"];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 });
    let said = "";
    for await (const text of child.stdout.setEncoding("utf8")) {
      said += String(text);
      if (said.includes("This peer is prime")) break;
    }
    expect(said).toContain("This peer is prime");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(said).not.toContain("RULES");
  }, 120_000);
});

describe("whether it is of today", () => {
  it("depends on every source, and on the packages", () => {
    const root = mkdtempSync(join(tmpdir(), "parley-stamp-"));
    try {
      cpSync(join(ROOT, "tools", "bundle"), join(root, "tools", "bundle"), { recursive: true });
      const source = join(root, "packages", "node", "src", "cli", "main.ts");
      mkdirSync(join(source, ".."), { recursive: true });
      const stamps = new Set<string>();
      for (const [lock, text] of [
        ["{}", "1;"],
        ["{ }", "1;"],
        ["{ }", "12;"],
      ] as const) {
        writeFileSync(join(root, "package-lock.json"), lock);
        writeFileSync(source, text);
        stamps.add(programStamp(root));
      }
      utimesSync(source, 1, 1);
      stamps.add(programStamp(root));
      writeFileSync(join(source, "..", "more.ts"), "");
      stamps.add(programStamp(root));
      expect(stamps.size).toBe(5);
      expect(programPath(root)).toContain(programStamp(root));
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

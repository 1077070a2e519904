import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { framesHost, startEngineHost } from "../../../src/engines/index.ts";
import { rejection } from "../host/hosts.ts";

const run = promisify(execFile);
const NATIVE = new URL("../../../src/engines/onnx/native.ts", import.meta.url).href;

/** Where onnxruntime's telemetry would keep a number for this machine and what it has yet to send. */
describe("onnxruntime, which tells its makers what it runs unless it is told not to", () => {
  let folder: string;
  let home: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "parley-quiet-"));
    home = join(folder, "somebody");
    await mkdir(home);
    // The runtime is up, and its telemetry with it, before it sees that this is no network.
    await writeFile(join(folder, "silero_vad_v5.onnx"), "no network");
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** All it knows of where somebody's files are, and nothing of being tested, which would quieten it as well. */
  const elsewhere = (): Record<string, string> => ({ HOME: home, XDG_CACHE_HOME: join(home, "cache") });

  it("keeps nothing and sends nothing in an engine's host, whatever the peer was started with", async () => {
    const env = { ...elsewhere(), ORT_DISABLE_TELEMETRY: "0" };
    const failure = await rejection(startEngineHost({ ...framesHost({ folder }), env }));
    expect(String(failure)).toMatch(/protobuf|model/i);
    expect(await readdir(home)).toEqual([]);
  });

  it("keeps nothing and sends nothing where another process loads it", async () => {
    const load = `await (await import("${NATIVE}")).loadNetwork(${JSON.stringify(join(folder, "silero_vad_v5.onnx"))}, {})
      .catch((error) => console.log(error.message))`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", load], { env: elsewhere() });
    expect(stdout).toMatch(/protobuf|model/i);
    expect(await readdir(home)).toEqual([]);
  });

  it("is not loaded in a thread whose environment it cannot see", async () => {
    const load = `const { Worker } = require("node:worker_threads");
      new Worker('import("${NATIVE}").catch((error) => console.log(error.message))', { eval: true })`;
    const { stdout } = await run(process.execPath, ["-e", load], { env: elsewhere() });
    expect(stdout).toContain("onnxruntime");
    expect(await readdir(home)).toEqual([]);
  });
});

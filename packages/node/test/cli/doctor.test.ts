import { createServer } from "node:http";
import type { Server } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { ModelStore } from "@parley/audio/models";
import { CATALOGUE, createModelStore } from "@parley/audio/models";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examine, realHost, registerDoctorCommand } from "../../src/cli/doctor/index.ts";
import type { DoctorHost, Finding } from "../../src/cli/doctor/index.ts";
import { probeAudio, probeGpu } from "../../src/cli/doctor/devices.ts";
import { memoryLimitBytes, probeCores, probeDisk, probeMemory, probeNode } from "../../src/cli/doctor/machine.ts";
import { probeModel, probeOllamaAnswer } from "../../src/cli/doctor/models.ts";
import { isParleyHealth, probePort } from "../../src/cli/doctor/port.ts";
import { addGlobalFlags } from "../../src/cli/setting-flags.ts";
import type { Config, FlagValues } from "../../src/config/index.ts";
import { load } from "../config/sample.ts";

const GIB = 1024 ** 3;

/** A machine with everything, but for what a test changes. */
function fakeHost(changes: Partial<DoctorHost> = {}): DoctorHost {
  return {
    nodeVersion: "24.21.0",
    platform: "linux",
    arch: "x64",
    cores: 4,
    totalMemoryBytes: 16 * GIB,
    readText: () => undefined,
    list: () => [],
    hasCommand: () => true,
    run: async () => undefined,
    space: async () => ({ freeBytes: 50 * GIB, writable: true }),
    loadEngine: async () => ({ loaded: true, version: "1.2.3" }),
    health: async () => undefined,
    tryListen: async () => undefined,
    ollama: async () => undefined,
    ...changes,
  };
}

const files = (texts: Readonly<Record<string, string>>) => ({ readText: (file: string) => texts[file] });

function configWith(flags: FlagValues = {}): Config {
  const result = load({ flags });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

/** A store that holds the models called `present`. */
function storeWith(...present: readonly string[]): ModelStore {
  const find: ModelStore["find"] = async (name) => {
    const entry = CATALOGUE.find((one) => one.name === name);
    return entry !== undefined && present.includes(name)
      ? { entry, folder: `/models/${name}`, origin: "cache" }
      : undefined;
  };
  const unused = async () => {
    throw new Error("the doctor only looks");
  };
  return {
    catalogue: CATALOGUE,
    find,
    list: async () => Promise.all(CATALOGUE.map(async (entry) => ({ entry, installed: await find(entry.name) }))),
    downloadBytes: async (name) => (present.includes(name) ? 0 : 5 * 1024 * 1024),
    ensure: unused,
    verify: unused,
    remove: unused,
  };
}

const EVERYTHING = CATALOGUE.map((entry) => entry.name);

describe("the machine", () => {
  it("needs a Node that runs the sources", () => {
    expect(probeNode({ nodeVersion: "24.0.0" }).status).toBe("ok");
    expect(probeNode({ nodeVersion: "20.19.1" })).toMatchObject({
      status: "missing",
      mend: expect.stringContaining("node@24"),
    });
  });

  it("is warned about with one core", () => {
    expect(probeCores({ cores: 2, arch: "arm64" }).status).toBe("ok");
    expect(probeCores({ cores: 1, arch: "arm64" }).status).toBe("warning");
  });

  it.each([
    [
      "version 2, own group",
      { "/proc/self/cgroup": "0::/user/parley\n", "/sys/fs/cgroup/user/parley/memory.max": "1000\n" },
      1000,
    ],
    [
      "version 2, a tighter group above",
      {
        "/proc/self/cgroup": "0::/a/b\n",
        "/sys/fs/cgroup/a/b/memory.max": "3000\n",
        "/sys/fs/cgroup/a/memory.max": "2000\n",
        "/sys/fs/cgroup/memory.max": "max\n",
      },
      2000,
    ],
    ["version 2 in a container", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "4000\n" }, 4000],
    ["version 2, none", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" }, undefined],
    [
      "version 1",
      {
        "/proc/self/cgroup": "9:cpu:/x\n4:memory,hugetlb:/x/y\n",
        "/sys/fs/cgroup/memory/x/y/memory.limit_in_bytes": "5000\n",
      },
      5000,
    ],
    ["no control groups", {}, undefined],
  ])("has the memory limit of its control group: %s", (_, texts, limit) => {
    expect(memoryLimitBytes(files(texts))).toBe(limit);
  });

  it("has memory enough, little, or too little, counting what is allowed and what is available", () => {
    const memory = (totalGib: number, limitGib?: number, availableGib?: number) =>
      probeMemory({
        totalMemoryBytes: totalGib * GIB,
        ...files({
          "/proc/self/cgroup": "0::/\n",
          "/sys/fs/cgroup/memory.max": limitGib === undefined ? "max" : String(limitGib * GIB),
          "/proc/meminfo": `MemTotal: 1 kB\nMemAvailable:  ${(availableGib ?? totalGib) * 1024 ** 2} kB\n`,
        }),
      });
    expect(memory(16).status).toBe("ok");
    expect(memory(2)).toMatchObject({ status: "warning" });
    expect(memory(16, undefined, 2)).toMatchObject({
      status: "warning",
      summary: expect.stringContaining("2.0 GiB available"),
    });
    expect(memory(1)).toMatchObject({ status: "missing" });
    expect(memory(16, 1)).toMatchObject({
      status: "missing",
      mend: expect.stringContaining("limit"),
      facts: { limitBytes: GIB },
    });
    expect(memory(16, 2 ** 40)).toMatchObject({ status: "ok", facts: { limitBytes: null } });
  });

  it.each([
    [{ freeBytes: 50 * GIB, writable: true }, "ok"],
    [{ freeBytes: GIB, writable: true }, "warning"],
    [{ freeBytes: 1000, writable: true }, "missing"],
    [{ freeBytes: 50 * GIB, writable: false }, "missing"],
    [undefined, "missing"],
  ])("has room in home: %j is %s", async (space, status) => {
    expect((await probeDisk({ space: async () => space }, configWith())).status).toBe(status);
  });
});

describe("what is plugged in", () => {
  const bare = fakeHost({ hasCommand: () => false });

  it("is an NVIDIA card with its memory", async () => {
    const host = { ...bare, hasCommand: () => true, run: async () => "NVIDIA GeForce RTX 3060, 12288 MiB\n" };
    expect(await probeGpu(host)).toMatchObject({ status: "ok", summary: "NVIDIA GeForce RTX 3060 with 12288 MiB." });
  });

  it("is an NVIDIA card whose driver is broken", async () => {
    const host = { ...bare, list: (folder: string) => (folder === "/dev" ? ["null", "nvidia0", "nvidiactl"] : []) };
    expect(await probeGpu(host)).toMatchObject({ status: "warning" });
  });

  it("is Apple silicon, a render node, or nothing, which is fine", async () => {
    expect((await probeGpu({ ...bare, platform: "darwin", arch: "arm64" })).summary).toContain("Metal");
    const withNode = { ...bare, list: (folder: string) => (folder === "/dev/dri" ? ["card0", "renderD128"] : []) };
    expect((await probeGpu(withNode)).summary).toContain("/dev/dri/renderD128");
    expect(await probeGpu(bare)).toMatchObject({ status: "ok", facts: { cards: 0 } });
  });

  it("is sound, counted from ALSA's list", () => {
    const pcm = "00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1\n00-03: HDMI 0 : HDMI 0 : playback 1\n";
    const host = { platform: "linux" as const, ...files({ "/proc/asound/pcm": pcm }) };
    const withTools = probeAudio({ ...host, hasCommand: (name) => name === "arecord" || name === "aplay" });
    expect(withTools).toMatchObject({ status: "ok", facts: { microphones: 1, loudspeakers: 2, recorder: "arecord" } });
    const without = probeAudio({ ...host, hasCommand: () => false });
    expect(without).toMatchObject({ status: "warning", mend: "sudo apt-get install alsa-utils" });
  });

  it("may be no sound at all, which files make up for", () => {
    expect(probeAudio(fakeHost())).toMatchObject({
      status: "warning",
      summary: expect.stringContaining("audio files"),
    });
    expect(probeAudio(fakeHost({ platform: "darwin" })).status).toBe("ok");
    expect(probeAudio({ ...bare, platform: "darwin" })).toMatchObject({ status: "warning", mend: "brew install sox" });
  });
});

describe("models", () => {
  it("are there, or named with their size and the command that fetches them", async () => {
    const missing = await probeModel(storeWith(), configWith(), "stt");
    expect(missing).toMatchObject({ status: "missing", summary: expect.stringContaining("5.2 MB to download") });
    const name = String(missing.facts?.["model"]);
    expect(missing.mend).toBe(`parley models pull ${name}`);
    expect(await probeModel(storeWith(name), configWith(), "stt")).toMatchObject({
      status: "ok",
      facts: { folder: `/models/${name}` },
    });
  });

  it.each([
    ["speaks", "voice", "tts", "stt"],
    ["recognises", "stt", "stt", "tts"],
  ] as const)("are none of this machine's where a server %s", async (_, section, kind, other) => {
    const url = "http://server.local/v1";
    const config = configWith({ [`${section}.provider`]: "remote", [`${section}.remote_url`]: url });
    const model = config[section].remote_model;
    expect(await probeModel(storeWith(), config, kind)).toMatchObject({
      status: "ok",
      summary: expect.stringContaining(`${model} `),
      facts: { model, url },
    });
    expect((await probeModel(storeWith(), config, other)).status).toBe("missing");
  });

  it("are not complete without what they need", async () => {
    const config = configWith({});
    const kokoro = CATALOGUE.find((entry) => entry.kind === "tts" && entry.needs.length > 0)?.name ?? "none";
    expect((await probeModel(storeWith(kokoro), config, "tts")).status).toBe("missing");
    expect((await probeModel(storeWith(...EVERYTHING), config, "tts")).status).toBe("ok");
  });

  it("that only stand in are said to, beside the better one", async () => {
    const finding = await probeModel(storeWith("stories15m"), configWith(), "llm");
    expect(finding).toMatchObject({
      status: "warning",
      summary: expect.stringContaining("is better"),
      mend: expect.stringContaining("pull"),
    });
  });

  it("say how to fetch them where downloads are refused", async () => {
    const finding = await probeModel(storeWith(), configWith({ "models.download": "false" }), "vad");
    expect(finding.mend).toMatch(/^PARLEY_MODELS_DOWNLOAD=true parley models pull /);
  });

  it("of unknown name are missing, with the command that lists the known ones", async () => {
    const base = configWith();
    const config = { ...base, models: { ...base.models, stt: "nonsense" } };
    const finding = await probeModel(storeWith(...EVERYTHING), config, "stt");
    expect(finding).toMatchObject({
      status: "missing",
      mend: "parley models list",
      summary: expect.stringContaining("nonsense"),
    });
  });
});

describe("Ollama", () => {
  const found = { version: "0.6.4", model: "llama3.2:latest" };

  it.each([
    ["auto", found, "ok", undefined],
    ["auto", undefined, "ok", undefined],
    ["auto", { unusable: "it has no model that can chat" }, "warning", "ollama pull llama3.2"],
    ["ollama", undefined, "missing", "ollama serve"],
    ["ollama", { unusable: "it has no model that can chat" }, "missing", "ollama pull llama3.2"],
    ["embedded", found, "ok", undefined],
  ])("with llm.provider %s and %j is %s", (provider, answer, status, mend) => {
    const finding = probeOllamaAnswer(configWith({ "llm.provider": provider }), answer);
    expect(finding).toMatchObject({ status });
    expect(finding.mend).toBe(mend);
  });
});

describe("the port", () => {
  const health = { service: "parley", status: "healthy" };

  it.each([
    ["free", { tryListen: async () => undefined }, "ok", undefined],
    ["a Parley peer's", { tryListen: async () => "EADDRINUSE", health: async () => health }, "ok", undefined],
    [
      "another program's",
      { tryListen: async () => "EADDRINUSE", health: async () => ({ status: "up" }) },
      "warning",
      "parley start --port 0",
    ],
    ["not for this user", { tryListen: async () => "EACCES" }, "warning", "parley start --host 127.0.0.1 --port 0"],
  ])("is %s", async (_, changes, status, mend) => {
    const finding = await probePort(fakeHost(changes), configWith());
    expect(finding).toMatchObject({ status });
    expect(finding.mend).toBe(mend);
  });

  it.each([
    [undefined],
    [null],
    ["text"],
    [{}],
    [{ status: "healthy" }],
    [{ service: "parley" }],
    [{ service: "other", status: "healthy" }],
  ])("is not a peer's when /health answers %j", (body) => {
    expect(isParleyHealth(body)).toBe(false);
  });
});

describe("the examination", () => {
  const statusOf = (findings: readonly Finding[], probe: string) =>
    findings.find((finding) => finding.probe === probe)?.status;

  it("promises a voice turn when nothing needed is missing", async () => {
    const diagnosis = await examine({
      host: fakeHost(),
      config: configWith(),
      openModels: () => storeWith(...EVERYTHING),
    });
    expect(diagnosis.findings.filter((finding) => finding.status === "missing")).toEqual([]);
    expect(diagnosis.ready).toBe(true);
  });

  it("does not miss the embedded language model where Ollama answers", async () => {
    const host = fakeHost({
      ollama: async () => ({ version: "1", model: "m" }),
      loadEngine: async (name) =>
        name === "node-llama-cpp" ? { loaded: false, reason: "no" } : { loaded: true, version: "1" },
    });
    const openModels = () => storeWith(...EVERYTHING.filter((name) => !/llama|stories/.test(name)));
    const withOllama = await examine({ host, config: configWith(), openModels });
    expect(withOllama.ready).toBe(true);
    expect(statusOf(withOllama.findings, "node-llama-cpp")).toBe("warning");
    const embedded = await examine({ host, config: configWith({ "llm.provider": "embedded" }), openModels });
    expect(embedded.ready).toBe(false);
    expect([statusOf(embedded.findings, "llm"), statusOf(embedded.findings, "node-llama-cpp")]).toEqual([
      "missing",
      "missing",
    ]);
  });

  it("does not miss what only hearing and speaking here need, where servers do both", async () => {
    const host = fakeHost({
      loadEngine: async (name) =>
        name === "sherpa-onnx-node" ? { loaded: false, reason: "no" } : { loaded: true, version: "1" },
    });
    const openModels = () => storeWith(...CATALOGUE.flatMap(({ kind, name }) => (/stt|tts/.test(kind) ? [] : [name])));
    const readyWith = async (flags: FlagValues): Promise<boolean> =>
      (await examine({ host, config: configWith(flags), openModels })).ready;
    expect(await readyWith({ "stt.provider": "remote", "voice.provider": "remote" })).toBe(true);
    expect(await readyWith({ "stt.provider": "remote" })).toBe(false);
    expect(await readyWith({ "voice.provider": "remote" })).toBe(false);
  });

  it("goes on when a probe fails, and promises nothing on what it could not see", async () => {
    const openModels = () => {
      throw new Error("the cache is broken");
    };
    const { ready, findings } = await examine({ host: fakeHost(), config: configWith(), openModels });
    expect(ready).toBe(false);
    expect(findings.find((finding) => finding.probe === "stt")?.summary).toContain("the cache is broken");
    expect(statusOf(findings, "memory")).toBe("ok");
  });

  it("gives every missing thing a way to mend it", async () => {
    const host = fakeHost({
      nodeVersion: "18.0.0",
      totalMemoryBytes: 1,
      space: async () => undefined,
      loadEngine: async () => ({ loaded: false, reason: "no" }),
    });
    const { findings } = await examine({ host, config: configWith(), openModels: () => storeWith() });
    const missing = findings.filter((finding) => finding.status === "missing");
    expect(missing.length).toBeGreaterThanOrEqual(9);
    expect(missing.filter((finding) => finding.mend === undefined)).toEqual([]);
  });
});

describe("this machine", () => {
  const host = realHost(process.env);
  let folder: string;
  let server: Server;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "parley-doctor-"));
    server = createServer((request, response) => {
      if (request.url === "/health") response.end(JSON.stringify({ service: "parley", status: "healthy" }));
      else response.end("not JSON");
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });

  afterAll(async () => {
    await new Promise((resolve) => void server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it("loads both engines in processes of their own", async () => {
    expect(await host.loadEngine("sherpa-onnx-node")).toMatchObject({
      loaded: true,
      version: expect.stringMatching(/^\d+\.\d+/),
    });
    expect(await host.loadEngine("node-llama-cpp")).toMatchObject({
      loaded: true,
      version: expect.stringMatching(/^\d+\.\d+/),
    });
  });

  it("says so when an engine's process dies without a word", async () => {
    const breaking = realHost({
      ...process.env,
      NODE_OPTIONS: `--import=data:text/javascript,process.kill(process.pid,'SIGSEGV')`,
    });
    expect(await breaking.loadEngine("sherpa-onnx-node")).toEqual({
      loaded: false,
      reason: "its process ended by itself (SIGSEGV)",
    });
  });

  it("finds a running peer on its port, and nothing on a free one", async () => {
    const config = configWith({ "listen.port": String(port) });
    expect(await probePort(host, config)).toMatchObject({ status: "ok", facts: { running: true } });
    expect(await probePort(host, configWith({ "listen.port": "0" }))).toMatchObject({ status: "ok" });
  });

  it("tells another program on its port from a peer", async () => {
    const other = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const taken = typeof address === "object" && address !== null ? address.port : 0;
    const finding = await probePort(host, configWith({ "listen.port": String(taken) }));
    await new Promise((resolve) => void other.close(resolve));
    expect(finding).toMatchObject({ status: "warning", summary: expect.stringContaining("another program") });
  });

  it("has space in a folder that is still to be made, and none below a file", async () => {
    await writeFile(path.join(folder, "file"), "");
    expect(await host.space(path.join(folder, "a", "b"))).toMatchObject({ writable: true });
    expect(await host.space(path.join(folder, "file", "b"))).toBeUndefined();
  });

  it("finds commands in the search path alone", () => {
    expect(realHost({ PATH: path.dirname(process.execPath) }).hasCommand("node")).toBe(true);
    expect(realHost({ PATH: folder }).hasCommand("node")).toBe(false);
  });

  async function doctor(...args: readonly string[]): Promise<{ out: string; error: unknown }> {
    let out = "";
    const context = {
      stdout: (text: string) => void (out += text),
      stderr: () => undefined,
      env: { PATH: process.env["PATH"] },
      cwd: folder,
    };
    const program = new Command("parley");
    addGlobalFlags(program);
    registerDoctorCommand(program, context, {
      openModels: (config) =>
        createModelStore({
          cacheFolder: config.models.cache,
          folders: config.models.folder === "" ? [] : [config.models.folder],
          download: config.models.download,
          registryUrl: config.models.registry,
        }),
    });
    const line = ["--home", path.join(folder, "home"), "doctor", "--port", "0", ...args];
    const error: unknown = await program.parseAsync(line, { from: "user" }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return { out, error };
  }

  it("is not ready without models, says so, and ends with not-ready", async () => {
    const { out, error } = await doctor("--llm", "embedded");
    expect(error).toMatchObject({ code: "not-ready", nextStep: expect.stringContaining("parley models pull") });
    expect(out).toContain("This machine cannot run a voice turn yet.");
    expect(out).toMatch(/^missing {2}stt .*\n +-> parley models pull /m);
  });

  const models = process.env["PARLEY_MODELS"] ?? "";
  it.skipIf(models === "")("is ready with the models of PARLEY_MODELS (skipped where that is not set)", async () => {
    const { out, error } = await doctor("--json", "--models-folder", models, "--llm", "embedded");
    const diagnosis: unknown = JSON.parse(out);
    expect(diagnosis).toMatchObject({ ready: true });
    expect(error).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import { startEngineHost } from "../../../src/engines/index.ts";
import { crashHost } from "../../../src/testing/index.ts";
import { collect, isAlive, rejection, startCrashHost, until } from "./hosts.ts";

const MIB = 2 ** 20;

describe("an engine host that dies in the middle of a job", () => {
  it.each(["SIGKILL", "SIGSEGV", "SIGTERM"] as const)(
    "fails that job with engine-crashed naming %s",
    async (signal) => {
      const host = await startCrashHost();
      const job = host.run("never", {});
      process.kill(host.status().pid, signal);
      expect(await rejection(job.result)).toMatchObject({ code: "engine-crashed", details: { signal, host: "crash" } });
      expect(await rejection(collect(job.output))).toMatchObject({ code: "engine-crashed" });
      expect(await host.exited).toMatchObject({ reason: "crashed", signal, exitCode: null });
    },
  );

  it("fails the jobs that wait as well, and refuses later ones with the same error", async () => {
    const host = await startCrashHost({ maxJobs: 1 });
    const jobs = [host.run("never", {}), host.run("echo", 1), host.run("echo", 2)];
    process.kill(host.status().pid, "SIGKILL");
    for (const job of jobs) expect(await rejection(job.result)).toMatchObject({ code: "engine-crashed" });
    expect(await rejection(host.run("echo", 3).result)).toMatchObject({ code: "engine-crashed" });
    expect(host.status()).toMatchObject({ running: 0, queued: 0 });
  });

  it("leaves the way free for a new host, whose jobs work", async () => {
    const first = await startCrashHost();
    const lost = first.run("never", {});
    process.kill(first.status().pid, "SIGKILL");
    await rejection(lost.result);
    const second = await startCrashHost();
    expect(await second.run("echo", "well").result).toBe("well");
  });

  it("names the exit code and its last words, also of a native abort", async () => {
    const exiting = await startCrashHost();
    expect(await rejection(exiting.run("exit", 7).result)).toMatchObject({ details: { exitCode: 7, signal: null } });
    const aborting = await startCrashHost();
    const error = await rejection(aborting.run("abort", {}).result);
    expect(error).toMatchObject({ code: "engine-crashed", details: { signal: "SIGABRT" } });
    expect(String(error)).toContain("last words");
    expect((await aborting.exited).lastLines.join("\n")).toContain("abort");
  });

  it("hands out the values that had arrived before it died", async () => {
    const host = await startCrashHost({ maxJobs: 2 });
    const job = host.run("count", {});
    // Messages keep their order: when this is answered, the first number has arrived.
    await host.run("echo", "answered later").result;
    process.kill(host.status().pid, "SIGKILL");
    await host.exited;
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const value of job.output) seen.push(value);
    })();
    expect(await rejection(reading)).toMatchObject({ code: "engine-crashed" });
    expect(seen.slice(0, 1)).toEqual([0]);
  });
});

describe("the health of an engine host", () => {
  it("kills a host whose event loop stands still, with engine-stalled", async () => {
    const host = await startCrashHost({ pingEveryMs: 50, stallAfterMs: 500 });
    expect(await rejection(host.run("stall", {}).result)).toMatchObject({ code: "engine-stalled" });
    expect(await host.exited).toMatchObject({ reason: "stalled", signal: "SIGKILL" });
  });

  it("kills a host that does not let go of a cancelled job", async () => {
    const host = await startCrashHost({ pingEveryMs: 50, cancelGraceMs: 300 });
    const abort = new AbortController();
    const job = host.run("deaf", 60_000, { signal: abort.signal });
    abort.abort();
    expect(await rejection(job.result)).toMatchObject({ code: "job-cancelled" });
    expect(await host.exited).toMatchObject({ reason: "stalled" });
  });

  it("kills a host that grows past its memory ceiling, with the figures", async () => {
    const limitBytes = 400 * MIB;
    const host = await startCrashHost({ pingEveryMs: 50, memoryLimitBytes: limitBytes });
    const error = await rejection(host.run("leak", {}).result);
    expect(error).toMatchObject({ code: "engine-out-of-memory", details: { limitBytes } });
    expect(Reflect.get(Reflect.get(Object(error), "details"), "rssBytes")).toBeGreaterThan(limitBytes);
    expect(await host.exited).toMatchObject({ reason: "out-of-memory" });
  });

  it("leaves a busy but answering host alone and reports its memory", async () => {
    const host = await startCrashHost({ pingEveryMs: 20, stallAfterMs: 5_000 });
    const job = host.run("deaf", 500);
    await until(() => host.status().rssBytes > 0);
    expect(host.status()).toMatchObject({ running: 1, queued: 0 });
    expect(await job.result).toBe("done");
  });

  it("does not mind noise on stderr and stdout, and keeps only its end", async () => {
    const host = await startCrashHost();
    expect(await host.run("chatter", 20_000).result).toBe(20_000);
    process.kill(host.status().pid, "SIGKILL");
    const { lastLines } = await host.exited;
    expect(lastLines.length).toBeLessThanOrEqual(20);
    expect(lastLines.every((line) => /^std(err|out) noise \d+$/.test(line))).toBe(true);
  });
});

describe("starting an engine host", () => {
  it("fails with what the engine said", async () => {
    const error = await rejection(startEngineHost(crashHost({ failStart: "no such tensor" })));
    expect(error).toMatchObject({ code: "engine-start-failed", message: expect.stringContaining("no such tensor") });
  });

  it("fails when the module does not exist or is no engine", async () => {
    const missing = { name: "stt", module: new URL("file:///nowhere/engine.js"), options: {} };
    expect(await rejection(startEngineHost(missing))).toMatchObject({ code: "engine-start-failed" });
    const foreign = { name: "stt", module: new URL("./hosts.ts", import.meta.url), options: {} };
    expect(await rejection(startEngineHost(foreign))).toMatchObject({ code: "engine-start-failed" });
  });

  it("fails when it takes too long", async () => {
    const hanging = crashHost({ hangStart: true });
    const error = await rejection(startEngineHost({ ...hanging, startTimeoutMs: 300 }));
    expect(error).toMatchObject({ code: "engine-start-failed", details: { timeoutMs: 300 } });
  });

  it("fails when the engine takes the process down while loading", async () => {
    const module = new URL("./hostile-engine.ts", import.meta.url);
    const error = await rejection(startEngineHost({ name: "stt", module, options: { kind: "exit-while-loading" } }));
    expect(error).toMatchObject({ code: "engine-start-failed", message: expect.stringContaining("no good tensor") });
  });

  it("can be given up, before and during", async () => {
    const aborted = AbortSignal.abort();
    expect(await rejection(startEngineHost({ ...crashHost(), signal: aborted }))).toMatchObject({
      code: "job-cancelled",
    });
    const signal = AbortSignal.timeout(200);
    const error = await rejection(startEngineHost({ ...crashHost({ hangStart: true }), signal }));
    expect(error).toMatchObject({ code: "job-timed-out" });
  });
});

describe("closing an engine host", () => {
  it("fails what runs or waits with engine-closed and leaves no process", async () => {
    const host = await startCrashHost({ maxJobs: 1 });
    const { pid } = host.status();
    const jobs = [host.run("never", {}), host.run("echo", 1)];
    const report = await host.close();
    for (const job of jobs) expect(await rejection(job.result)).toMatchObject({ code: "engine-closed" });
    expect(report).toMatchObject({ reason: "closed", pid });
    expect(isAlive(pid)).toBe(false);
    expect(await rejection(host.run("echo", 1).result)).toMatchObject({ code: "engine-closed" });
    expect(await host.close()).toEqual(report);
  });

  it("kills a host that does not close itself in time", async () => {
    const host = await startCrashHost();
    const stalled = host.run("stall", {});
    const report = await host.close({ timeoutMs: 200 });
    expect(report).toMatchObject({ reason: "closed", signal: "SIGKILL" });
    expect(await rejection(stalled.result)).toMatchObject({ code: "engine-closed" });
  });

  it("does not wait for a native call that runs", async () => {
    const host = await startCrashHost();
    const job = host.run("nativeCall", {});
    await until(() => host.status().running === 1);
    expect(await host.close({ timeoutMs: 30_000 })).toMatchObject({ reason: "closed" });
    expect(await rejection(job.result)).toMatchObject({ code: "engine-closed" });
  });
});

it("an engine host inherits no secrets of its parent, and what it is given", async () => {
  process.env["OPENAI_API_KEY"] = "secret";
  try {
    const host = await startCrashHost({ env: { EXTRA: "1" } });
    const seen = await host.run("whoami", {}).result;
    expect(seen).toMatchObject({ env: expect.arrayContaining(["PATH", "EXTRA"]) });
    expect(seen).toMatchObject({ env: expect.not.arrayContaining(["OPENAI_API_KEY"]) });
  } finally {
    delete process.env["OPENAI_API_KEY"];
  }
});

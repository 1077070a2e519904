import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { EngineHost } from "../../../src/engines/index.ts";
import { collect, rejection, startCrashHost, until } from "./hosts.ts";

async function* numbers(count: number, onSent: (n: number) => void = () => undefined): AsyncGenerator<number> {
  for (let n = 0; n < count; n += 1) {
    onSent(n);
    yield n;
  }
}

/** The host still serves, and nothing is left inside. */
async function expectIdle(host: EngineHost): Promise<void> {
  await until(() => host.status().running === 0);
  expect(host.status()).toMatchObject({ running: 0, queued: 0 });
  expect(await host.run("echo", "still here").result).toBe("still here");
}

describe("a job", () => {
  it("carries typed arrays, nested values and nothing at all both ways", async () => {
    const host = await startCrashHost();
    const value = { samples: Float32Array.of(0.5, -0.25), nested: [new Map([["a", 1n]]), null, undefined] };
    expect(await host.run("echo", value).result).toEqual(value);
    expect(await host.run("echo", undefined).result).toBeUndefined();
  });

  it("streams its input in and its output out, in order", async () => {
    const host = await startCrashHost();
    const job = host.run("echoStream", {}, { input: numbers(1_000) });
    expect(await collect(job.output)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    expect(await job.result).toBe(1_000);
  });

  it("fails with engine-failed when the engine throws, and the next one works", async () => {
    const host = await startCrashHost();
    const error = await rejection(host.run("throw", "bad weather").result);
    expect(error).toMatchObject({ code: "engine-failed", message: expect.stringContaining("bad weather") });
    await expectIdle(host);
  });

  it.each(["nothing", "constructor", "__proto__"])("fails when the engine has no method %s", async (method) => {
    const host = await startCrashHost();
    expect(await rejection(host.run(method, {}).result)).toMatchObject({ code: "engine-failed" });
  });

  it("is refused when its parameters cannot cross a process border", async () => {
    const host = await startCrashHost();
    expect(await rejection(host.run("echo", () => 1).result)).toMatchObject({ code: "input-refused" });
    expect(await rejection(host.run("echo", new Uint8Array(65 * 2 ** 20)).result)).toMatchObject({
      code: "input-refused",
    });
    await expectIdle(host);
  });

  it("fails when its input fails, and the engine is told to stop", async () => {
    const host = await startCrashHost();
    const broken = (async function* () {
      yield 1;
      throw new Error("microphone unplugged");
    })();
    const job = host.run("echoStream", {}, { input: broken });
    expect(await rejection(job.result)).toMatchObject({
      code: "input-refused",
      message: expect.stringContaining("microphone unplugged"),
    });
    await expectIdle(host);
  });
});

describe("cancelling a job", () => {
  it("before it starts never reaches the engine", async () => {
    const host = await startCrashHost();
    const job = host.run("exit", 1, { signal: AbortSignal.abort() });
    expect(await rejection(job.result)).toMatchObject({ code: "job-cancelled" });
    await expectIdle(host);
  });

  it("while it waits takes it out of the queue", async () => {
    const host = await startCrashHost({ maxJobs: 1 });
    const first = new AbortController();
    const running = host.run("never", {}, { signal: first.signal });
    const abort = new AbortController();
    const waiting = host.run("exit", 1, { signal: abort.signal });
    expect(host.status().queued).toBe(1);
    abort.abort();
    expect(host.status().queued).toBe(0);
    expect(await rejection(waiting.result)).toMatchObject({ code: "job-cancelled" });
    first.abort();
    expect(await rejection(running.result)).toMatchObject({ code: "job-cancelled" });
    await expectIdle(host);
  });

  it("in mid-stream ends the output at once and stops the engine", async () => {
    const host = await startCrashHost();
    const abort = new AbortController();
    const job = host.run("count", {}, { signal: abort.signal });
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const value of job.output) {
        seen.push(value);
        if (seen.length === 100) abort.abort();
      }
    })();
    expect(await rejection(reading)).toMatchObject({ code: "job-cancelled" });
    expect(seen).toHaveLength(100);
    await expectIdle(host);
  });

  it("by leaving the loop over its output stops the engine", async () => {
    const host = await startCrashHost();
    const job = host.run("count", {});
    for await (const value of job.output) if (value === 50) break;
    expect(await rejection(job.result)).toMatchObject({ code: "job-cancelled" });
    await expectIdle(host);
  });

  it("by a deadline says so", async () => {
    const host = await startCrashHost();
    const job = host.run("never", {}, { signal: AbortSignal.timeout(100) });
    expect(await rejection(job.result)).toMatchObject({ code: "job-timed-out" });
    await expectIdle(host);
  });

  it("after its end changes nothing", async () => {
    const host = await startCrashHost();
    const abort = new AbortController();
    const job = host.run("echo", "done", { signal: abort.signal });
    expect(await job.result).toBe("done");
    abort.abort();
    expect(await job.result).toBe("done");
    expect(await collect(job.output)).toEqual([]);
    await expectIdle(host);
  });

  it("frees the place only when the engine lets go", async () => {
    const host = await startCrashHost({ maxJobs: 1 });
    const abort = new AbortController();
    const deaf = host.run("deaf", 300, { signal: abort.signal });
    abort.abort();
    expect(await rejection(deaf.result)).toMatchObject({ code: "job-cancelled" });
    const next = host.run("echo", "after");
    expect(host.status()).toMatchObject({ running: 1, queued: 1 });
    expect(await next.result).toBe("after");
  });
});

describe("bounds", () => {
  it("more jobs than may wait are refused with engine-busy; those that wait are served in order", async () => {
    const host = await startCrashHost({ maxJobs: 2, maxQueuedJobs: 3 });
    const abort = new AbortController();
    const blockers = [1, 2].map(() => host.run("never", {}, { signal: abort.signal }));
    const order: unknown[] = [];
    const waiting = [1, 2, 3].map(async (n) => order.push(await host.run("echo", n).result));
    const error = await rejection(host.run("echo", 4).result);
    expect(error).toMatchObject({ code: "engine-busy", details: { maxJobs: 2, maxQueuedJobs: 3 } });
    abort.abort();
    await Promise.all(blockers.map((job) => rejection(job.result)));
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it("urgent jobs begin before all that wait, and have places to wait of their own", async () => {
    const host = await startCrashHost({ maxJobs: 1, maxQueuedJobs: 2 });
    const abort = new AbortController();
    const blocker = host.run("never", {}, { signal: abort.signal });
    const order: unknown[] = [];
    const run = async (n: number, urgent: boolean) => order.push(await host.run("echo", n, { urgent }).result);
    const waiting = [run(1, false), run(2, false), run(3, true), run(4, true)];
    for (const urgent of [false, true]) {
      expect(await rejection(host.run("echo", 5, { urgent }).result)).toMatchObject({ code: "engine-busy" });
    }
    abort.abort();
    await rejection(blocker.result);
    await Promise.all(waiting);
    expect(order).toEqual([3, 4, 1, 2]);
  });

  it("a fast engine waits for a slow reader", async () => {
    const host = await startCrashHost();
    const job = host.run("count", {});
    const reader = job.output[Symbol.asyncIterator]();
    await reader.next();
    await sleep(300);
    process.kill(host.status().pid, "SIGKILL");
    await host.exited;
    // What was under way when the host died is all there ever was: one window, not 300 ms of counting.
    let buffered = 0;
    const rest = (async () => {
      for (;;) if ((await reader.next()).done !== true) buffered += 1;
    })();
    expect(await rejection(rest)).toMatchObject({ code: "engine-crashed" });
    expect(buffered).toBeGreaterThan(0);
    expect(buffered).toBeLessThanOrEqual(16);
  });

  it("a fast source waits for a slow engine", async () => {
    const host = await startCrashHost();
    const abort = new AbortController();
    let sent = 0;
    const input = numbers(1e9, () => (sent += 1));
    const job = host.run("never", {}, { input, signal: abort.signal });
    await sleep(300);
    expect(sent).toBeLessThanOrEqual(17);
    abort.abort();
    await rejection(job.result);
    await expectIdle(host);
  });

  it("large values through a slow reader stay within a window of memory", async () => {
    const host = await startCrashHost({ pingEveryMs: 50 });
    const frame = new Float32Array(2 ** 18);
    const input = (async function* () {
      for (let n = 0; n < 400; n += 1) yield frame;
    })();
    const job = host.run("echoStream", {}, { input });
    let peakBytes = 0;
    let received = 0;
    for await (const value of job.output) {
      expect(value).toHaveLength(frame.length);
      received += 1;
      if (received % 10 === 0) await sleep(5);
      peakBytes = Math.max(peakBytes, host.status().rssBytes);
    }
    expect(received).toBe(400);
    // 400 MiB went through; unbounded queues would hold most of it.
    expect(peakBytes).toBeLessThan(350 * 2 ** 20);
  });

  it("a job nobody looks at crashes nothing", async () => {
    const host = await startCrashHost();
    host.run("throw", "unseen");
    host.run("count", {}, { signal: AbortSignal.timeout(50) });
    await expectIdle(host);
  });
});

it("a thousand jobs leave nothing behind", async () => {
  const host = await startCrashHost({ maxJobs: 4, maxQueuedJobs: 1_000 });
  const { signal } = new AbortController();
  const jobs = Array.from({ length: 1_000 }, (_, n) => {
    if (n % 3 === 0) return host.run("throw", "x", { signal });
    return n % 3 === 1 ? host.run("echo", n, { signal }) : host.run("echoStream", {}, { signal, input: numbers(3) });
  });
  await Promise.all(jobs.map((job) => collect(job.output).catch(() => undefined)));
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  await expectIdle(host);
});

import { afterEach, describe, expect, it } from "vitest";
import { startEngineHost, type EngineHost } from "@parley/audio/engines";
import { crashHost } from "@parley/audio/testing";
import { EngineSupervisor, type SupervisorEvent } from "../../src/services/engine-supervisor.ts";

const open: EngineSupervisor[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((supervisor) => supervisor.close()));
});

interface Supervised {
  readonly supervisor: EngineSupervisor;
  readonly events: SupervisorEvent[];
  readonly hosts: EngineHost[];
}

/** A supervised crash engine; `failStarts` lists the starts (from 0) that fail. */
function supervised(failStarts: readonly number[] = []): Supervised {
  const events: SupervisorEvent[] = [];
  const hosts: EngineHost[] = [];
  let starts = 0;
  const supervisor = new EngineSupervisor({
    name: "test",
    startHost: async (signal) => {
      const fails = failStarts.includes(starts);
      starts += 1;
      const host = await startEngineHost({
        ...crashHost(fails ? { failStart: "no luck" } : {}),
        pingEveryMs: 200,
        signal,
      });
      hosts.push(host);
      return host;
    },
    onEvent: (event) => events.push(event),
    backoff: { firstMs: 20, maxMs: 100 },
  });
  open.push(supervisor);
  return { supervisor, events, hosts };
}

const echo = (supervisor: EngineSupervisor, value: unknown): Promise<unknown> => supervisor.run("echo", value).result;

describe("an engine supervisor", () => {
  it("runs jobs on its host", async () => {
    const { supervisor } = supervised();
    await supervisor.start();
    expect(await echo(supervisor, 7)).toBe(7);
    expect(supervisor.status()).toMatchObject({ state: "running", restarts: 0 });
  });

  it("after kill -9 in the middle of a job fails that job, typed, and does the next", async () => {
    const { supervisor, hosts, events } = supervised();
    await supervisor.start();
    const victim = supervisor.run("never", undefined);
    // The host has the job once a later one on the same channel is seen as queued behind it.
    while ((hosts[0]?.status().running ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    process.kill(hosts[0]?.status().pid ?? 0, "SIGKILL");
    await expect(victim.result).rejects.toMatchObject({ code: "engine-crashed", nextStep: expect.any(String) });
    expect(await echo(supervisor, "again")).toBe("again");
    expect(supervisor.status()).toMatchObject({ state: "running", restarts: 1 });
    expect(events.map(({ type }) => type)).toEqual(["started", "exited", "started"]);
  });

  it("lets a job that comes while no host is up wait for the next one, streams too", async () => {
    const { supervisor, hosts } = supervised();
    await supervisor.start();
    process.kill(hosts[0]?.status().pid ?? 0, "SIGKILL");
    await hosts[0]?.exited;
    async function* numbers(): AsyncGenerator<number> {
      yield 1;
      yield 2;
    }
    const back: unknown[] = [];
    for await (const value of supervisor.run("echoStream", undefined, { input: numbers() }).output) back.push(value);
    expect(back).toEqual([1, 2]);
  });

  it("keeps trying when a restart fails, and tells who waits why", async () => {
    const { supervisor, hosts, events } = supervised([1, 2]);
    await supervisor.start();
    process.kill(hosts[0]?.status().pid ?? 0, "SIGKILL");
    await hosts[0]?.exited;
    await expect(echo(supervisor, 1)).rejects.toThrow("no luck");
    await expect(echo(supervisor, 2)).rejects.toThrow("no luck");
    expect(await echo(supervisor, 3)).toBe(3);
    expect(events.filter(({ type }) => type === "start-failed")).toHaveLength(2);
  });

  it("survives crash after crash, one job each", async () => {
    const { supervisor } = supervised();
    await supervisor.start();
    for (let round = 0; round < 20; round += 1) {
      await expect(supervisor.run("abort", undefined).result).rejects.toMatchObject({ code: "engine-crashed" });
      expect(await echo(supervisor, round)).toBe(round);
    }
    expect(supervisor.status().restarts).toBe(20);
  });

  it("passes the failure of the first start on", async () => {
    const { supervisor } = supervised([0]);
    await expect(supervisor.start()).rejects.toMatchObject({ code: "engine-start-failed" });
  });

  it("when closed leaves no process and refuses jobs, waiting ones too", async () => {
    const { supervisor, hosts } = supervised();
    await supervisor.start();
    const running = supervisor.run("never", undefined);
    const pid = hosts[0]?.status().pid ?? 0;
    await supervisor.close();
    await expect(running.result).rejects.toMatchObject({ code: "engine-closed" });
    await expect(echo(supervisor, 1)).rejects.toMatchObject({ code: "engine-closed" });
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("gives a waiting job up when its signal aborts", async () => {
    const { supervisor, hosts } = supervised([1, 2, 3, 4, 5, 6]);
    await supervisor.start();
    process.kill(hosts[0]?.status().pid ?? 0, "SIGKILL");
    await hosts[0]?.exited;
    const abort = new AbortController();
    const job = supervisor.run("echo", 1, { signal: abort.signal });
    abort.abort();
    await expect(job.result).rejects.toMatchObject({ code: "job-cancelled" });
  });
});

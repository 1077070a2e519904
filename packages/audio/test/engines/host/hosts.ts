/** Hosts for the tests of this folder: every one that was started is gone when the test ends. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach } from "vitest";
import { startEngineHost, type EngineHost, type EngineHostOptions } from "../../../src/engines/index.ts";
import { crashHost } from "../../../src/testing/index.ts";

const started: EngineHost[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((host) => host.close()));
});

/** A host of the crash engine. */
export async function startCrashHost(options: Partial<EngineHostOptions> = {}): Promise<EngineHost> {
  return await startHost({ ...crashHost(), ...options });
}

export async function startHost(options: EngineHostOptions): Promise<EngineHost> {
  const host = await startEngineHost(options);
  started.push(host);
  return host;
}

/** Waits until `condition` holds; the test's own timeout is the deadline. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

/** What `promise` rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => {
      throw new Error(`resolved with ${String(value)} instead of rejecting`);
    },
    (error: unknown) => error,
  );
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

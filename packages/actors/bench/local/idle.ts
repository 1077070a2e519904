/** What actors cost that have nothing to do, and what one costs that crashes. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as nact from "nact";
import { createActorSystem } from "../../src/index.ts";

/** Bytes of heap for each of `count` actors that were started, took one message and wait for the next. */
export async function parleyBytes(count: number): Promise<number> {
  const system = createActorSystem({ peer: "bench" });
  let seen = 0;
  const behavior = () => (by: number) => {
    seen += by;
  };
  const beforeBytes = heapBytes();
  const refs = Array.from({ length: count }, () => system.spawn<number>(behavior));
  for (const ref of refs) ref.tell(1);
  await until(() => seen === count);
  const bytes = (heapBytes() - beforeBytes) / count;
  await system.stop();
  return bytes;
}

export async function nactBytes(count: number): Promise<number> {
  const system = nact.start();
  let seen = 0;
  const behavior = (by: number): void => {
    seen += by;
  };
  const beforeBytes = heapBytes();
  const refs = Array.from({ length: count }, (_, i) => nact.spawnStateless(system, behavior, `a${i}`));
  for (const ref of refs) nact.dispatch(ref, 1);
  await until(() => seen === count);
  const bytes = (heapBytes() - beforeBytes) / count;
  nact.stop(system);
  return bytes;
}

/** Microseconds from a crash to the first message of the next life, without a pause. */
export async function restartUs(restarts: number): Promise<number> {
  const backOff = { minMs: 0, maxMs: 0, factor: 1, jitter: 0 };
  const system = createActorSystem({ peer: "bench", supervision: { maxRestarts: Infinity, backOff } });
  let lives = 0;
  const error = new Error("crash");
  const ref = system.spawn<"crash">(() => {
    lives += 1;
    return () => {
      throw error;
    };
  });
  await until(() => lives === 1);
  const startedMs = performance.now();
  for (let i = 0; i < restarts; i += 100) {
    for (let j = 0; j < 100; j += 1) ref.tell("crash");
    await until(() => lives === i + 101);
  }
  const us = ((performance.now() - startedMs) * 1000) / restarts;
  await system.stop();
  return us;
}

/** @throws Error when it does not come true within a minute */
async function until(isTrue: () => boolean): Promise<void> {
  const endsMs = performance.now() + 60_000;
  while (!isTrue()) {
    if (performance.now() > endsMs) throw new Error("the actors of the bench stand still");
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** After everything that can be collected is. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this Node cannot collect garbage on demand");
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

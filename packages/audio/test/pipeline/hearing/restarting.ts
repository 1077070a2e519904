/** An engine that is started anew whenever it has died, as a peer's supervisor does it. */
import {
  startEngineHost,
  type EngineHost,
  type EngineHostOptions,
  type JobRunner,
} from "../../../src/engines/index.ts";

export interface Restarting extends JobRunner {
  readonly pid: () => number;
  /** Jobs in the engine that runs now; 0 while none does. */
  readonly running: () => number;
  readonly starts: () => number;
  close(): Promise<void>;
}

export async function restarting(options: EngineHostOptions): Promise<Restarting> {
  let starts = 0;
  let closed = false;
  let host: Promise<EngineHost>;
  let current: EngineHost | undefined;
  const start = async (): Promise<EngineHost> => {
    starts += 1;
    const fresh = await startEngineHost(options);
    current = fresh;
    void fresh.exited.then(() => {
      current = undefined;
      if (!closed) host = start();
    });
    return fresh;
  };
  host = start();
  const info = (await host).info();
  return {
    info: () => info,
    run(method, params, jobOptions) {
      if (current !== undefined) return current.run(method, params, jobOptions);
      const job = host.then((up) => up.run(method, params, jobOptions));
      const result = job.then((up) => up.result);
      result.catch(() => undefined);
      return {
        result,
        output: (async function* output() {
          yield* (await job).output;
        })(),
      };
    },
    pid: () => current?.status().pid ?? 0,
    running: () => current?.status().running ?? 0,
    starts: () => starts,
    async close() {
      closed = true;
      await (await host).close();
    },
  };
}

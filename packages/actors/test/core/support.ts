/** A system under virtual time, and what tests look at. */
import { expect, onTestFinished } from "vitest";
import {
  type ActorSnapshot,
  type ActorErrorCode,
  type ActorSystem,
  type ActorSystemOptions,
  type Clock,
  createActorSystem,
  type Refusal,
} from "../../src/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

export interface TestSystem {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
  readonly refusals: Refusal[];
  readonly warnings: string[];
  /** By path. */
  snapshot(path: string): ActorSnapshot;
}

export function testSystem(options: Partial<ActorSystemOptions> = {}): TestSystem {
  const clock = new VirtualClock();
  const refusals: Refusal[] = [];
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
  };
  const system = createActorSystem({
    peer: "here",
    clock,
    random: () => 0.5,
    log: { debug: () => undefined, warn, error: warn },
    onRefused: (refusal) => {
      refusals.push(refusal);
    },
    ...options,
  });
  onTestFinished(async () => {
    const stopped = system.stop();
    await clock.pass(60_000);
    await stopped;
  });
  return {
    system,
    clock,
    refusals,
    warnings,
    snapshot: (path) => {
      const found = all(system.inspect()).find((each) => each.path === path);
      if (found === undefined) throw new Error(`there is no ${path}`);
      return found;
    },
  };
}

/** Time as `clock` has it; what would be an uncaught exception of the process is kept. */
export function catching(clock: VirtualClock): { readonly port: Clock; readonly uncaught: unknown[] } {
  const uncaught: unknown[] = [];
  const port: Clock = {
    nowMs: () => clock.nowMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
    soon: (run) => {
      clock.soon(() => {
        try {
          run();
        } catch (error) {
          uncaught.push(error);
        }
      });
    },
    later: (run) => clock.later(run),
  };
  return { port, uncaught };
}

/** A promise and who settles it. */
export class Gate {
  readonly #settled = Promise.withResolvers<void>();
  open(): void {
    this.#settled.resolve();
  }
  break(error: unknown): void {
    this.#settled.reject(error);
  }
  wait(): Promise<void> {
    return this.#settled.promise;
  }
}

/** For promises that reject only after something else has happened: awaited later. */
export async function expectCode(promise: Promise<unknown>, code: ActorErrorCode): Promise<void> {
  await expect(promise).rejects.toMatchObject({ code });
}

function all(snapshots: readonly ActorSnapshot[]): readonly ActorSnapshot[] {
  return snapshots.flatMap((each) => [each, ...all(each.children)]);
}

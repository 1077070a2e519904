import { describe, expect, test } from "vitest";
import type { ActorContext, ActorRef, StopChildOptions } from "../../src/index.ts";
import { expectCode, Gate, testSystem } from "./support.ts";

/** A parent that stops its child as it is told to, and a child whose waits end with its life. */
function family(gate: Gate) {
  const { system, clock } = testSystem();
  const said: string[] = [];
  let child: ActorRef<string> | undefined;
  let life: ActorContext<string> | undefined;
  const parent = system.spawn<StopChildOptions>(
    (context) => {
      child = context.spawn<string>(
        (inner) => {
          life = inner;
          return {
            receive: async (message) => {
              said.push(`begins ${message}`);
              const aborted = new Promise<never>((_resolve, reject) => {
                inner.signal.addEventListener("abort", () => reject(new Error("given up")), { once: true });
              });
              await Promise.race([gate.wait(), aborted]);
              said.push(`ends ${message}`);
            },
            onStop: () => void said.push("stops"),
          };
        },
        { stopTimeoutMs: 2_000 },
      );
      return (options) => void context.stopChild(child ?? expect.fail(), options);
    },
    { stopTimeoutMs: 3_000 },
  );
  const offer = (message: string): Promise<void> =>
    child?.offer(message, { acknowledged: true, timeoutMs: 60_000 }) ?? expect.fail();
  const signal = (): AbortSignal => life?.signal ?? expect.fail();
  return { system, clock, said, parent, offer, signal };
}

describe("a child that is stopped and may finish", () => {
  test("ends its message at hand undisturbed, and begins no other", async () => {
    const gate = new Gate();
    const { clock, said, parent, offer, signal } = family(gate);
    await clock.settle();
    const first = offer("one");
    const second = expectCode(offer("two"), "actor-stopped");
    await clock.settle();
    parent.tell({ finishWithinMs: 1_000 });
    await clock.pass(900);
    expect(signal().aborted).toBe(false);
    await expectCode(offer("three"), "actor-stopped");
    gate.open();
    await Promise.all([first, second]);
    await clock.settle();
    expect(said).toEqual(["begins one", "ends one", "stops"]);
    expect(signal().aborted).toBe(true);
  });

  test("is given up when its time is over, at the latest after its own stop timeout, or at once when it may not", async () => {
    const times = new Map([
      [1_000, 1_000],
      [Infinity, 2_000],
      [0, 0],
    ]);
    for (const [finishWithinMs, takesMs] of times) {
      const { clock, said, parent, offer } = family(new Gate());
      await clock.settle();
      const failed = expectCode(offer("one"), "actor-failed");
      await clock.settle();
      parent.tell({ finishWithinMs });
      await clock.pass(Math.max(0, takesMs - 1));
      expect(said.includes("stops")).toBe(takesMs === 0);
      await clock.pass(1);
      await failed;
      expect(said).toEqual(["begins one", "stops"]);
    }
  });

  test("is given up at once when its parent is to end too", async () => {
    const { system, clock, said, parent, offer } = family(new Gate());
    await clock.settle();
    const failed = expectCode(offer("one"), "actor-failed");
    await clock.settle();
    parent.tell({ finishWithinMs: 1_000 });
    await clock.settle();
    const stopped = system.stopActor(parent);
    await clock.settle();
    await Promise.all([failed, stopped]);
    expect(said).toEqual(["begins one", "stops"]);
  });
});

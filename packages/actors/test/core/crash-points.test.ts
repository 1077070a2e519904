import { describe, expect, test } from "vitest";
import type { ActorContext, ActorRef, RestartPolicy } from "../../src/index.ts";
import { expectCode, testSystem } from "./support.ts";

/** Points that the worker passes: two in its set-up, three for each message, two in its stop hook. */
const SET_UP_POINTS = 2;
const MESSAGE_POINTS = 3;
const JOBS = 4;

interface Job {
  readonly id: number;
  readonly replyTo: ActorRef<number>;
}

class Crash extends Error {}

/** A worker that counts every await it comes to, and crashes at the `crashAt`-th in all its lives. */
function worker(crashAt: number) {
  const seen = { points: 0, lives: 0, live: 0, mostLive: 0, ticksOfDead: 0, done: [] as number[], hooks: 0 };
  const point = async (): Promise<void> => {
    const mine = seen.points;
    seen.points += 1;
    await Promise.resolve();
    if (mine === crashAt) throw new Crash(`at point ${mine}`);
  };
  const behavior = async (context: ActorContext<Job | "tick">) => {
    seen.lives += 1;
    const life = seen.lives;
    await point();
    context.timers.every("tick", 7, "tick");
    await point();
    seen.live += 1;
    seen.mostLive = Math.max(seen.mostLive, seen.live);
    return {
      receive: async (message: Job | "tick") => {
        if (message === "tick") {
          if (life !== seen.lives) seen.ticksOfDead += 1;
          return;
        }
        await point();
        seen.done.push(message.id);
        await point();
        message.replyTo.tell(message.id);
        await point();
      },
      onStop: async () => {
        seen.live -= 1;
        await point();
        seen.hooks += 1;
        await point();
      },
    };
  };
  return { seen, behavior };
}

const ALL_POINTS = SET_UP_POINTS + JOBS * MESSAGE_POINTS;

describe.each<RestartPolicy>(["transient", "permanent"])("a %s worker that crashes once", (restart) => {
  test.each(Array.from({ length: ALL_POINTS + 2 }, (_, i) => i))(
    "at its await number %i goes on with the next message, and no question is left hanging",
    async (crashAt) => {
      const { system, clock, snapshot } = testSystem();
      const { seen, behavior } = worker(crashAt);
      const ref = system.spawn<Job | "tick">(behavior, { name: "w", restart });
      const answers = Array.from({ length: JOBS }, async (_, id) => {
        try {
          return await ref.ask<number>((replyTo) => ({ id, replyTo }), { timeoutMs: 5000 });
        } catch (error) {
          return error;
        }
      });
      await clock.pass(200);
      const crashed = crashAt < ALL_POINTS;
      expect(snapshot("/w")).toMatchObject({ state: "running", restarts: crashed ? 1 : 0, mailboxDepth: 0 });
      expect(seen.mostLive).toBe(1);
      expect(seen.live).toBe(1);
      expect(seen.ticksOfDead).toBe(0);
      // Only the message at hand may be lost, and its question has failed unless it was answered before.
      const inJob = crashAt - SET_UP_POINTS;
      const lost = crashed && inJob >= 0 ? Math.floor(inJob / MESSAGE_POINTS) : -1;
      const wasAnswered = inJob % MESSAGE_POINTS === 2;
      const wasDone = inJob % MESSAGE_POINTS > 0;
      const ids = Array.from({ length: JOBS }, (_, id) => id);
      expect(seen.done).toEqual(ids.filter((id) => id !== lost || wasDone));
      expect(await Promise.all(answers)).toEqual(
        ids.map((id) => (id !== lost || wasAnswered ? id : expect.objectContaining({ code: "actor-failed" }))),
      );
      await system.stopActor(ref);
      expect(clock.timers).toBeLessThanOrEqual(1);
      expect(system.inspect()).toEqual([]);
    },
  );
});

test("a worker that crashes at every await of every life is given up, and everything it held is freed", async () => {
  const { system, clock } = testSystem();
  const ref = system.spawn<string>(async (context) => {
    context.timers.every("t", 5, "tick");
    context.spawn(() => () => undefined);
    await Promise.resolve();
    throw new Crash("always");
  });
  const asked = expectCode(
    ref.ask(() => "x", { timeoutMs: 60_000 }),
    "actor-stopped",
  );
  await clock.pass(60_000);
  await asked;
  expect(await system.stopped).toMatchObject({ code: "restart-limit" });
  expect(system.inspect()).toEqual([]);
  expect(clock.timers).toBe(0);
});

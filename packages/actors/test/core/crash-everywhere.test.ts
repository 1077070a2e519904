/** A worker that uses everything there is, and is ended at each of its awaits in turn. */
import { describe, expect, test } from "vitest";
import { type ActorContext, type ActorRef, isActorError, type StreamRef } from "../../src/index.ts";
import { testSystem } from "./support.ts";

const JOBS = 3;
const ITEMS = 3;
const STOP_TIMEOUT_MS = 40;

/** How a life of the worker ends at an await. */
type End = "throws" | "fails from outside and hangs" | "stops";

interface Job {
  readonly id: number;
  readonly replyTo: ActorRef<number>;
}

type WorkerMessage = Job | "tick" | "open" | "ended";

type HelperMessage =
  | { readonly type: "double"; readonly n: number; readonly replyTo: ActorRef<number> }
  | { readonly type: "give"; readonly replyTo: ActorRef<StreamRef<number>> }
  | { readonly type: "read"; readonly stream: StreamRef<number> };

interface Seen {
  /** Awaits that were come to, in all lives. */
  points: number;
  lives: number;
  /** Lives that have been set up and whose signal is not aborted. */
  live: number;
  mostLive: number;
  /** Iterators that were begun and not closed. */
  openStreams: number;
  lateMessages: number;
  readonly done: number[];
}

/** Items whose iterator is counted for as long as it is open. */
async function* counted(seen: Seen): AsyncGenerator<number> {
  seen.openStreams += 1;
  try {
    for (let i = 0; i < ITEMS; i += 1) yield i;
  } finally {
    seen.openStreams -= 1;
  }
}

function helper(seen: Seen) {
  return (context: ActorContext<HelperMessage>) =>
    async (message: HelperMessage): Promise<void> => {
      if (message.type === "double") message.replyTo.tell(message.n * 2);
      else if (message.type === "give") message.replyTo.tell(context.offerStream(counted(seen)));
      else {
        try {
          for await (const item of context.readStream(message.stream, { window: 1 })) expect(item).toBeLessThan(ITEMS);
        } catch (error) {
          if (!isActorError(error, "stream-broken", "no-such-actor")) throw error;
        }
      }
    };
}

function worker(seen: Seen, help: ActorRef<HelperMessage>, endAt: number, end: End) {
  return async (context: ActorContext<WorkerMessage>) => {
    seen.lives += 1;
    seen.live += 1;
    seen.mostLive = Math.max(seen.mostLive, seen.live);
    const { signal } = context;
    signal.addEventListener("abort", () => (seen.live -= 1), { once: true });
    /** Every await of the worker goes through here. */
    const at = async <Value>(promise: Promise<Value> | Value): Promise<Value> => {
      const mine = seen.points;
      seen.points += 1;
      const value = await promise;
      if (mine !== endAt) return value;
      if (end === "stops") context.stop();
      if (end === "throws") throw new Error(`at await ${mine}`);
      if (end === "fails from outside and hangs") {
        context.fail(new Error(`at await ${mine}`));
        await new Promise(() => undefined);
      }
      return value;
    };

    let isOpen = false;
    context.watch(help, () => "ended");
    context.timers.every("tick", 7, "tick");
    context.timers.once("open", 20, "open");
    const child = context.spawn<"work">(() => () => Promise.resolve(), { name: "child" });
    await at(child.offer("work", { acknowledged: true, signal }));
    const double = (n: number) => help.ask<number>((replyTo) => ({ type: "double", n, replyTo }), { signal });
    expect(await at(double(21))).toBe(42);

    const job = async ({ id, replyTo }: Job): Promise<void> => {
      await at(double(id));
      const given = await at(help.ask<StreamRef<number>>((replyTo) => ({ type: "give", replyTo }), { signal }));
      for await (const item of context.readStream(given, { window: 1 })) await at(item);
      const streamed = help.stream<number>((replyTo) => ({ type: "give", replyTo }), { window: 2, signal });
      for await (const item of streamed) await at(item);
      const stream = context.offerStream(counted(seen));
      await at(help.offer({ type: "read", stream }, { acknowledged: true, signal }));
      await at(child.offer("work", { acknowledged: true, signal }));
      seen.done.push(id);
      replyTo.tell(id);
      await at(undefined);
    };
    return {
      receive: async (message: WorkerMessage) => {
        if (signal.aborted) seen.lateMessages += 1;
        if (message === "tick" || message === "ended") return;
        if (message === "open") {
          isOpen = true;
          context.unstashAll();
          await at(undefined);
        } else if (isOpen) await job(message);
        else {
          context.stash(message);
          await at(undefined);
        }
      },
      onStop: async () => {
        await at(undefined);
      },
    };
  };
}

/** One run. @returns awaits that the worker came to before it was stopped */
async function run(endAt: number, end: End): Promise<number> {
  const { system, clock, snapshot, refusals } = testSystem({ stopTimeoutMs: STOP_TIMEOUT_MS });
  const done: number[] = [];
  const seen: Seen = { points: 0, lives: 0, live: 0, mostLive: 0, openStreams: 0, lateMessages: 0, done };
  const help = system.spawn(helper(seen), { name: "helper" });
  const ref = system.spawn(worker(seen, help, endAt, end), { name: "worker", restart: "permanent" });
  const ids = Array.from({ length: JOBS }, (_, id) => id);
  const answers = ids.map(async (id) => {
    try {
      return await ref.ask<number>((replyTo) => ({ id, replyTo }), { timeoutMs: 60_000 });
    } catch (error) {
      return isActorError(error) ? error.code : "no ActorError";
    }
  });
  await clock.pass(1000);
  const { points } = seen;
  const hasEnded = points > endAt;
  const where = `${end} at await ${endAt}`;
  expect(snapshot("/worker"), where).toMatchObject({
    state: "running",
    restarts: hasEnded ? 1 : 0,
    mailboxDepth: 0,
    stashed: 0,
  });
  expect(snapshot("/helper"), where).toMatchObject({ state: "running", restarts: 0, mailboxDepth: 0 });
  expect(seen, where).toMatchObject({ live: 1, mostLive: 1, openStreams: 0, lateMessages: 0 });
  // At most the message at hand is lost, and who asked it knows; all others are done, in their order, once.
  const outcomes = await Promise.all(answers);
  const lost = ids.filter((id) => outcomes[id] !== id);
  expect(lost.length, where).toBeLessThanOrEqual(1);
  for (const id of lost) expect(outcomes[id], where).toMatch(/^(actor-failed|stop-timeout)$/);
  expect(
    done.filter((id) => !lost.includes(id)),
    where,
  ).toEqual(ids.filter((id) => !lost.includes(id)));
  expect(new Set(done).size, where).toBe(done.length);
  expect(refusals, where).toEqual([]);
  const stopped = system.stop();
  await clock.pass(60_000);
  await stopped;
  expect(system.inspect(), where).toEqual([]);
  expect(seen, where).toMatchObject({ live: 0, openStreams: 0 });
  expect(clock.timers, where).toBe(0);
  return points;
}

describe("a worker with questions, streams both ways, acknowledged messages, a stash, timers, a watch and a child", () => {
  test.each<End>(["throws", "fails from outside and hangs", "stops"])(
    "that %s at any of its awaits goes on in a new life, leaves nothing of the old one, and keeps nobody waiting",
    async (end) => {
      let endAt = 0;
      while ((await run(endAt, end)) > endAt) endAt += 1;
      // Two in the set-up, one for each message set aside, one to open, and those of the jobs.
      expect(endAt).toBe(2 + JOBS + 1 + JOBS * (5 + 2 * ITEMS));
    },
  );
});

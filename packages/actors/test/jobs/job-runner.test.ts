import { describe, expect, test } from "vitest";
import {
  acceptsJobMessage,
  ActorError,
  type ActorRef,
  defineJob,
  type JobAnswer,
  type JobContext,
  type JobMessage,
  jobRunner,
  type JobRunnerOptions,
  type JobSnapshot,
  type JobsSnapshot,
} from "../../src/index.ts";
import { expectCode, Gate, testSystem } from "../core/support.ts";

const BAD_OPTION = expect.objectContaining({ name: "ActorError", code: "bad-option" });

interface Begun {
  readonly input: string;
  readonly job: JobContext;
  readonly gate: Gate;
}

/** A runner whose jobs `hold` wait at a gate each, until they are let on or cancelled; `stubborn` ones do not heed the signal. */
function setUp(options: Partial<JobRunnerOptions> = {}) {
  const world = testSystem();
  const begun: Begun[] = [];
  const hold = (isStubborn: boolean, retries = 0) =>
    defineJob<string, string>({
      accepts: (input) => {
        if (typeof input !== "string") throw new TypeError("text is wanted");
        return input;
      },
      run: async (input, job) => {
        const gate = new Gate();
        begun.push({ input, job, gate });
        if (!isStubborn) job.signal.addEventListener("abort", () => gate.break(job.signal.reason), { once: true });
        await gate.wait();
        return `${input} is done`;
      },
      timeoutMs: 10_000,
      retries,
    });
  const runner = world.system.spawn(
    jobRunner({
      kinds: { hold: hold(false), stubborn: hold(true), again: hold(false, 2), deaf: hold(true, 1) },
      backOff: { minMs: 100, maxMs: 100, factor: 1, jitter: 0 },
      ...options,
    }),
    { name: "jobs" },
  );
  const answers = (ask: Promise<JobAnswer>): Promise<JobSnapshot | string> =>
    ask.then((answer) => (answer.type === "job" ? answer.job : answer.code));
  const start = (input: unknown, kind = "hold", id?: string) =>
    answers(runner.ask<JobAnswer>((replyTo) => ({ type: "start", kind, input, id, replyTo })));
  const cancel = (id: string) => answers(runner.ask<JobAnswer>((replyTo) => ({ type: "cancel", id, replyTo })));
  const inspect = () => runner.ask<JobsSnapshot>((replyTo) => ({ type: "inspect", replyTo }));
  const job = async (id: string) => (await inspect()).jobs.find((each) => each.id === id);
  const work = (n: number): Begun => {
    const one = begun[n];
    if (one === undefined) throw new Error(`only ${begun.length} have begun`);
    return one;
  };
  const follow = (id: string): { readonly heard: JobAnswer[]; readonly ref: ActorRef<JobAnswer> } => {
    const heard: JobAnswer[] = [];
    const ref = world.system.spawn<JobAnswer>(() => (answer) => void heard.push(answer));
    runner.tell({ type: "follow", id, to: ref });
    return { heard, ref };
  };
  return { ...world, runner, begun, start, cancel, inspect, job, work, follow };
}

describe("a job", () => {
  test("is run in the background, and its result is kept", async () => {
    const { start, work, job, clock } = setUp();
    expect(await start("a", "hold", "one")).toMatchObject({ id: "one", kind: "hold", state: "running", attempt: 1 });
    await clock.pass(50);
    work(0).gate.open();
    await clock.settle();
    expect(await job("one")).toMatchObject({ state: "done", result: "a is done", startedAtMs: 0, endedAtMs: 50 });
  });

  test("is started also for who wants no answer, and the log says why when it is not", async () => {
    const { runner, begun, warnings, clock } = setUp();
    runner.tell({ type: "start", kind: "hold", input: "a" });
    runner.tell({ type: "start", kind: "nothing", input: "b" });
    await clock.settle();
    expect(begun.map(({ input }) => input)).toEqual(["a"]);
    expect(warnings).toEqual(["a job was not started"]);
  });

  test("that nobody can do, or with an input that will not do, is refused", async () => {
    const { start, begun } = setUp();
    expect(await start("a", "nothing")).toBe("bad-message");
    expect(await start(7)).toBe("bad-message");
    expect(begun).toEqual([]);
  });

  test("is started once, however often its start is repeated under one id", async () => {
    const { start, begun, clock } = setUp();
    await start("a", "hold", "one");
    expect(await start("b", "hold", "one")).toMatchObject({ id: "one", state: "running" });
    await clock.settle();
    expect(begun.map(({ input }) => input)).toEqual(["a"]);
  });

  test("waits for its turn, and is refused when too many do", async () => {
    const { start, work, inspect, begun, clock } = setUp({ concurrency: 2, queueCapacity: 1 });
    expect(await start("a")).toMatchObject({ state: "running" });
    expect(await start("b")).toMatchObject({ state: "running" });
    expect(await start("c")).toMatchObject({ state: "queued", attempt: 0 });
    expect(await start("d")).toBe("mailbox-full");
    expect(await inspect()).toMatchObject({ queued: 1, running: 2 });
    await clock.settle();
    work(1).gate.open();
    await clock.settle();
    expect(begun.map(({ input }) => input)).toEqual(["a", "b", "c"]);
    expect(await inspect()).toMatchObject({ queued: 0, running: 2 });
  });

  test("tells those who follow it of its progress, the latest from time to time, and of its end", async () => {
    const { start, work, follow, clock } = setUp({ progressEveryMs: 100 });
    await start("a", "hold", "one");
    await clock.settle();
    const { heard } = follow("one");
    await clock.settle();
    for (const done of [1, 2, 3]) work(0).job.report({ done, total: 4 });
    await clock.pass(100);
    work(0).job.report({ done: 4, total: 4, note: "nearly" });
    await clock.pass(99);
    work(0).gate.open();
    await clock.pass(500);
    expect(heard.map((each) => (each.type === "job" ? [each.job.state, each.job.progress?.done] : each.code))).toEqual([
      ["running", undefined],
      ["running", 3],
      ["done", 4],
    ]);
  });

  test("cannot be followed when it is unknown, or when too many do", async () => {
    const { start, follow, clock } = setUp({ maxFollowers: 1 });
    await start("a", "hold", "one");
    const heard = [follow("one"), follow("one"), follow("two")].map((each) => each.heard);
    await clock.settle();
    expect(heard).toMatchObject([
      [{ type: "job" }],
      [{ type: "refused", code: "mailbox-full" }],
      [{ type: "refused", code: "no-such-actor" }],
    ]);
  });

  test("that fails is seen to have failed, with its own error, and disturbs nobody", async () => {
    const { start, work, job, clock, snapshot } = setUp();
    await start("a", "hold", "one");
    await start("b", "hold", "two");
    await start("c", "hold", "three");
    await clock.settle();
    work(0).gate.break(new Error("the disk is full"));
    work(1).gate.break(new ActorError("peer-gone", "b is gone"));
    await clock.settle();
    expect(await job("one")).toMatchObject({
      state: "failed",
      error: { code: "actor-failed", text: "the disk is full" },
    });
    expect(await job("two")).toMatchObject({ state: "failed", error: { code: "peer-gone", text: "b is gone" } });
    expect(await job("three")).toMatchObject({ state: "running" });
    expect(snapshot("/jobs").restarts).toBe(0);
  });

  test("is tried again after a pause, as often as its kind says", async () => {
    const { start, work, job, begun, clock } = setUp();
    await start("a", "again", "one");
    for (const attempt of [1, 2, 3]) {
      await clock.settle();
      expect(await job("one")).toMatchObject({ state: "running", attempt });
      work(attempt - 1).gate.break(new Error(`no ${attempt}`));
      await clock.settle();
      expect((await job("one"))?.state).toBe(attempt === 3 ? "failed" : "waiting");
      await clock.pass(100);
    }
    expect(begun).toHaveLength(3);
    expect(await job("one")).toMatchObject({ error: { text: "no 3" } });
  });

  test("does not take too long while it pauses, and tells of each pause once", async () => {
    const backOff = { minMs: 20_000, maxMs: 20_000, factor: 1, jitter: 0 };
    const { start, work, job, follow, clock } = setUp({ backOff, progressEveryMs: 50 });
    await start("a", "again", "one");
    await clock.settle();
    const { heard } = follow("one");
    await clock.pass(5_000);
    work(0).job.report({ done: 1 });
    work(0).gate.break(new Error("no"));
    await clock.pass(19_000);
    expect((await job("one"))?.state).toBe("waiting");
    await clock.pass(1_000);
    expect(await job("one")).toMatchObject({ state: "running", attempt: 2 });
    expect(heard.map((each) => each.type === "job" && each.job.state)).toEqual([
      "running",
      "waiting",
      "queued",
      "running",
    ]);
  });

  test("that is cancelled in its pause leaves no timer behind", async () => {
    const backOff = { minMs: 60_000, maxMs: 60_000, factor: 1, jitter: 0 };
    const { start, cancel, work, clock } = setUp({ backOff });
    await start("a", "again", "one");
    await clock.settle();
    work(0).gate.break(new Error("no"));
    await clock.settle();
    expect(await cancel("one")).toMatchObject({ state: "cancelled" });
    await clock.pass(6_000);
    expect(clock.timers).toBe(0);
  });

  test("that takes too long is cancelled and has failed", async () => {
    const { start, work, job, clock } = setUp();
    await start("a", "hold", "one");
    await clock.pass(9_999);
    expect(work(0).job.signal.aborted).toBe(false);
    await clock.pass(1);
    expect(work(0).job.signal.aborted).toBe(true);
    expect(await job("one")).toMatchObject({ state: "failed", error: { code: "ask-timeout" } });
  });
});

test("an attempt that was left behind cannot end the next one", async () => {
  const { start, work, job, begun, clock } = setUp();
  await start("a", "deaf", "one");
  await clock.pass(16_000);
  expect(begun).toHaveLength(2);
  work(0).job.report({ done: 7 });
  work(0).gate.open();
  await clock.settle();
  const second = await job("one");
  expect([second?.state, second?.attempt, second?.progress]).toEqual(["running", 2, undefined]);
  work(1).gate.break(new Error("no"));
  await clock.settle();
  expect(await job("one")).toMatchObject({ state: "failed", attempt: 2, error: { text: "no" } });
});

describe("cancelling a job", () => {
  test("has the last word about one that is about to be tried again", async () => {
    const { start, cancel, job, begun, clock } = setUp();
    await start("a", "deaf", "one");
    await clock.pass(10_000);
    const cancelled = cancel("one");
    await clock.pass(4_900);
    expect(await job("one")).toMatchObject({ state: "running" });
    await clock.pass(1_000);
    expect(await cancelled).toMatchObject({ state: "cancelled" });
    expect(begun).toHaveLength(1);
  });

  test("aborts its signal, and answers when it has ended", async () => {
    const { start, cancel, work, clock } = setUp();
    await start("a", "hold", "one");
    await clock.settle();
    expect(await cancel("one")).toMatchObject({ state: "cancelled", error: { code: "cancelled" } });
    expect(work(0).job.signal.aborted).toBe(true);
  });

  test("takes it out of the queue, or out of the pause before its next attempt", async () => {
    const { start, cancel, work, begun, clock, inspect } = setUp({ concurrency: 1 });
    await start("a", "again", "one");
    await start("b", "hold", "two");
    await clock.settle();
    expect(await cancel("two")).toMatchObject({ state: "cancelled", attempt: 0 });
    work(0).gate.break(new Error("no"));
    await clock.settle();
    expect(await cancel("one")).toMatchObject({ state: "cancelled", attempt: 1 });
    await clock.pass(1_000);
    expect(begun).toHaveLength(1);
    expect(await inspect()).toMatchObject({ queued: 0, running: 0 });
  });

  test("leaves work behind that does not heed the signal, and what that says later is not believed", async () => {
    const { start, cancel, work, job, clock } = setUp({ concurrency: 1 });
    await start("a", "stubborn", "one");
    await start("b", "hold", "two");
    await clock.settle();
    const cancelled = expectCode(cancel("one"), "ask-timeout");
    await clock.pass(4_000);
    expect(await job("two")).toMatchObject({ state: "queued" });
    await clock.pass(1_500);
    await cancelled;
    expect(await job("one")).toMatchObject({ state: "cancelled" });
    expect(await job("two")).toMatchObject({ state: "running" });
    work(0).job.report({ done: 1 });
    work(0).gate.open();
    await clock.settle();
    const left = await job("one");
    expect([left?.state, left?.progress, left?.result]).toEqual(["cancelled", undefined, undefined]);
  });

  test("changes nothing about work that is done all the same, nor about jobs that have ended", async () => {
    const { start, cancel, work, clock } = setUp();
    await start("a", "stubborn", "one");
    await clock.settle();
    const cancelled = cancel("one");
    await clock.settle();
    work(0).gate.open();
    expect(await cancelled).toMatchObject({ state: "done", result: "a is done" });
    expect(await cancel("one")).toMatchObject({ state: "done" });
    expect(await cancel("nobody")).toBe("no-such-actor");
  });
});

describe("a job runner", () => {
  test("remembers so many ended jobs, the latest", async () => {
    const { start, work, inspect, clock } = setUp({ keepEnded: 2 });
    for (const [n, id] of ["one", "two", "three"].entries()) {
      await start("a", "hold", id);
      await clock.settle();
      work(n).gate.open();
      await clock.settle();
    }
    expect((await inspect()).jobs.map(({ id }) => id)).toEqual(["two", "three"]);
  });

  test("stops its jobs when it stops, and those who follow them hear of it", async () => {
    const { start, work, follow, clock, system, runner } = setUp();
    await start("a", "hold", "one");
    await clock.settle();
    const { heard } = follow("one");
    await clock.settle();
    await system.stopActor(runner);
    await clock.settle();
    expect(work(0).job.signal.aborted).toBe(true);
    expect(heard.at(-1)).toMatchObject({ type: "refused", code: "actor-stopped" });
    await clock.pass(5_000);
    expect(clock.timers).toBe(0);
  });

  test("begins periodic work at its times, and not while the last is under way", async () => {
    const { work, inspect, begun, clock } = setUp({
      schedules: [
        { name: "sweep", kind: "hold", input: "s", everyMs: 1_000, jitter: 0 },
        { name: "backup", kind: "hold", input: "b", everyMs: 10_000, firstAfterMs: 500, jitter: 0 },
      ],
    });
    await clock.pass(999);
    expect(begun.map(({ input }) => input)).toEqual(["b"]);
    await clock.pass(1);
    expect(begun.map(({ input }) => input)).toEqual(["b", "s"]);
    await clock.pass(1_000);
    work(1).gate.open();
    await clock.pass(1_000);
    expect(begun).toHaveLength(3);
    work(2).gate.break(new Error("no"));
    await clock.settle();
    expect((await inspect()).schedules).toMatchObject([
      { name: "sweep", started: 2, skipped: 1, failed: 1 },
      { name: "backup", started: 1, skipped: 0, failed: 0 },
    ]);
  });

  test("names the latest job of a schedule for as long as it is remembered", async () => {
    const { start, work, inspect, clock } = setUp({
      keepEnded: 1,
      schedules: [{ name: "sweep", kind: "hold", input: "s", everyMs: 60_000, firstAfterMs: 0, jitter: 0 }],
    });
    await clock.pass(1);
    work(0).gate.open();
    await clock.settle();
    expect((await inspect()).schedules).toMatchObject([{ lastId: expect.stringMatching(/^sweep\./) }]);
    await start("a");
    await clock.settle();
    work(1).gate.open();
    await clock.settle();
    expect((await inspect()).schedules).toMatchObject([{ started: 1, lastId: undefined }]);
  });

  test("goes on with its periodic work when the queue was full, and remembers what it did before", async () => {
    const { start, work, inspect, clock, warnings } = setUp({
      concurrency: 1,
      queueCapacity: 1,
      schedules: [{ name: "sweep", kind: "hold", input: "s", everyMs: 1_000, jitter: 0 }],
    });
    await start("a");
    await start("b");
    await clock.pass(1_000);
    expect(warnings).toContain("a job that is due could not be started");
    expect((await inspect()).schedules).toMatchObject([{ started: 0, skipped: 1, lastId: undefined }]);
    work(0).gate.open();
    await clock.settle();
    work(1).gate.open();
    await clock.pass(1_000);
    const [swept] = (await inspect()).schedules;
    expect(swept).toMatchObject({ started: 1, skipped: 1, lastId: expect.stringMatching(/^sweep\./) });
    work(2).gate.open();
    await clock.settle();
    await start("c");
    await start("d");
    await clock.pass(1_000);
    expect((await inspect()).schedules).toMatchObject([{ started: 1, skipped: 2, lastId: swept?.lastId }]);
  });

  test("is not made with schedules that make no sense", () => {
    const sound = { name: "x", kind: "hold", input: "", everyMs: 1_000 };
    for (const wrong of [
      { kind: "nothing" },
      ...[0, NaN, Infinity].map((everyMs) => ({ everyMs })),
      ...[-1, NaN, Infinity].map((firstAfterMs) => ({ firstAfterMs })),
      ...[-0.1, 1.1, NaN].map((jitter) => ({ jitter })),
    ]) {
      const schedule = { ...sound, ...wrong };
      expect(() => setUp({ schedules: [schedule] })).toThrow(BAD_OPTION);
    }
    expect(() => setUp({ schedules: [sound, sound] })).toThrow(expect.objectContaining({ code: "name-taken" }));
  });

  test("has no job without an end, or with half a retry", () => {
    for (const bounds of [
      ...[0, -1, NaN, Infinity].map((timeoutMs) => ({ timeoutMs })),
      ...[-1, 0.5, NaN, Infinity].map((retries) => ({ timeoutMs: 1, retries })),
    ]) {
      expect(() => defineJob({ accepts: String, run: () => Promise.resolve(), ...bounds })).toThrow(BAD_OPTION);
    }
  });

  test.each([
    ...[0, 1.5, NaN, Infinity].flatMap((bound) => [{ concurrency: bound }, { maxFollowers: bound }]),
    ...[-1, 1.5, NaN, Infinity].flatMap((bound) => [
      { queueCapacity: bound },
      { keepEnded: bound },
      { progressEveryMs: bound },
    ]),
    { backOff: { minMs: NaN, maxMs: 1, factor: 1, jitter: 0 } },
    { backOff: { minMs: 1, maxMs: Infinity, factor: 2, jitter: 0 } },
  ])("is not made with bounds that are none: %o", (limits) => {
    expect(() => setUp(limits)).toThrow(BAD_OPTION);
  });

  test("takes from other hosts what is one of its messages, and nothing else", () => {
    const { runner } = setUp();
    const good: JobMessage[] = [
      { type: "start", kind: "hold", input: 1, id: undefined, replyTo: undefined },
      { type: "cancel", id: "one", replyTo: undefined },
      { type: "follow", id: "one", to: runner as unknown as ActorRef<JobAnswer> },
    ];
    for (const message of good) expect(acceptsJobMessage({ ...message, extra: 1 })).toEqual(message);
    const bad = [
      null,
      7,
      {},
      { type: "start" },
      { type: "follow", id: "x", to: "y" },
      { type: "own-retry", id: "one" },
    ];
    for (const message of bad) expect(() => acceptsJobMessage(message)).toThrow(ActorError);
  });
});

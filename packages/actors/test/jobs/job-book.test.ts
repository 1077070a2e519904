import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorError } from "../../src/errors.ts";
import { DEFAULT_JOB_LIMITS, hasEnded, JobBook, type JobEffect } from "../../src/jobs/job-book.ts";
import { defineJob } from "../../src/jobs/job-types.ts";

const KIND = defineJob({ accepts: (input) => input, run: () => Promise.resolve(), timeoutMs: 1, retries: 1 });
const ERROR = new ActorError("actor-failed", "no");

type Step = readonly ["start" | "done" | "failed" | "cancel" | "timeout" | "due", number];

test("whatever happens, jobs run within their bounds, every one that has begun is ended once, and all turns come", () => {
  const step: fc.Arbitrary<Step> = fc.tuple(
    fc.constantFrom("start", "start", "done", "failed", "cancel", "timeout", "due"),
    fc.nat(30),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120, size: "max" }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(4),
      (steps, concurrency, room) => {
        const book = new JobBook({ ...DEFAULT_JOB_LIMITS, concurrency, queueCapacity: room, keepEnded: 5 }, () => 0.5);
        const [running, waiting, accepted] = [new Set<string>(), new Set<string>(), new Set<string>()];
        const ended = new Map<string, number>();
        let count = 0;
        const carryOut = (effects: readonly JobEffect[]): void => {
          for (const effect of effects) {
            if (effect.type === "run") {
              expect(running.has(effect.id)).toBe(false);
              running.add(effect.id);
            }
            if (effect.type === "stop") expect(running.has(effect.id)).toBe(true);
            if (effect.type === "retry") waiting.add(effect.id);
            if (effect.type === "changed" && hasEnded(effect.job)) {
              ended.set(effect.job.id, (ended.get(effect.job.id) ?? 0) + 1);
              waiting.delete(effect.job.id);
            }
          }
          expect(running.size).toBeLessThanOrEqual(concurrency);
          expect(book.running).toBe(running.size);
          expect(book.queued + waiting.size + running.size).toBeLessThanOrEqual(room + concurrency);
        };
        const finish = (id: string | undefined, isDone: boolean): void => {
          if (id === undefined) return;
          running.delete(id);
          carryOut(book.ended(id, isDone ? { type: "done", result: id } : { type: "failed", error: ERROR }, 0));
        };
        const pick = (from: Iterable<string>, n: number): string | undefined => {
          const all = [...from];
          return all[n % Math.max(1, all.length)];
        };
        for (const [action, n] of steps) {
          if (action === "start") {
            count += 1;
            const isRoom = book.queued + waiting.size + running.size < room + concurrency;
            const effects = book.start(`j${count}`, "kind", KIND, 0);
            expect(effects instanceof ActorError).toBe(!isRoom);
            if (effects instanceof ActorError) continue;
            accepted.add(`j${count}`);
            carryOut(effects);
          }
          if (action === "done" || action === "failed") finish(pick(running, n), action === "done");
          const id = pick(accepted, n);
          if (action === "cancel" && id !== undefined) carryOut(book.cancel(id, ERROR, 0));
          if (action === "timeout" && running.size > 0) carryOut(book.timedOut(pick(running, n) ?? "", ERROR, 0));
          const late = pick(waiting, n);
          if (action === "due" && late !== undefined) {
            waiting.delete(late);
            carryOut(book.due(late, 0));
          }
        }
        while (running.size + waiting.size > 0) {
          for (const id of waiting) {
            waiting.delete(id);
            carryOut(book.due(id, 0));
          }
          finish(pick(running, 0), true);
        }
        expect(book.queued).toBe(0);
        expect([...ended.keys()].toSorted()).toEqual([...accepted].toSorted());
        expect([...ended.values()].every((times) => times === 1)).toBe(true);
        expect(book.all().length).toBeLessThanOrEqual(5);
      },
    ),
    { numRuns: 500 },
  );
});

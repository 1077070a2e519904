import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BoundedQueue } from "../../src/format/index.ts";

async function readAll<T>(queue: AsyncIterable<T>): Promise<{ readonly values: T[]; readonly error: unknown }> {
  const values: T[] = [];
  try {
    for await (const value of queue) values.push(value);
  } catch (error) {
    return { values, error };
  }
  return { values, error: undefined };
}

/** True when `promise` has not settled after all that can happen without the outside world has happened. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  const idle = Symbol("idle");
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, idle))])) === idle;
}

describe("a bounded queue", () => {
  test("gives every value once, in order, never holding more than its capacity", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer(), { maxLength: 50 }),
        fc.integer({ min: 1, max: 5 }),
        async (values, capacity) => {
          const queue = new BoundedQueue<number>({ capacity });
          let largest = 0;
          const writing = (async () => {
            for (const value of values) {
              expect(await queue.push(value)).toBe(true);
              largest = Math.max(largest, queue.size);
            }
            queue.close();
          })();
          const read = await readAll(queue);
          await writing;
          expect(read).toEqual({ values, error: undefined });
          expect(largest).toBeLessThanOrEqual(capacity);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("makes a push wait while it is full, and tryPush refuse", async () => {
    const queue = new BoundedQueue<string>({ capacity: 1 });
    await queue.push("a");
    const second = queue.push("b");
    expect(await isWaiting(second)).toBe(true);
    expect(queue.tryPush("c")).toBe(false);
    expect(await queue.next()).toEqual({ done: false, value: "a" });
    expect(await second).toBe(true);
    expect(await queue.next()).toEqual({ done: false, value: "b" });
  });

  test("holds undefined like any value", async () => {
    const queue = new BoundedQueue<undefined>({ capacity: 2 });
    await queue.push(undefined);
    queue.close();
    expect(await readAll(queue)).toEqual({ values: [undefined], error: undefined });
  });

  test("after close gives what is left, waiting pushes included, and takes no more", async () => {
    const queue = new BoundedQueue<number>({ capacity: 1 });
    const pushes = [queue.push(1), queue.push(2)];
    queue.close();
    expect(await Promise.all(pushes)).toEqual([true, true]);
    expect(await queue.push(3)).toBe(false);
    expect(queue.ended).toBe(true);
    expect(await readAll(queue)).toEqual({ values: [1, 2], error: undefined });
  });

  test("after fail gives what is left, then the error, once", async () => {
    const queue = new BoundedQueue<number>({ capacity: 2 });
    await queue.push(1);
    const broken = new Error("broken");
    queue.fail(broken);
    queue.close();
    expect(await readAll(queue)).toEqual({ values: [1], error: broken });
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  test("wakes a waiting reader by a value, by close and by fail", async () => {
    const queue = new BoundedQueue<number>({ capacity: 1 });
    const first = queue.next();
    await queue.push(7);
    expect(await first).toEqual({ done: false, value: 7 });
    const second = queue.next();
    queue.close();
    expect(await second).toEqual({ done: true, value: undefined });

    const failing = new BoundedQueue<number>({ capacity: 1 });
    const third = failing.next();
    failing.fail(new Error("broken"));
    await expect(third).rejects.toThrow("broken");
  });

  test("tells writers by false when the reader leaves", async () => {
    const queue = new BoundedQueue<number>({ capacity: 1 });
    await queue.push(1);
    const waiting = queue.push(2);
    for await (const value of queue) {
      expect(value).toBe(1);
      break;
    }
    expect(await queue.push(3)).toBe(false);
    // Accepted when the first was taken, dropped when the reader left.
    expect(await waiting).toBe(true);
    expect(queue.size).toBe(0);
  });

  test("an abort wakes both sides and drops what is queued", async () => {
    const abort = new AbortController();
    const full = new BoundedQueue<number>({ capacity: 1, signal: abort.signal, doing: "testing" });
    const empty = new BoundedQueue<number>({ capacity: 1, signal: abort.signal, doing: "testing" });
    await full.push(1);
    const push = full.push(2);
    const read = empty.next();
    abort.abort();
    expect(await push).toBe(false);
    await expect(read).rejects.toMatchObject({ code: "job-cancelled", message: "Cancelled while testing." });
    await expect(full.next()).rejects.toMatchObject({ code: "job-cancelled" });
    const late = new BoundedQueue<number>({ capacity: 1, signal: AbortSignal.abort() });
    expect(await late.push(1)).toBe(false);
  });

  test("has a capacity of at least one", () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => new BoundedQueue({ capacity })).toThrow(RangeError);
  });
});

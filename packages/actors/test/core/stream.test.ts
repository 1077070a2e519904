import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSinkMessage, isSourceMessage } from "../../src/core/endpoint.ts";
import { ActorError, type ActorRef, type SourceMessage, type StreamRef } from "../../src/index.ts";
import { testSystem } from "./support.ts";

interface Count {
  readonly upTo: number;
  readonly replyTo: ActorRef<StreamRef<number>>;
}

/** Counts what is taken from it, and whether it was closed. */
function counting(upTo: number, failAt = Infinity) {
  const seen = { taken: 0, isClosed: false };
  async function* items(): AsyncGenerator<number> {
    try {
      while (seen.taken < upTo) {
        if (seen.taken === failAt) throw new Error("source failed");
        seen.taken += 1;
        yield seen.taken;
      }
    } finally {
      seen.isClosed = true;
    }
  }
  return { seen, items };
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<{ readonly got: Item[]; readonly error?: unknown }> {
  const got: Item[] = [];
  try {
    for await (const item of items) got.push(item);
    return { got };
  } catch (error) {
    return { got, error };
  }
}

describe("a stream out of an actor", () => {
  test("gives every item in order, whatever the window", async () => {
    const { system, clock } = testSystem();
    const ref = system.spawn<Count>((context) => ({ upTo, replyTo }) => {
      replyTo.tell(context.offerStream(counting(upTo).items()));
    });
    for (const window of [1, 2, 3, 16, 1000]) {
      for (const upTo of [0, 1, 2, 100]) {
        const read = collect(ref.stream<number>((replyTo) => ({ upTo, replyTo }), { window }));
        expect((await clock.until(read)).got).toEqual(Array.from({ length: upTo }, (_, i) => i + 1));
      }
    }
    await system.stop();
    expect(clock.timers).toBe(0);
  });

  test("never takes more from its source than the reader has room for", async () => {
    const { system, clock } = testSystem();
    const { seen, items } = counting(100);
    const stream = system.readStream(system.offerStream(items()), { window: 4 });
    const reader = stream[Symbol.asyncIterator]();
    let most = 0;
    for (let read = 1; read <= 20; read += 1) {
      await reader.next();
      await clock.settle();
      most = Math.max(most, seen.taken - read);
    }
    expect(most).toBe(4);
    await reader.return?.();
    expect(seen.isClosed).toBe(true);
  });

  test("nothing is sent or taken before the first read", async () => {
    const { system, clock } = testSystem();
    const { seen, items } = counting(10);
    const stream = system.readStream(system.offerStream(items()));
    await clock.settle();
    expect(seen.taken).toBe(0);
    expect((await collect(stream)).got).toHaveLength(10);
  });

  test("is cancelled at its source when the reader leaves the loop", async () => {
    const { system, clock } = testSystem();
    const { seen, items } = counting(1000);
    const ref = system.spawn<Count>(
      (context) =>
        ({ replyTo }) =>
          replyTo.tell(context.offerStream(items())) && undefined,
    );
    for await (const item of ref.stream<number>((replyTo) => ({ upTo: 0, replyTo }))) if (item === 3) break;
    await clock.settle();
    expect(seen.isClosed).toBe(true);
    expect(seen.taken).toBeLessThan(30);
  });

  test("breaks for the reader when its source fails, after what came before", async () => {
    const { system } = testSystem();
    const { items } = counting(10, 3);
    const { got, error } = await collect(system.readStream(system.offerStream(items())));
    expect(got).toEqual([1, 2, 3]);
    expect(error).toMatchObject({ code: "stream-broken", message: expect.stringContaining("source failed") });
  });

  test("breaks when the actor that offers it ends or restarts, and is closed at its source", async () => {
    const { system, clock } = testSystem();
    for (const end of ["stop", "crash"]) {
      const { seen, items } = counting(1e9);
      const ref = system.spawn<Count | string>((context) => (message) => {
        if (message === "stop") context.stop();
        else if (typeof message === "string") throw new Error("no");
        else message.replyTo.tell(context.offerStream(items()));
      });
      const reader = ref.stream<number>((replyTo) => ({ upTo: 0, replyTo }), { window: 1 })[Symbol.asyncIterator]();
      await reader.next();
      ref.tell(end);
      await clock.settle();
      await reader.next();
      await expect(reader.next()).rejects.toMatchObject({ code: "stream-broken" });
      expect(await reader.next()).toMatchObject({ done: true });
      expect(seen.isClosed).toBe(true);
    }
  });

  test("is cancelled by a signal at either end", async () => {
    const { system, clock } = testSystem();
    const atReader = new AbortController();
    const atSource = new AbortController();
    const never = async function* (): AsyncGenerator<number> {
      yield await new Promise<number>(() => undefined);
    };
    const first = collect(system.readStream(system.offerStream(never()), { signal: atReader.signal }));
    const second = collect(system.readStream(system.offerStream(never(), { signal: atSource.signal })));
    await clock.settle();
    atReader.abort();
    atSource.abort();
    expect((await first).error).toMatchObject({ code: "cancelled" });
    expect((await second).error).toMatchObject({ code: "stream-broken" });
  });

  test("that is cancelled before it begins gives nothing, and leaves nothing behind", async () => {
    const { system, clock } = testSystem();
    const signal = AbortSignal.abort();
    const { seen, items } = counting(3);
    expect((await collect(system.readStream(system.offerStream(items()), { signal }))).error).toMatchObject({
      code: "cancelled",
    });
    expect((await collect(system.readStream(system.offerStream(items(), { signal })))).error).toMatchObject({
      code: "no-such-actor",
    });
    const errors: unknown[] = [];
    system.spawn<string>(async (context) => {
      const stream = context.offerStream(items(), { signal });
      errors.push((await collect(context.readStream(stream, { signal }))).error);
      return () => undefined;
    });
    await clock.settle();
    expect(errors).toEqual([expect.objectContaining({ code: "cancelled" })]);
    expect(seen.taken).toBe(0);
    await clock.pass(60_000);
    expect(clock.timers).toBe(0);
  });

  test("with bounds that make no sense, or of a system that has stopped, is refused", async () => {
    const { system } = testSystem();
    const stream = system.offerStream([1]);
    for (const options of [{ window: 0 }, { window: 1.5 }, { idleTimeoutMs: NaN }]) {
      expect(() => system.readStream(stream, options)).toThrow(expect.objectContaining({ code: "bad-option" }));
    }
    await system.stop();
    expect(() => system.offerStream([1])).toThrow(expect.objectContaining({ code: "system-stopped" }));
    expect(() => system.readStream(stream)).toThrow(expect.objectContaining({ code: "system-stopped" }));
  });

  test("of a system that stops is closed at its source, also when nobody waits for an item", async () => {
    const { system, clock } = testSystem();
    const { seen, items } = counting(1e9);
    const reader = system.readStream(system.offerStream(items()))[Symbol.asyncIterator]();
    await reader.next();
    await clock.settle();
    expect(seen.isClosed).toBe(false);
    await clock.until(system.stop());
    await clock.settle();
    expect(seen.isClosed).toBe(true);
  });

  test("ends with a typed error when its source is silent for too long", async () => {
    const { system, clock } = testSystem();
    const never = async function* (): AsyncGenerator<number> {
      yield 1;
      yield await new Promise<number>(() => undefined);
    };
    const read = collect(system.readStream(system.offerStream(never()), { idleTimeoutMs: 100 }));
    await clock.pass(100);
    expect(await read).toMatchObject({ got: [1], error: { code: "stream-timeout" } });
  });

  test("that nobody opens is given up", async () => {
    const { system, clock } = testSystem();
    const { items } = counting(1);
    const offered = system.offerStream(items(), { idleTimeoutMs: 100 });
    await clock.pass(100);
    expect((await collect(system.readStream(offered))).error).toMatchObject({ code: "no-such-actor" });
    await clock.pass(60_000);
    expect(clock.timers).toBe(0);
  });

  test("has one reader", async () => {
    const { system, clock } = testSystem();
    const offered = system.offerStream(counting(1000).items());
    const reader = system.readStream(offered, { window: 1 })[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    expect((await collect(system.readStream(offered))).error).toMatchObject({ code: "stream-broken" });
    const reading = reader.next();
    await expect(reader.next()).resolves.toMatchObject({ value: 3 });
    expect(await reading).toEqual({ done: false, value: 2 });
    await clock.settle();
  });
});

describe("a stream into an actor", () => {
  interface Sum {
    readonly numbers: StreamRef<number>;
    readonly replyTo: ActorRef<number>;
  }

  test("is read by the actor, which may be slow", async () => {
    const { system } = testSystem();
    const ref = system.spawn<Sum>((context) => async ({ numbers, replyTo }) => {
      let sum = 0;
      for await (const n of context.readStream(numbers, { window: 2 })) sum += n;
      replyTo.tell(sum);
    });
    const numbers = system.offerStream([1, 2, 3, 4]);
    expect(await ref.ask((replyTo) => ({ numbers, replyTo }))).toBe(10);
  });

  test("is cancelled at its source when the actor's life ends", async () => {
    const { system, clock } = testSystem();
    const { seen, items } = counting(1e9);
    const ref = system.spawn<StreamRef<number>>((context) => async (numbers) => {
      for await (const n of context.readStream(numbers)) if (n === 20) throw new Error("no");
    });
    ref.tell(system.offerStream(items()));
    await clock.pass(1000);
    expect(seen.isClosed).toBe(true);
  });
});

describe("the protocol", () => {
  test.each([
    ["a repeated item does no harm", [1, 1, 2, 2, 1, 3], { got: [10, 20, 30], error: { code: "stream-timeout" } }],
    ["a lost item is seen", [1, 2, 4], { got: [10], error: { code: "stream-broken" } }],
    ["more than the credit is refused", [1, 2, 3, 4, 5, 6], { got: [10], error: { code: "stream-broken" } }],
  ])("%s", async (_, sequences, expected) => {
    const { system, clock } = testSystem();
    const offered: string[] = [];
    const source = system.spawn<SourceMessage<number>>(() => (message) => {
      offered.push(message.type);
      if (message.type !== "open") return;
      for (const sequence of sequences) message.sink.tell({ type: "item", sequence, item: sequence * 10 });
    });
    const read = collect(system.readStream(source, { window: 4, idleTimeoutMs: 100 }));
    await clock.pass(100);
    expect(await read).toMatchObject(expected);
    expect(offered.filter((type) => type !== "credit")).toEqual(["open", "cancel"]);
  });

  test.each([
    ["ends when none can reach the source any more", Infinity, { got: [1, 2], error: { code: "mailbox-full" } }],
    ["is given again with the next item while none can reach the source", 1, { got: [1, 2, 3] }],
  ])("credit that is refused: the stream %s", async (_, refusals, expected) => {
    const { system, clock } = testSystem();
    const { items } = counting(3);
    const source = system.offerStream(items());
    let refused = 0;
    const tell = source.tell.bind(source);
    source.tell = (message) => {
      if (message.type !== "credit" || refused >= refusals) return tell(message);
      refused += 1;
      return new ActorError("mailbox-full", "the way there is full");
    };
    expect(await clock.until(collect(system.readStream(source, { window: 2 })))).toMatchObject(expected);
  });

  test("whatever comes from outside is known or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        expect(isSourceMessage(message) && isSinkMessage(message)).toBe(false);
      }),
    );
    const near = fc.record(
      {
        type: fc.constantFrom("open", "credit", "cancel", "item", "end", "broken", 1, null),
        credit: fc.oneof(fc.integer(), fc.double(), fc.string()),
        sink: fc.anything(),
        sequence: fc.oneof(fc.integer(), fc.double(), fc.string()),
        reason: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(near, (message) => {
        if (message.type === "open") expect(isSourceMessage(message)).toBe(false);
        if (message.type === "broken") expect(isSinkMessage(message)).toBe(typeof message.reason === "string");
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import type { ActorRef, StreamOpening, StreamRef } from "../../src/index.ts";
import { anything, Hosts, outcome } from "./hosts.ts";

describe("streams between hosts", () => {
  async function* count(
    to: number,
    closed: () => void,
  ): AsyncGenerator<{ readonly index: number; readonly sound: Uint8Array }> {
    try {
      for (let index = 0; index < to; index += 1) yield { index, sound: new Uint8Array(1_920).fill(index & 0xff) };
    } finally {
      closed();
    }
  }

  type Request = ActorRef<StreamRef<{ readonly index: number; readonly sound: Uint8Array }>>;

  async function counting(
    hosts: Hosts,
    to: number,
  ): Promise<{ source: ActorRef<Request>; sent: () => number; closed: () => boolean }> {
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    let sent = 0;
    let isClosed = false;
    right.system.spawn<Request>(
      (context) => (replyTo) => {
        const items = count(to, () => (isClosed = true));
        const counted = {
          [Symbol.asyncIterator]: () => ({
            next: () => {
              sent += 1;
              return items.next();
            },
            return: () => items.return(undefined),
          }),
        };
        replyTo.tell(context.offerStream(counted));
      },
      { name: "counter", accepts: anything<Request>() },
    );
    return {
      source: left.system.resolve<Request>("parley://right/counter"),
      sent: () => sent,
      closed: () => isClosed,
    };
  }

  it("bring every item, in order, and end", async () => {
    const hosts = new Hosts();
    const { source, closed } = await counting(hosts, 300);
    const seen: number[] = [];
    const read = async (): Promise<void> => {
      for await (const { index, sound } of source.stream<{ index: number; sound: Uint8Array }>((replyTo) => replyTo)) {
        expect(sound.every((byte) => byte === (index & 0xff)) && sound.length === 1_920).toBe(true);
        seen.push(index);
      }
    };
    await hosts.clock.until(read());
    expect(seen).toStrictEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(closed()).toBe(true);
  });

  it("do not run ahead of their reader, and end when it leaves", async () => {
    const hosts = new Hosts();
    const { source, sent, closed } = await counting(hosts, 10_000);
    const items = source.stream<unknown>((replyTo) => replyTo, { window: 8 })[Symbol.asyncIterator]();
    await hosts.clock.until(items.next());
    await hosts.clock.pass(1_000);
    expect(sent()).toBeLessThanOrEqual(9);
    for (let i = 0; i < 20; i += 1) await hosts.clock.until(items.next());
    expect(sent()).toBeLessThanOrEqual(29);
    await hosts.clock.until(items.return?.() ?? Promise.reject(new Error("it cannot be left")));
    await hosts.clock.pass(50);
    expect(closed()).toBe(true);
  });

  it("break when the host of either end is gone", async () => {
    const hosts = new Hosts();
    const { source, closed } = await counting(hosts, 10_000);
    const items = source.stream<unknown>((replyTo) => replyTo, { window: 2 })[Symbol.asyncIterator]();
    await hosts.clock.until(items.next());
    hosts.network.reset("left", "right");
    const rest = async (): Promise<void> => {
      for (;;) if ((await items.next()).done === true) return;
    };
    expect(await outcome(hosts.clock.until(rest()))).toBe("stream-broken");
    await hosts.clock.pass(50);
    expect(closed()).toBe(true);
  });

  describe("that are opened with the question", () => {
    interface Asked {
      readonly to: number;
      readonly replyTo: ActorRef<StreamRef<number>>;
      readonly opening: StreamOpening<number>;
    }

    async function house() {
      const hosts = new Hosts();
      const [left, right] = [await hosts.start("left"), await hosts.start("right")];
      const seen = { taken: 0, closed: 0 };
      async function* numbers(to: number): AsyncGenerator<number> {
        try {
          for (let n = 1; n <= to; n += 1) {
            seen.taken += 1;
            yield n;
          }
        } finally {
          seen.closed += 1;
        }
      }
      right.system.spawn<Asked>(
        (context) =>
          ({ to, replyTo, opening }) =>
            void replyTo.tell(context.offerStream(numbers(to), { opening })),
        { name: "counter", accepts: anything<Asked>() },
      );
      const counted = (to: number, options = {}, path = "counter") => {
        const counter = left.system.resolve<Asked>(`parley://right/${path}`);
        const items = counter.stream<number>((replyTo, open) => ({ to, replyTo, opening: open() }), options);
        return items[Symbol.asyncIterator]();
      };
      const all = async (items: AsyncIterator<number>): Promise<number[]> => {
        const got: number[] = [];
        for (;;) {
          const result = await items.next();
          if (result.done === true) return got;
          got.push(result.value);
        }
      };
      return { hosts, seen, counted, all };
    }

    it("bring every item, in order, whatever the window, and end", async () => {
      const { hosts, seen, counted, all } = await house();
      hosts.network.weather = { ...hosts.network.weather, jitterMs: 20 };
      for (const window of [1, 2, 5, 100]) {
        for (const to of [0, 1, 7, 60]) {
          const got = await hosts.clock.until(all(counted(to, { window })));
          expect(got).toStrictEqual(Array.from({ length: to }, (_, n) => n + 1));
        }
      }
      expect(seen.closed).toBe(16);
    });

    it("begin one way there and one back after the question", async () => {
      const { hosts, counted } = await house();
      await hosts.clock.until(counted(1).next());
      hosts.network.weather = { ...hosts.network.weather, delayMs: 50, jitterMs: 0 };
      const beganMs = hosts.clock.nowMs();
      await hosts.clock.until(counted(1).next());
      expect(hosts.clock.nowMs() - beganMs).toBe(100);
    });

    it("end at their source when the reader leaves, even before it knows of the source", async () => {
      const { hosts, seen, counted } = await house();
      const left = new AbortController();
      const items = counted(10_000, { window: 4, signal: left.signal });
      const first = outcome(items.next());
      left.abort();
      expect(await hosts.clock.until(first)).toBe("cancelled");
      const others = counted(10_000, { window: 4 });
      await hosts.clock.until(others.next());
      await hosts.clock.until(others.return?.() ?? Promise.reject(new Error("it cannot be left")));
      await hosts.clock.pass(2_000);
      expect(seen.closed).toBe(2);
      expect(seen.taken).toBeLessThan(20);
    });

    it("fail as the question does, and break as the host is gone", async () => {
      const { hosts, counted, all } = await house();
      expect(await outcome(hosts.clock.until(counted(3, {}, "nobody").next()))).toBe("no-such-actor");
      const items = counted(10_000, { window: 2 });
      await hosts.clock.until(items.next());
      hosts.network.reset("left", "right");
      expect(await outcome(hosts.clock.until(all(items)))).toBe("stream-broken");
    });
  });

  it("do not hold up questions when they fill their lane", async () => {
    const hosts = new Hosts();
    const { source } = await counting(hosts, 100_000);
    hosts.network.setWeather("right", "left", { stall: 0, delayMs: 1 });
    const items = source.stream<unknown>((replyTo) => replyTo, { window: 5_000 })[Symbol.asyncIterator]();
    await hosts.clock.until(items.next());
    const asked = source.ask<StreamRef<never>>((replyTo) => replyTo as never);
    const beganMs = hosts.clock.nowMs();
    await hosts.clock.until(asked);
    expect(hosts.clock.nowMs() - beganMs).toBeLessThan(10);
  });
});

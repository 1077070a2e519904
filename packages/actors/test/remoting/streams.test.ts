import { describe, expect, it } from "vitest";
import type { ActorRef, StreamRef } from "../../src/index.ts";
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

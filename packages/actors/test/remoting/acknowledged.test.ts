import { describe, expect, it } from "vitest";
import { type Host, Hosts, anything, outcome } from "./hosts.ts";

const ACKNOWLEDGED = { acknowledged: true, timeoutMs: 60_000 };

/** An actor that keeps numbers, after a moment each. */
function ledger(
  host: Host,
  hosts: Hosts,
  kept: number[],
  options: { readonly crashOn?: number; readonly delayMs?: number } = {},
): void {
  let crashes = 0;
  host.system.spawn<number>(
    () => async (number) => {
      await new Promise<void>((resolve) => {
        hosts.clock.after(options.delayMs ?? 1, resolve);
      });
      if (number === options.crashOn && crashes === 0) {
        crashes += 1;
        throw new Error("crashed on it");
      }
      kept.push(number);
    },
    { name: "ledger", accepts: anything<number>(), mailbox: { capacity: 10_000 } },
  );
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

describe("acknowledged delivery between hosts", () => {
  it("is over when the handler has finished, not before", async () => {
    const hosts = new Hosts();
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    const kept: number[] = [];
    ledger(right, hosts, kept, { delayMs: 500 });
    const to = left.system.resolve<number>("parley://right/ledger");
    let isDone = false;
    const offered = to.offer(1, ACKNOWLEDGED).then(() => (isDone = true));
    await hosts.clock.pass(400);
    expect([isDone, kept]).toStrictEqual([false, []]);
    await hosts.clock.until(offered);
    expect(kept).toStrictEqual([1]);
    // Without it, having a place in the mailbox is enough.
    const beganMs = hosts.clock.nowMs();
    await hosts.clock.until(to.offer(2));
    expect(hosts.clock.nowMs() - beganMs).toBeLessThan(10);
  });

  it("survives connections that break again and again: each once, in order", async () => {
    let breaks = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const hosts = new Hosts(seed);
      const [left, right] = [await hosts.start("left"), await hosts.start("right")];
      const kept: number[] = [];
      ledger(right, hosts, kept);
      const to = left.system.resolve<number>("parley://right/ledger");
      const all = Promise.all(range(200).map((number) => to.offer(number, ACKNOWLEDGED)));
      for (let i = 0; i < 30; i += 1) {
        await hosts.clock.pass(1 + ((seed * i) % 13));
        hosts.network.reset("left", "right");
      }
      await hosts.clock.until(all);
      expect(kept).toStrictEqual(range(200));
      breaks += left.changes.filter(({ state }) => state === "down").length;
      await hosts.stop();
    }
    expect(breaks).toBeGreaterThan(100);
  });

  it("survives a network that loses, doubles and reorders what it must not", async () => {
    let losses = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const hosts = new Hosts(seed);
      const [left, right] = [await hosts.start("left"), await hosts.start("right")];
      const kept: number[] = [];
      ledger(right, hosts, kept, { delayMs: 0 });
      hosts.network.weather = { ...hosts.network.weather, loss: 0.01, duplication: 0.05, reorder: 0.01, jitterMs: 3 };
      const to = left.system.resolve<number>("parley://right/ledger");
      const told: number[] = [];
      right.system.spawn<number>(() => (number) => void told.push(number), {
        name: "told",
        accepts: anything<number>(),
      });
      const teller = left.system.resolve<number>("parley://right/told");
      const offers: Promise<void>[] = [];
      for (const number of range(150)) {
        offers.push(to.offer(number, ACKNOWLEDGED));
        teller.tell(number);
        await hosts.clock.pass(2);
      }
      await hosts.clock.until(Promise.all(offers), 120_000);
      expect(kept).toStrictEqual(range(150));
      // At most once, in order.
      expect(told).toStrictEqual(told.toSorted((a, b) => a - b));
      expect(new Set(told).size).toBe(told.length);
      losses += 150 - told.length;
      await hosts.stop();
    }
    expect(losses).toBeGreaterThan(0);
  });

  it("gives a message on which its receiver crashed to it again, before all later ones", async () => {
    const hosts = new Hosts();
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    const kept: number[] = [];
    ledger(right, hosts, kept, { crashOn: 3 });
    const to = left.system.resolve<number>("parley://right/ledger");
    await hosts.clock.until(Promise.all(range(10).map((number) => to.offer(number, ACKNOWLEDGED))));
    expect(kept).toStrictEqual(range(10));
  });

  it("gives up on a message that its receiver always crashes on, and goes on with the next", async () => {
    const hosts = new Hosts();
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    const seen: number[] = [];
    right.system.spawn<number>(
      () => (number) => {
        seen.push(number);
        if (number === 0) throw new Error("poison");
      },
      { name: "ledger", accepts: anything<number>() },
    );
    const to = left.system.resolve<number>("parley://right/ledger");
    const outcomes = Promise.all([0, 1].map((number) => outcome(to.offer(number, ACKNOWLEDGED))));
    expect(await hosts.clock.until(outcomes)).toStrictEqual(["actor-failed", "ok undefined"]);
    expect(seen).toStrictEqual([0, 0, 0, 1]);
  });

  it("is delivered to the next life of a host that died", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const first = await hosts.start("right");
    const [before, after]: [number[], number[]] = [[], []];
    ledger(first, hosts, before, { delayMs: 10 });
    const to = left.system.resolve<number>("parley://right/ledger");
    const all = Promise.all(range(20).map((number) => to.offer(number, ACKNOWLEDGED)));
    await hosts.clock.pass(55);
    hosts.kill("right");
    const kept = before.length;
    expect(kept).toBeGreaterThan(2);
    await hosts.clock.pass(3_000);
    ledger(await hosts.start("right"), hosts, after);
    await hosts.clock.until(all);
    // The new life knows nothing of what the old one had done, but whose acknowledgement had come is not sent again.
    expect(after).toStrictEqual(range(20).slice(20 - after.length));
    expect(kept + after.length).toBeGreaterThanOrEqual(20);
    expect(kept + after.length).toBeLessThanOrEqual(21);
  });

  it("ends with the reason where delivery makes no sense", async () => {
    const hosts = new Hosts();
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    right.system.spawn<number>(() => () => undefined, { name: "closed" });
    const offer = (name: string): Promise<string> =>
      outcome(hosts.clock.until(left.system.resolve<number>(`parley://right/${name}`).offer(1, ACKNOWLEDGED)));
    expect(await offer("nobody")).toBe("no-such-actor");
    expect(await offer("closed")).toBe("bad-message");
    const unreachable = left.system.resolve<number>("parley://nowhere/ledger");
    expect(await outcome(hosts.clock.until(unreachable.offer(1)))).toBe("peer-gone");
  });

  it("ends in time when the host does not come back, or when it is cancelled", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const to = left.system.resolve<number>("parley://right/ledger");
    const late = outcome(to.offer(1, { acknowledged: true, timeoutMs: 7_000 }));
    const cancel = new AbortController();
    const cancelled = outcome(to.offer(2, { ...ACKNOWLEDGED, signal: cancel.signal }));
    await hosts.clock.pass(1_000);
    expect(left.remoting.peers()).toMatchObject([{ peer: "right", outbox: 2 }]);
    cancel.abort();
    expect(await cancelled).toBe("cancelled");
    expect(await outcome(to.offer(3, { ...ACKNOWLEDGED, signal: cancel.signal }))).toBe("cancelled");
    expect(await hosts.clock.until(late)).toBe("ask-timeout");
    expect(hosts.clock.nowMs()).toBeLessThan(7_100);
    expect(left.remoting.peers()).toMatchObject([{ outbox: 0 }]);
  });

  it("has a bounded outbox that answers when it is full", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left", { limits: { maxOutboxMessages: 5, maxOutboxBytes: 100_000 } });
    const to = left.system.resolve<unknown>("parley://right/ledger");
    const five = range(5).map((number) => outcome(to.offer(number, ACKNOWLEDGED)));
    expect(await outcome(to.offer(5, ACKNOWLEDGED))).toBe("mailbox-full");
    const kept: number[] = [];
    ledger(await hosts.start("right"), hosts, kept);
    expect(await hosts.clock.until(Promise.all(five))).toStrictEqual(Array<string>(5).fill("ok undefined"));
    const large = outcome(to.offer(new Uint8Array(90_000), ACKNOWLEDGED));
    expect(await outcome(to.offer(new Uint8Array(20_000), ACKNOWLEDGED))).toBe("mailbox-full");
    expect(await hosts.clock.until(large)).toBe("ok undefined");
    expect(await hosts.clock.until(outcome(to.offer(new Uint8Array(20_000), ACKNOWLEDGED)))).toBe("ok undefined");
  });

  it("does not let a sender that asks too much fill the receiver's memory", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left", { limits: { maxOutboxMessages: 100 } });
    const right = await hosts.start("right", { limits: { maxOutboxMessages: 10 } });
    const kept: number[] = [];
    ledger(right, hosts, kept, { delayMs: 5 });
    const to = left.system.resolve<number>("parley://right/ledger");
    const outcomes = await hosts.clock.until(
      Promise.all(range(30).map((number) => outcome(to.offer(number, ACKNOWLEDGED)))),
    );
    expect(outcomes.filter((each) => each === "mailbox-full").length).toBe(20);
    expect(kept).toStrictEqual(range(10));
    // Those that were answered make room again.
    expect(await hosts.clock.until(outcome(to.offer(99, ACKNOWLEDGED)))).toBe("ok undefined");
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ActorError } from "../../src/index.ts";
import { type Delivery, Router, type RouterEffect } from "../../src/placement/router.ts";
import type { ShardRow } from "../../src/placement/table.ts";

const LIMITS = { maxHeld: 20, maxUnderWay: 6, retryMs: 100 };
const LOST = { type: "lost", error: new ActorError("peer-gone", "gone") } as const;

type Dispatch = Extract<RouterEffect<string>, { type: "dispatch" }>;

function delivery(sequence: number, isAcknowledged = true, dueMs = 1_000): Delivery<string> {
  return { sequence, shard: 0, entity: "e", dueMs, isAcknowledged, content: `m${sequence}` };
}

function row(epoch: number, owner: string | undefined): readonly ShardRow[] {
  return [{ epoch, owner }];
}

function seen(effects: readonly RouterEffect<string>[]): readonly string[] {
  return effects.map((effect) =>
    effect.type === "refuse"
      ? `refuse ${effect.delivery.content} ${effect.error.code}`
      : `${effect.delivery.content} to ${effect.owner}@${effect.epoch}`,
  );
}

describe("a router", () => {
  test("holds messages until there is an owner, and sends them in their order", () => {
    const router = new Router<string>(LIMITS);
    expect([1, 2].flatMap((n) => seen(router.send(delivery(n), 0)))).toEqual([]);
    expect(seen(router.table(row(1, "a"), 5))).toEqual(["m1 to a@1", "m2 to a@1"]);
    expect([router.held, router.underWay]).toEqual([0, 2]);
  });

  test("sends nothing to a new owner before the old one has answered all", () => {
    const router = new Router<string>(LIMITS);
    router.table(row(1, "a"), 0);
    router.send(delivery(1), 0);
    router.send(delivery(2), 0);
    expect(seen(router.table(row(2, "b"), 1))).toEqual([]);
    expect(seen(router.send(delivery(3), 1))).toEqual([]);
    expect(seen(router.settled(delivery(1), { type: "moved" }, 2))).toEqual([]);
    expect(seen(router.settled(delivery(2), { type: "moved" }, 2))).toEqual(["m1 to b@2", "m2 to b@2", "m3 to b@2"]);
  });

  test("tries an owner that gave its shard up again after a pause, unless it hears of another", () => {
    const router = new Router<string>(LIMITS);
    router.table(row(1, "a"), 0);
    router.send(delivery(1), 0);
    expect(seen(router.settled(delivery(1), { type: "moved" }, 10))).toEqual([]);
    expect(seen(router.tick(109))).toEqual([]);
    expect(seen(router.tick(110))).toEqual(["m1 to a@1"]);
    expect(seen(router.settled(delivery(1), { type: "moved" }, 120))).toEqual([]);
    expect(seen(router.table(row(2, "b"), 121))).toEqual(["m1 to b@2"]);
  });

  test("sends what follows a lost message again after it, as a new run, once all is answered", () => {
    const router = new Router<string>(LIMITS);
    router.table(row(1, "a"), 0);
    const sent = [1, 2].flatMap((n) => router.send(delivery(n), 0));
    const places = (effects: readonly RouterEffect<string>[]) =>
      effects.map((effect) => (effect.type === "dispatch" ? [effect.delivery.content, effect.place] : []));
    expect(places(sent)).toEqual([
      ["m1", { run: 1, index: 0 }],
      ["m2", { run: 1, index: 1 }],
    ]);
    expect(router.settled(delivery(2), { type: "again" }, 0)).toEqual([]);
    expect(router.send(delivery(3), 0)).toEqual([]);
    expect(places(router.settled(delivery(1), { type: "over" }, 0))).toEqual([
      ["m2", { run: 2, index: 0 }],
      ["m3", { run: 2, index: 1 }],
    ]);
  });

  test("sends what may have been lost again only when it is acknowledged", () => {
    const router = new Router<string>(LIMITS);
    router.table(row(1, "a"), 0);
    router.send(delivery(1, false), 0);
    router.send(delivery(2, true), 0);
    expect(seen(router.settled(delivery(1, false), LOST, 0))).toEqual(["refuse m1 peer-gone"]);
    expect(seen(router.settled(delivery(2, true), LOST, 0))).toEqual([]);
    expect(seen(router.tick(100))).toEqual(["m2 to a@1"]);
  });

  test("keeps what has not left for the owner's host, acknowledged or not, and tries the same owner again", () => {
    const router = new Router<string>(LIMITS);
    router.table(row(1, "a"), 0);
    router.send(delivery(1, false), 0);
    router.send(delivery(2, true), 0);
    expect(seen(router.settled(delivery(1, false), { type: "unsent" }, 0))).toEqual([]);
    expect(seen(router.settled(delivery(2, true), { type: "unsent" }, 0))).toEqual([]);
    expect(seen(router.tick(99))).toEqual([]);
    expect(seen(router.tick(100))).toEqual(["m1 to a@1", "m2 to a@1"]);
  });

  test("refuses what finds no room or no owner in time", () => {
    const router = new Router<string>({ ...LIMITS, maxHeld: 1 });
    router.send(delivery(1), 0);
    expect(seen(router.send(delivery(2), 0))).toEqual(["refuse m2 mailbox-full"]);
    expect(seen(router.tick(999))).toEqual([]);
    expect(seen(router.tick(1_000))).toEqual(["refuse m1 ask-timeout"]);
    expect(router.held).toBe(0);
  });
});

type Step = readonly ["send" | "done" | "moved" | "lost" | "table" | "tick", number];

test("whatever owners answer, a shard's messages are handled in their order, each once or refused, and within the bounds", () => {
  const step = fc.tuple(
    fc.constantFrom<Step[0]>("send", "send", "send", "done", "done", "moved", "lost", "table", "tick"),
    fc.nat(60),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const router = new Router<string>(LIMITS);
      const epochs = [1, 1, 1];
      const rows = (): readonly ShardRow[] => epochs.map((epoch) => ({ epoch, owner: `o${epoch}` }));
      let [nowMs, sequence] = [0, 0];
      const underWay: Dispatch[] = [];
      const handled: Delivery<string>[] = [];
      const ends = new Map<number, number>();
      const end = ({ sequence: n }: Delivery<string>): void => void ends.set(n, (ends.get(n) ?? 0) + 1);
      const take = (effects: readonly RouterEffect<string>[]): void => {
        for (const effect of effects) {
          if (effect.type === "refuse") end(effect.delivery);
          else underWay.push(effect);
        }
        expect(underWay.length).toBeLessThanOrEqual(LIMITS.maxUnderWay);
        expect(router.underWay).toBe(underWay.length);
        expect(router.held).toBeLessThanOrEqual(LIMITS.maxHeld + LIMITS.maxUnderWay);
        for (const shard of [0, 1, 2]) {
          const own = underWay.filter(({ delivery: { shard: each } }) => each === shard);
          expect(new Set(own.map(({ epoch }) => epoch)).size).toBeLessThanOrEqual(1);
        }
      };
      // An owner takes a shard's messages in the order they were sent: it answers the oldest of a shard first.
      const answer = (n: number, outcome: "done" | "moved" | "lost"): void => {
        const oldest = underWay.filter(
          ({ delivery }) =>
            !underWay.some(
              (each) => each.delivery.shard === delivery.shard && each.delivery.sequence < delivery.sequence,
            ),
        );
        const one = oldest[n % Math.max(1, oldest.length)];
        if (one === undefined) return;
        underWay.splice(underWay.indexOf(one), 1);
        // After a message that was given back, nothing later may be handled under the same epoch.
        const isBlocked = blocked.get(one.delivery.shard) === one.epoch;
        const real = outcome === "done" && isBlocked ? "moved" : outcome;
        if (real !== "done") blocked.set(one.delivery.shard, one.epoch);
        if (real === "done") {
          handled.push(one.delivery);
          end(one.delivery);
        }
        take(
          router.settled(
            one.delivery,
            real === "done" ? { type: "over" } : real === "moved" ? { type: "moved" } : LOST,
            nowMs,
          ),
        );
        if (!underWay.some(({ delivery: { shard } }) => shard === one.delivery.shard))
          blocked.delete(one.delivery.shard);
      };
      const blocked = new Map<number, number>();
      take(router.table(rows(), 0));
      for (const [action, n] of steps) {
        if (action === "send") {
          sequence += 1;
          take(router.send({ ...delivery(sequence, true, nowMs + 100 + 10 * n), shard: n % 3 }, nowMs));
        }
        if (action === "done" || action === "moved" || action === "lost") answer(n, action);
        if (action === "table") {
          epochs[n % 3] = (epochs[n % 3] ?? 0) + 1;
          take(router.table(rows(), nowMs));
        }
        if (action === "tick") take(router.tick((nowMs += n)));
      }
      for (let rounds = 0; router.held + underWay.length > 0; rounds += 1) {
        expect(rounds).toBeLessThan(1_000);
        while (underWay.length > 0) answer(0, "done");
        take(router.tick((nowMs += 100)));
      }
      expect(ends.size).toBe(sequence);
      expect([...ends.values()].every((times) => times === 1)).toBe(true);
      for (const shard of [0, 1, 2]) {
        const order = handled.filter((each) => each.shard === shard).map((each) => each.sequence);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 500 },
  );
});

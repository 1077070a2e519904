import { describe, expect, test } from "vitest";
import { Digest } from "../digest.ts";
import { Network } from "../network.ts";
import { Random } from "../random.ts";
import { Timeline } from "../timeline.ts";
import { endOfTurn, never } from "../turn.ts";

describe("the simulation kit", () => {
  test("the same seed draws the same numbers, and a fork draws its own whatever others draw", () => {
    const [a, b] = [new Random(7), new Random(7)];
    for (let i = 0; i < 100; i += 1) a.next();
    expect(a.fork("disk").next()).toBe(b.fork("disk").next());
    expect(new Random(7).next()).toBe(b.next());
    expect(new Random(7).next()).not.toBe(new Random(8).next());
    expect(new Random(7).next()).not.toBe(new Random(7 + 2 ** 32).next());
  });

  test("numbers are spread evenly", () => {
    const random = new Random(1);
    const counts = new Map<number, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const drawn = random.between(0, 9);
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect(counts.size).toBe(10);
    expect(Math.min(...counts.values())).toBeGreaterThan(850);
    expect(Math.max(...counts.values())).toBeLessThan(1150);
  });

  test("events happen in the order of their time, and of their making where times are equal", () => {
    const timeline = new Timeline();
    const random = new Random(3);
    const seen: [number, number][] = [];
    for (let made = 0; made < 500; made += 1) {
      timeline.after(random.between(0, 50), () => seen.push([timeline.now, made]));
    }
    while (timeline.runNext(1000)) continue;
    expect(seen).toEqual(seen.toSorted(([t1, m1], [t2, m2]) => t1 - t2 || m1 - m2));
    expect(seen).toHaveLength(500);
    expect(timeline.now).toBe(1000);
  });

  test("a turn ends when no promise can go on without another event", async () => {
    const timeline = new Timeline();
    const seen: string[] = [];
    const sleep = (delay: number): Promise<void> => new Promise((resolve) => timeline.after(delay, resolve));
    const work = async (name: string, delay: number): Promise<void> => {
      await sleep(delay);
      for (let step = 0; step < 100; step += 1) await Promise.resolve();
      seen.push(`${name} after ${timeline.now}`);
      await never();
      seen.push("never");
    };
    const both = Promise.all([work("b", 20), work("a", 10)]);
    await endOfTurn();
    expect(seen).toEqual([]);
    while (timeline.runNext(100)) {
      const before = seen.length;
      await endOfTurn();
      expect(seen).toHaveLength(before + 1);
    }
    expect(seen).toEqual(["a after 10", "b after 20"]);
    expect(both).toBeInstanceOf(Promise);
  });

  test("a link that is cut twice carries again only after it is mended twice, and its other direction is its own", () => {
    const network = new Network(new Random(1));
    network.cut(1, 2);
    network.cut(1, 2);
    expect(network.fate(1, 2, 0)).toEqual([]);
    expect(network.fate(2, 1, 0)).toHaveLength(1);
    network.mend(1, 2);
    expect(network.isCut(1, 2)).toBe(true);
    network.mend(1, 2);
    expect(network.fate(1, 2, 0)).toHaveLength(1);
  });

  test("without reordering, messages of one link arrive in the order they were sent", () => {
    const network = new Network(new Random(1));
    network.weather = { loss: 0, duplication: 0, delay: 0.5, maxDelay: 100_000, reorder: false };
    const arrivals = Array.from({ length: 200 }, (_, sent) => sent + (network.fate(1, 2, sent)[0] ?? 0));
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
  });

  test("a digest tells orders and values apart", () => {
    const digestOf = (...values: number[]): string => {
      const digest = new Digest();
      for (const value of values) digest.add(value);
      return digest.toString();
    };
    expect(digestOf(1, 2)).toBe(digestOf(1, 2));
    expect(new Set([digestOf(1, 2), digestOf(2, 1), digestOf(1), digestOf(1, 2 ** 33)]).size).toBe(4);
  });
});

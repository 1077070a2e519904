import { describe, expect, it } from "vitest";
import { LifeBook } from "../../../src/cluster/membership/life-book.ts";

const one = (isActive: boolean): ReadonlyMap<number, boolean> => new Map([[1, isActive]]);

describe("the book of who is alive", () => {
  it("does not take a moment's silence for death", () => {
    const book = new LifeBook();
    book.observe(one(true), 0);
    for (let ms = 250; ms < 10_000; ms += 250) book.observe(one(ms % 1_000 === 0), ms);
    expect(book.look(1, 10_000)).toEqual({ isAlive: true, forMs: 10_000, departures: 0 });
  });

  it("counts death from the last sign of life, and each one for an hour", () => {
    const book = new LifeBook();
    book.observe(one(true), 0);
    book.observe(one(true), 1_000);
    book.observe(one(false), 2_500);
    expect(book.look(1, 2_500).isAlive).toBe(true);
    book.observe(one(false), 3_000);
    expect(book.look(1, 4_000)).toEqual({ isAlive: false, forMs: 3_000, departures: 1 });
    book.observe(one(true), 5_000);
    expect(book.look(1, 6_000)).toEqual({ isAlive: true, forMs: 1_000, departures: 1 });
    expect(book.look(1, 3_700_000).departures).toBe(0);
  });

  it("knows nothing of whom it has not seen, and forgets who takes part no more", () => {
    const book = new LifeBook();
    expect(book.look(1, 9)).toEqual({ isAlive: false, forMs: 0, departures: 0 });
    book.observe(one(true), 0);
    book.observe(new Map(), 5);
    expect(book.look(1, 9).isAlive).toBe(false);
  });
});

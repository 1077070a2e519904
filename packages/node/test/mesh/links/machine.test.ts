import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinkMachine, type LinkChange, type LinkEffect, type Offer } from "../../../src/mesh/links/machine.ts";
import { backoffMs, DEFAULT_PACE, fallbackMs } from "../../../src/mesh/links/pace.ts";
import { seeded } from "./seeded.ts";

const HALF = (): number => 0.5;

function machine(isLower: boolean): LinkMachine {
  return new LinkMachine({ isLower, pace: DEFAULT_PACE, random: HALF, nowMs: 0 });
}

describe("when to dial", () => {
  it("backs off twice as long each time, with jitter, and never beyond the bound", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, die) => {
        const pauseMs = backoffMs(failures, DEFAULT_PACE, () => die);
        expect(pauseMs).toBeGreaterThanOrEqual(Math.min(25 * 2 ** (failures - 1), 2_500));
        expect(pauseMs).toBeLessThanOrEqual(5_000);
        expect(fallbackMs(1_500, () => die)).toBeLessThan(2_001);
      }),
    );
  });

  it("is at once for the lower peer id, and a while later for the other, unless there is news", () => {
    expect(machine(true).dueMs).toBe(0);
    const higher = machine(false);
    expect(higher.dueMs).toBeGreaterThanOrEqual(300);
    expect(higher.on({ type: "tick" }, 10)).toEqual([]);
    expect(higher.on({ type: "nudged" }, 11)).toEqual([{ type: "dial", attempt: 1, lost: undefined }]);
    expect(higher.dueMs).toBeUndefined();
  });

  it("is at once for both when a link was closed, and for the lower one when it fell silent", () => {
    for (const isLower of [true, false]) {
      for (const closed of [true, false]) {
        const side = machine(isLower);
        side.on({ type: "offer", offer: { id: "a", incarnation: "i", lost: undefined } }, 0);
        side.on({ type: "lost", id: "a", closed }, 10_000);
        expect(side.dueMs).toBe(isLower || closed ? 10_000 : 10_000 + fallbackMs(1_500, HALF));
      }
    }
  });
});

describe("a peer that cannot be reached", () => {
  it("is dialled again for ever, no more than some seconds after the last attempt, however long that lasts", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.integer({ min: 0, max: 4_000 }),
        (isLower, seed, attemptMs) => {
          const side = new LinkMachine({ isLower, pace: DEFAULT_PACE, random: seeded(seed), nowMs: 0 });
          let nowMs = 0;
          for (let attempt = 1; nowMs < 10 * 60_000; attempt += 1) {
            const dueMs = side.dueMs ?? Infinity;
            expect(dueMs - nowMs).toBeLessThanOrEqual(DEFAULT_PACE.maxBackoffMs);
            nowMs = Math.max(nowMs, dueMs);
            expect(side.on({ type: "tick" }, nowMs)).toEqual([{ type: "dial", attempt, lost: undefined }]);
            nowMs += attemptMs;
            side.on({ type: "failed", attempt, declined: false }, nowMs);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("which link stays", () => {
  const offer = (id: string, more: Partial<Offer> = {}): LinkChange => ({
    type: "offer",
    offer: { id, incarnation: "i", lost: undefined, ...more },
  });
  const types = (effects: readonly LinkEffect[]): readonly string[] => effects.map(({ type }) => type);

  function dialledHere(isLower: boolean): LinkMachine {
    const side = machine(isLower);
    side.on({ type: "nudged" }, 0);
    side.on({ type: "welcomed", attempt: 1, link: { id: "mine", incarnation: "i" } }, 0);
    return side;
  }

  it("is that of the lower id when both are under way", () => {
    for (const isLower of [true, false]) {
      const side = machine(isLower);
      side.on({ type: "nudged" }, 0);
      side.on({ type: "offered", attempt: 1 }, 0);
      expect(types(side.on(offer("theirs"), 1))).toEqual(isLower ? ["decline"] : ["cancel", "take"]);
    }
  });

  it("is the one that is there when the other has not been offered yet", () => {
    const lower = machine(true);
    lower.on({ type: "tick" }, 0);
    expect(types(lower.on(offer("theirs"), 1))).toEqual(["cancel", "take"]);
  });

  it("is the newer one of the same dialler", () => {
    for (const isLower of [true, false]) {
      const side = machine(isLower);
      side.on(offer("first"), 0);
      expect(types(side.on(offer("second"), 1))).toEqual(["drop", "take"]);
    }
  });

  it("is the one held by the lower id, unless the other side says that it is lost", () => {
    expect(types(dialledHere(true).on(offer("theirs"), 1))).toEqual(["decline"]);
    expect(types(dialledHere(true).on(offer("theirs", { lost: "mine" }), 1))).toEqual(["drop", "take"]);
    expect(types(dialledHere(false).on(offer("theirs"), 1))).toEqual(["drop", "take"]);
  });

  it("is the one with the process that has it: another of the same identity is turned away until that one is gone", () => {
    for (const isLower of [true, false]) {
      const side = dialledHere(isLower);
      const another = offer("theirs", { incarnation: "j" });
      expect(side.on(another, 1)).toMatchObject([{ type: "decline", isTwin: true }]);
      expect(side.on(offer("theirs", { incarnation: "j", lost: "mine" }), 2)).toMatchObject([{ isTwin: true }]);
      expect(side.link).toMatchObject({ id: "mine", incarnation: "i" });
      side.on({ type: "lost", id: "mine", closed: true }, 3);
      expect(types(side.on(another, 4))).toEqual(["take"]);
    }
  });
});

/** Two machines and the network between them, under a clock of their own. */
class Pair {
  nowMs = 0;
  readonly #random: () => number;
  readonly #sides: readonly [LinkMachine, LinkMachine];
  readonly #queue: { readonly atMs: number; readonly run: () => void }[] = [];
  /** Ends of links that their sides have closed, and when the last word sent by them arrives. */
  readonly #closed = new Set<string>();
  readonly #arrivals = new Map<string, number>();
  readonly #attempts: [Map<number, string>, Map<number, string>] = [new Map(), new Map()];
  readonly #incarnations = ["i0", "i1"];
  #links = 0;
  lossy = true;
  /** Links that a side held and holds no more. */
  lost = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
    const side = (isLower: boolean): LinkMachine =>
      new LinkMachine({ isLower, pace: DEFAULT_PACE, random: this.#random, nowMs: 0 });
    this.#sides = [side(true), side(false)];
  }

  link(side: 0 | 1): string | undefined {
    return this.#sides[side].link?.id;
  }

  runUntil(endMs: number): void {
    for (;;) {
      const next = this.#queue.reduce((a, b) => (b.atMs < a.atMs ? b : a), {
        atMs: Infinity,
        run: (): void => undefined,
      });
      const dues = ([0, 1] as const).map((side) => this.#sides[side].dueMs ?? Infinity);
      const atMs = Math.min(next.atMs, ...dues);
      if (atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next.atMs <= Math.min(...dues)) {
        this.#queue.splice(this.#queue.indexOf(next), 1);
        next.run();
      } else {
        this.#on((dues[0] ?? 0) <= (dues[1] ?? 0) ? 0 : 1, { type: "tick" });
      }
    }
    this.nowMs = endMs;
  }

  nudge(side: 0 | 1): void {
    this.#on(side, { type: "nudged" });
  }

  /** Both ends of whatever there is notice, each in its time, or one of them does not until it is told. */
  cut(): void {
    for (const side of [0, 1] as const) {
      const id = this.link(side);
      if (id !== undefined) this.#later(2_500 * this.#random(), () => this.#lose(side, id, this.#random() < 0.5));
    }
  }

  #on(side: 0 | 1, change: LinkChange): void {
    for (const effect of this.#sides[side].on(change, this.nowMs)) this.#carryOut(side, effect);
  }

  #carryOut(side: 0 | 1, effect: LinkEffect): void {
    switch (effect.type) {
      case "dial":
        return this.#dial(side, effect.attempt, effect.lost);
      case "cancel": {
        const id = this.#attempts[side].get(effect.attempt);
        this.#attempts[side].delete(effect.attempt);
        if (id !== undefined) this.#close(side, id);
        return;
      }
      case "drop":
        return this.#close(side, effect.id);
      case "take":
        return this.#answer(side, effect.offer, true);
      case "decline":
        return this.#answer(side, effect.offer, false);
    }
  }

  #dial(side: 0 | 1, attempt: number, lost: string | undefined): void {
    const id = `${side}:${(this.#links += 1)}`;
    this.#attempts[side].set(attempt, id);
    this.#later(20 * this.#random(), () => {
      if (this.#attempts[side].get(attempt) !== id) return;
      if (this.lossy && this.#random() < 0.3) return this.#fail(side, attempt, false);
      this.#on(side, { type: "offered", attempt });
      const offer = { id, incarnation: this.#incarnations[side] ?? "", lost };
      this.#send(side, id, () => this.#on(other(side), { type: "offer", offer }));
    });
  }

  /** `side` answers an offer of the other one. */
  #answer(side: 0 | 1, offer: Offer, takes: boolean): void {
    const dialler = other(side);
    this.#send(side, offer.id, () => {
      const attempt = this.#attemptOf(dialler, offer.id);
      if (attempt === undefined) return;
      if (!takes) return this.#fail(dialler, attempt, true);
      this.#attempts[dialler].delete(attempt);
      const link = { id: offer.id, incarnation: this.#incarnations[side] ?? "" };
      this.#on(dialler, { type: "welcomed", attempt, link });
    });
  }

  #fail(side: 0 | 1, attempt: number, declined: boolean): void {
    const id = this.#attempts[side].get(attempt);
    this.#attempts[side].delete(attempt);
    if (id !== undefined) this.#close(side, id);
    this.#on(side, { type: "failed", attempt, declined });
  }

  /** One end closes a link; the other end learns of it, after what was sent before. */
  #close(side: 0 | 1, id: string): void {
    if (this.#closed.has(`${side} ${id}`)) return;
    this.#closed.add(`${side} ${id}`);
    this.#send(side, id, () => this.#lose(other(side), id, true));
  }

  #lose(side: 0 | 1, id: string, closed: boolean): void {
    const attempt = this.#attemptOf(side, id);
    if (attempt !== undefined) return this.#fail(side, attempt, false);
    this.#close(side, id);
    if (this.link(side) === id) this.lost += 1;
    this.#on(side, { type: "lost", id, closed });
  }

  #attemptOf(side: 0 | 1, id: string): number | undefined {
    return [...this.#attempts[side]].find(([, each]) => each === id)?.[0];
  }

  /** What `side` says on a link arrives in order, some time later. */
  #send(side: 0 | 1, id: string, arrive: () => void): void {
    const way = `${side} ${id}`;
    const atMs = Math.max(this.nowMs + 20 * this.#random(), this.#arrivals.get(way) ?? 0);
    this.#arrivals.set(way, atMs);
    this.#later(atMs - this.nowMs, arrive);
  }

  #later(delayMs: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + delayMs, run });
  }
}

function other(side: 0 | 1): 0 | 1 {
  return side === 0 ? 1 : 0;
}

describe("two peers that make links with each other", () => {
  const event = fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    what: fc.constantFrom("nudge 0", "nudge 1", "nudge both", "cut", "nothing"),
  });

  it("come to hold one and the same link, whatever happened before, and keep it", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(event, { maxLength: 30 }), (seed, events) => {
        const pair = new Pair(seed);
        for (const { afterMs, what } of events) {
          pair.runUntil(pair.nowMs + afterMs);
          if (what === "cut") pair.cut();
          if (what === "nudge 0" || what === "nudge both") pair.nudge(0);
          if (what === "nudge 1" || what === "nudge both") pair.nudge(1);
        }
        pair.lossy = false;
        // The longest back-off, a silence that had to be noticed, and the ways there and back.
        pair.runUntil(pair.nowMs + 15_000);
        const held = [pair.link(0), pair.link(1)];
        expect(held[0]).toBeDefined();
        expect(held[1]).toBe(held[0]);
        pair.runUntil(pair.nowMs + 60_000);
        expect([pair.link(0), pair.link(1)]).toEqual(held);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never give up a link that they hold where nothing is lost, however both dial", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.tuple(fc.nat(60), fc.boolean()), { maxLength: 20 }), (seed, nudges) => {
        const pair = new Pair(seed);
        pair.lossy = false;
        for (const [afterMs, isLower] of nudges) {
          pair.runUntil(pair.nowMs + afterMs);
          pair.nudge(isLower ? 0 : 1);
        }
        pair.runUntil(pair.nowMs + 2_000);
        expect(pair.link(0)).toBeDefined();
        expect(pair.link(1)).toBe(pair.link(0));
        expect(pair.lost).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

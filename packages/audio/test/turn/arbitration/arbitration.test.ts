import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitrationOptions, bidScore, createArbiter } from "../../../src/turn/index.ts";
import type { Hearing } from "../../../src/turn/index.ts";
import { run } from "./house.ts";
import type { Ears, Mesh, Outcome } from "./house.ts";

const WINDOW_MS = 120;
const GOOD: Hearing = { wakeScore: 0.9, levelDbfs: -30, noiseFloorDbfs: -60, ready: true };

/** A mesh from a list of numbers 0 to 1: as delays below `slowestMs`, or lost when below `loss`. */
function mesh(numbers: readonly number[], slowestMs: number, loss = 0): Mesh {
  let next = 0;
  const draw = (): number => numbers[(next += 1) % numbers.length] ?? 0;
  return () => (draw() < loss ? "lost" : draw() * slowestMs);
}

const part = fc.double({ min: 0, max: 0.999, noNaN: true });
const draws = fc.array(part, { minLength: 61, maxLength: 61 });
const hearing = fc.record({
  hearsAtMs: fc.double({ min: 0, max: 20, noNaN: true }),
  tookMs: fc.double({ min: 0, max: 260, noNaN: true }),
  // Few scores, so that ties are met.
  score: fc.constantFrom(1, 2, 3, 3, Number.NaN),
});
const house = fc.array(hearing, { minLength: 2, maxLength: 6 });

describe("one host alone", () => {
  test("answers at once, without a message", () => {
    const alone = createArbiter("a");
    expect(alone.heard({ number: 7, score: 1, agoMs: 100, others: [] }, 5)).toEqual([{ type: "win", number: 7 }]);
    expect(alone.heard({ number: 8, score: 1, agoMs: 100, others: ["a"] }, 5000)).toEqual([{ type: "win", number: 8 }]);
    expect(alone.nextDueMs).toBeUndefined();
  });

  test("that others are known of but silent answers after the window", () => {
    const { winners, tookMs } = run([{ hearsAtMs: 0, tookMs: 50, score: 1 }], () => 1);
    expect({ winners, tookMs }).toEqual({ winners: [0], tookMs: 0 });
    const among = createArbiter("a");
    among.heard({ number: 1, score: 1, agoMs: 0, others: ["b"] }, 0);
    expect(among.advance(119).some(({ type }) => type === "win")).toBe(false);
    expect(among.advance(120)).toContainEqual({ type: "win", number: 1 });
  });
});

describe("several hosts", () => {
  test("exactly one answers when messages are slower than nothing and faster than the window", () => {
    fc.assert(
      fc.property(house, draws, (ears, numbers) => {
        const { winners, takenBack, undecided } = run(ears, mesh(numbers, WINDOW_MS));
        expect({ count: winners.length, takenBack, undecided }).toEqual({ count: 1, takenBack: 0, undecided: 0 });
      }),
      { numRuns: 1500 },
    );
  });

  test("on a quick mesh it is the best of those that heard it together, within the window and a round trip", () => {
    fc.assert(
      fc.property(house, draws, (ears, numbers) => {
        const near = ears.map((one) => ({ ...one, hearsAtMs: one.hearsAtMs / 2, tookMs: one.tookMs / 4 }));
        const { winners, tookMs } = run(near, mesh(numbers, 15));
        const best = near.reduce((a, b) => ((b.score || 0) > (a.score || 0) ? b : a));
        expect(near[winners[0] ?? 0]?.score || 0).toBe(best.score || 0);
        expect(tookMs).toBeLessThanOrEqual(150);
      }),
      { numRuns: 500 },
    );
  });

  test("a host whose microphone is heard most of a second late does not answer as well", () => {
    for (const lateMs of [300, 500, 730, 900]) {
      const house: readonly Ears[] = [
        { hearsAtMs: 0, tookMs: 100, score: 2 },
        { hearsAtMs: 5, tookMs: 100, score: 1 },
        { hearsAtMs: lateMs, tookMs: 100, score: 3 },
      ];
      expect(run(house, () => 3).winners).toEqual([0]);
    }
  });

  test("two answer as soon as all bids are in, not after the window", () => {
    const two: readonly Ears[] = [
      { hearsAtMs: 0, tookMs: 100, score: 2 },
      { hearsAtMs: 5, tookMs: 100, score: 1 },
    ];
    expect(run(two, () => 3).tookMs).toBe(8);
  });

  test("somebody always answers, whatever is lost, and whoever dies", () => {
    const dying = fc.tuple(hearing, fc.option(fc.nat(600), { nil: undefined }));
    fc.assert(
      fc.property(fc.array(dying, { maxLength: 5 }), hearing, draws, part, (others, living, numbers, loss) => {
        const ears: Ears[] = [living];
        for (const [one, diesAtMs] of others) ears.push(diesAtMs === undefined ? one : { ...one, diesAtMs });
        const outcome = run(ears, mesh(numbers, WINDOW_MS, loss));
        // Who died after it had claimed may leave the others believing it: they were told, and it is gone.
        const lateDeath = ears.some((one) => one.diesAtMs !== undefined);
        if (!lateDeath) expect(outcome.winners.length).toBeGreaterThan(0);
        expect(outcome.undecided).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("a host that dies with the best bid is stood in for by the second best, and by it alone", () => {
    const three: readonly Ears[] = [
      { hearsAtMs: 0, tookMs: 100, score: 3, diesAtMs: 110 },
      { hearsAtMs: 0, tookMs: 100, score: 2 },
      { hearsAtMs: 0, tookMs: 100, score: 1 },
    ];
    expect(run(three, () => 5)).toMatchObject({ winners: [1], takenBack: 0, tookMs: 480 });
  });

  test("each side of a cut has its own answer; healed, the worse yields", () => {
    const four: readonly Ears[] = [1, 2, 3, 4].map((score) => ({ hearsAtMs: 0, tookMs: 100, score }));
    const side = (index: number): boolean => index < 2;
    expect(run(four, (from, to) => (side(from) === side(to) ? 5 : "lost")).winners).toEqual([1, 3]);

    const [a, b] = [createArbiter("a"), createArbiter("b")];
    a.heard({ number: 1, score: 1, agoMs: 0, others: ["b"] }, 0);
    b.heard({ number: 1, score: 2, agoMs: 0, others: ["a"] }, 0);
    const [claim] = a
      .advance(120)
      .flatMap((effect) => ("message" in effect ? [effect.message] : []).slice(-1))
      .slice(-1);
    b.advance(120);
    const answer = claim === undefined ? [] : b.received(claim, 300);
    const [back] = answer.flatMap((effect) => ("message" in effect ? [effect.message] : []));
    expect(back).toMatchObject({ type: "claim", from: { host: "b" } });
    expect(back === undefined ? [] : a.received(back, 305)).toEqual([{ type: "yield", number: 1, to: "b" }]);
  });

  test("how often it is not exactly one when messages are lost (printed)", () => {
    const counts = new Map<string, number>();
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (const loss of [0, 0.01, 0.05, 0.2]) {
      const outcomes: Outcome[] = Array.from({ length: 400 }, (_, round) => {
        const ears = Array.from({ length: 2 + (round % 5) }, () => ({
          hearsAtMs: random() * 20,
          tookMs: random() * 150,
          score: random(),
        }));
        return run(ears, () => (random() < loss ? "lost" : random() * 30));
      });
      const count = (what: (one: Outcome) => boolean): number => outcomes.filter(what).length;
      const several = count(({ winners }) => winners.length > 1);
      counts.set(`${loss * 100} %`, several);
      const sorted = outcomes.map(({ tookMs }) => tookMs).sort((x, y) => x - y);
      console.log(
        `loss ${loss * 100} %: of ${outcomes.length} exactly one ${count(({ winners }) => winners.length === 1)}, several ${several}, none ${count(({ winners }) => winners.length === 0)}, taken back ${count(({ takenBack }) => takenBack > 0)}; decided p50 ${sorted[200]?.toFixed(0)} p95 ${sorted[380]?.toFixed(0)} ms; ${(outcomes.reduce((sum, one) => sum + one.messages, 0) / outcomes.length).toFixed(0)} messages`,
      );
      expect(count(({ winners }) => winners.length === 0)).toBe(0);
    }
    expect(counts.get("0 %")).toBe(0);
    expect(counts.get("5 %")).toBeLessThanOrEqual(8);
  });

  test("who stood still and hears it late is told who has answered, though what was said meanwhile came late as well", () => {
    const stopped = createArbiter("a");
    const bid = { type: "bid", from: { host: "b", number: 7 }, score: 1, agoMs: 100 } as const;
    const claim = { ...bid, type: "claim", agoMs: 220 } as const;
    // Both were sent at 1,000 and 1,120; the word had ended at 900.
    stopped.received(bid, 3000);
    stopped.received(claim, 3000);
    const late = stopped.heard({ number: 1, score: 9, agoMs: 2110, others: ["b"] }, 3010);
    expect(late).toMatchObject([{ type: "broadcast", message: { type: "bid" } }]);
    // Which is answered at once.
    expect(stopped.received({ ...claim, agoMs: 2112 }, 3014)).toEqual([{ type: "yield", number: 1, to: "b" }]);
  });

  test("the next wake word is another matter", () => {
    const host = createArbiter("a");
    host.received({ type: "claim", from: { host: "b", number: 1 }, score: 1, agoMs: 200 }, 1000);
    expect(host.heard({ number: 1, score: 9, agoMs: 150, others: ["b"] }, 1010)).toEqual([
      { type: "yield", number: 1, to: "b" },
    ]);
    const again = host.heard({ number: 2, score: 9, agoMs: 150, others: ["b"] }, 2000);
    expect(again).toMatchObject([{ type: "broadcast", message: { type: "bid" } }]);
  });
});

describe("whatever others send", () => {
  test("memory stays small and nothing breaks", () => {
    const host = createArbiter("a");
    for (let index = 0; index < 5000; index += 1) {
      const from = { host: `h${index}`, number: index };
      host.received({ type: "bid", from, score: Number.NaN, agoMs: (index % 7) * 5000 }, index / 100);
      host.received({ type: "claim", from, score: 1, agoMs: Number.POSITIVE_INFINITY }, index / 100);
      host.received({ type: "seen", of: { host: "a", number: index }, host: "b" }, index / 100);
    }
    const effects = host.heard({ number: 1, score: 1, agoMs: 0, others: ["b"] }, 60_000);
    expect(effects).toHaveLength(1);
  });

  test("options are times that can work", () => {
    expect(() => arbitrationOptions({ windowMs: 0 })).toThrow(/windowMs/u);
    expect(() => arbitrationOptions({ sameMs: 100 })).toThrow(/sameMs/u);
    expect(() => arbitrationOptions({ keepMs: 500 })).toThrow(/keepMs/u);
  });
});

describe("a bid", () => {
  test.each<[string, Partial<Hearing>, Partial<Hearing>]>([
    [
      "clear at a distance beats loud in noise",
      { levelDbfs: -35, noiseFloorDbfs: -70 },
      { levelDbfs: -10, noiseFloorDbfs: -20 },
    ],
    ["straight beats by way of the walls", { directDb: 6 }, { directDb: -6 }],
    ["a surer detector beats a doubtful one", { wakeScore: 0.95 }, { wakeScore: 0.4 }],
    ["the wished-for host beats its like", { preference: 1 }, { preference: 0 }],
    ["the host of a minute's talk goes on", { talkedAgoMs: 3000 }, {}],
    [
      "a ready host beats a better one that is not",
      { wakeScore: 0.1, levelDbfs: -59 },
      { ready: false, levelDbfs: -20, preference: 1 },
    ],
    ["a number beats none", {}, { levelDbfs: Number.NaN }],
  ])("%s", (_, better, worse) => {
    expect(bidScore({ ...GOOD, ...better })).toBeGreaterThan(bidScore({ ...GOOD, ...worse }));
  });
});

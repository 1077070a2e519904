import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admit, Backlog, decide, fitsMemory, modelMemory, SentJobs, type Load } from "../../src/routing/index.ts";
import { advert, fleet, SELF } from "./support.ts";

describe("what an engine has to do", () => {
  it("is what waits and what is left of what runs", () => {
    const backlog = new Backlog();
    const [first, second] = [backlog.add(1_000, 0), backlog.add(500, 0)];
    expect([backlog.running, backlog.queued, backlog.backlogMs(0)]).toEqual([0, 2, 1_500]);
    first.begin(100);
    expect([backlog.running, backlog.queued, backlog.backlogMs(400)]).toEqual([1, 1, 1_200]);
    // It takes longer than was expected: it is not taken to be over before it is.
    expect(backlog.backlogMs(5_000)).toBe(600);
    second.begin(5_000);
    first.end();
    first.end();
    second.end();
    expect([backlog.running, backlog.queued, backlog.backlogMs(5_000)]).toEqual([0, 0, 0]);
  });

  it("is counted as demand, which fades when nothing more comes", () => {
    const backlog = new Backlog();
    for (let nowMs = 0; nowMs < 20_000; nowMs += 100) backlog.add(150, nowMs).end();
    expect(backlog.demand(20_000)).toBeGreaterThan(1.3);
    expect(backlog.demand(20_000)).toBeLessThan(1.6);
    expect(backlog.demand(30_000)).toBeLessThan(0.02);
  });

  it("is not asked for any more when nobody wants it: what was worked off was", () => {
    const backlog = new Backlog();
    const [wanted, left, waiting] = [backlog.add(1_000, 0), backlog.add(40_000, 0), backlog.add(8_000, 0)];
    wanted.begin(0);
    left.begin(0);
    left.cancel(100);
    waiting.cancel(100);
    waiting.cancel(200);
    left.end();
    expect([backlog.running, backlog.queued, backlog.backlogMs(100)]).toEqual([1, 0, 900]);
    expect(backlog.demand(100)).toBeCloseTo(0.55 * Math.exp(-100 / 2_000), 6);
  });

  it("never counts below nothing, whatever is done in whatever order", () => {
    const step = fc.record({ job: fc.nat(5), deed: fc.constantFrom("begin", "end", "cancel"), atMs: fc.nat(5_000) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.double(), { minLength: 6, maxLength: 6 }),
        (steps, works) => {
          const backlog = new Backlog();
          const jobs = works.map((workMs) => backlog.add(workMs, 0));
          for (const { job, deed, atMs } of steps) jobs[job]?.[deed](atMs);
          expect(backlog.running).toBeGreaterThanOrEqual(0);
          expect(backlog.queued).toBeGreaterThanOrEqual(0);
          expect(backlog.backlogMs(2_500)).toBeGreaterThanOrEqual(0);
          expect(backlog.demand(5_000)).toBeGreaterThanOrEqual(0);
          for (const job of jobs) job.end();
          expect([backlog.running, backlog.queued]).toEqual([0, 0]);
        },
      ),
    );
  });
});

describe("a job that another peer sends", () => {
  const load: Load = { concurrency: 1, running: 1, queued: 1, backlogMs: 1_000, queueCapacity: 2 };
  const terms = { workMs: 500, patienceMs: 4_000, moveAboveMs: 1_200 };

  it("is taken where it waits no longer than its sender reckons with", () => {
    expect(admit(load, terms)).toEqual({ taken: true });
  });

  it.each([
    ["full", { ...load, queued: 2 }, terms],
    ["full", { ...load, concurrency: 0 }, terms],
    ["late", { ...load, backlogMs: 4_001 }, terms],
    ["busier", { ...load, backlogMs: 1_201 }, terms],
  ] as const)("is refused at once where the engine is %s", (why, found, asked) => {
    expect(admit(found, asked)).toEqual({ taken: false, why });
  });

  it("stays where it is once it was sent on often enough", () => {
    const adverts = [advert({ peer: "a" }), advert({ peer: "b" })];
    const decision = decide({ capability: "stt", size: { audioMs: 10_000 } }, fleet(adverts));
    expect(decision.terms()).toMatchObject({ workMs: 1_000, patienceMs: 4_000 });
    // It may wait as long as the way to the other one is, and a little.
    expect(decision.terms(0)?.moveAboveMs).toBeCloseTo(7, 5);
    expect(decision.terms(5)?.moveAboveMs).toBe(Infinity);
    expect(decide({ capability: "stt" }, fleet([advert()])).terms()?.moveAboveMs).toBe(Infinity);
    expect(decide({ capability: "stt" }, fleet([])).terms()).toBeUndefined();
  });

  it("may wait until the next best would be done sooner, and no longer", () => {
    const adverts = [advert({ peer: "a" }), advert({ peer: "b", speed: { realTimeFactor: 0.15, firstResultMs: 0 } })];
    const decision = decide({ capability: "stt", size: { audioMs: 10_000 } }, fleet(adverts));
    const { moveAboveMs = 0 } = decision.terms() ?? {};
    expect(moveAboveMs).toBeGreaterThan(500);
    expect(moveAboveMs).toBeLessThan(520);
  });
});

describe("an engine that has nothing to do", () => {
  it("is never refused, however slow it is and however much was asked of it of late", () => {
    const slow = fc.double({ min: 0.001, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(slow, slow, fc.nat(60_000), fc.nat(20_000), (firstResultMs, realTimeFactor, demand, nowMs) => {
        const idle = advert({ speed: { firstResultMs, realTimeFactor }, demand });
        const decision = decide({ capability: "stt", patienceMs: 0 }, fleet([idle], { nowMs }));
        expect(decision.refusal).toBeUndefined();
        const terms = decision.terms();
        expect(terms === undefined || admit({ ...IDLE, queueCapacity: 0 }, terms)).toEqual({ taken: true });
      }),
    );
  });
});

const IDLE: Load = { concurrency: 1, running: 0, queued: 0, backlogMs: 0, queueCapacity: 2 };

describe("work that goes on where it began", () => {
  const stickTo = { peer: "a", within: "turn" } as const;
  const busy = advert({ running: 1, queued: 2, queueCapacity: 2, backlogMs: 60_000 });

  it("is not refused for what an old advert says: who has the turn is asked", () => {
    expect(decide({ capability: "stt" }, fleet([busy])).refusal?.code).toBe("engines-busy");
    const decision = decide({ capability: "stt", stickTo }, fleet([busy]));
    expect(decision.best?.advert.peer).toBe("a");
    expect(decision.terms()).toMatchObject({ hasTurn: true });
    // It has been asked, and had no room.
    const refusedBy = ["a"];
    expect(decide({ capability: "stt", stickTo, refusedBy }, fleet([busy])).refusal?.code).toBe("engines-busy");
  });

  it("is let in where new work is not, up to a bound", () => {
    const full = { ...IDLE, running: 1, queued: 2 };
    const terms = { workMs: 1, patienceMs: 1_000, moveAboveMs: Infinity };
    expect(admit(full, terms)).toEqual({ taken: false, why: "full" });
    expect(admit(full, { ...terms, hasTurn: true })).toEqual({ taken: true });
    expect(admit({ ...full, queued: 4 }, { ...terms, hasTurn: true })).toEqual({ taken: false, why: "full" });
  });
});

describe("what was sent", () => {
  it("counts until it has ended, or an advert counts it", () => {
    const sent = new SentJobs();
    const over = sent.began("a", "stt", { workMs: 100, arrivesMs: 10 });
    sent.began("a", "stt", { workMs: 50, arrivesMs: 20 });
    expect(sent.unseen("a", "stt")).toEqual({ jobs: 2, workMs: 150 });
    expect([sent.unseen("a", "tts"), sent.unseen("b", "stt")]).toEqual([undefined, undefined]);
    sent.reported("a", "stt", 9);
    over();
    over();
    expect(sent.unseen("a", "stt")).toEqual({ jobs: 1, workMs: 50 });
    sent.reported("a", "stt", 20);
    expect(sent.unseen("a", "stt")).toBeUndefined();
  });

  it("keeps one router from sending a burst to whoever was idle at its beginning", () => {
    const adverts = ["a", "b", "c"].map((peer) => advert({ peer }));
    const sent = new SentJobs();
    const chosen = Array.from({ length: 9 }, () => {
      const inFlight = (peer: string) => sent.unseen(peer, "stt");
      const peer = decide({ capability: "stt" }, fleet(adverts, { inFlight })).best?.advert.peer ?? "";
      sent.began(peer, "stt", { workMs: 400, arrivesMs: 5 });
      return peer;
    });
    expect(chosen.toSorted()).toEqual(["a", "a", "a", "b", "b", "b", "c", "c", "c"]);
  });
});

describe("routers that know the same old adverts", () => {
  it("do not all take the same peer of several that are as good, and take one that seems slower more rarely", () => {
    const speeds = { a: 0.1, b: 0.1, c: 0.15, d: 0.4 };
    const adverts = Object.entries(speeds).map(([peer, realTimeFactor]) =>
      advert({ peer, speed: { realTimeFactor, firstResultMs: 0 }, demand: 0.5 }),
    );
    const counts: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
    for (let n = 0; n < 1_000; n += 1) {
      const { best } = decide({ capability: "stt" }, fleet(adverts, { random: () => n / 1_000 }));
      const peer = best?.advert.peer ?? "";
      counts[peer] = (counts[peer] ?? 0) + 1;
    }
    expect(counts).toEqual({
      a: expect.closeTo(455, -1) as number,
      b: expect.closeTo(455, -1) as number,
      c: expect.closeTo(92, -1) as number,
      d: 0,
    });
  });

  it("take the best where next to nothing is asked of all: nobody else takes it meanwhile", () => {
    const speeds = { a: 0.1, b: 0.11, c: 0.15 };
    const drawn = (demand: number, nowMs = 0): Record<string, number> => {
      const adverts = Object.entries(speeds).map(([peer, realTimeFactor]) =>
        advert({ peer, demand, speed: { realTimeFactor, firstResultMs: 0 } }),
      );
      const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
      for (let n = 0; n < 1_000; n += 1) {
        const { best } = decide({ capability: "stt" }, fleet(adverts, { nowMs, random: () => n / 1_000 }));
        const peer = best?.advert.peer ?? "";
        counts[peer] = (counts[peer] ?? 0) + 1;
      }
      return counts;
    };
    const [none, some, much] = [drawn(0), drawn(0.1), drawn(0.5)];
    expect(none["a"]).toBeGreaterThan(900);
    expect(none["a"]).toBeGreaterThan(some["a"] ?? 1_000);
    expect(some["a"]).toBeGreaterThan(much["a"] ?? 1_000);
    expect(much["a"]).toBeLessThan(600);
    // Much was asked, some time ago.
    expect(drawn(0.5, 20_000)).toEqual(none);
  });

  it("keep what is best here, and what has the turn", () => {
    const adverts = [advert({ peer: SELF }), advert({ peer: "a" }), advert({ peer: "b" })];
    const random = (): number => 0.99;
    expect(decide({ capability: "stt" }, fleet(adverts, { random })).best?.advert.peer).toBe(SELF);
    const stickTo = { peer: "a", within: "turn" } as const;
    expect(decide({ capability: "stt", stickTo }, fleet(adverts, { random })).best?.advert.peer).toBe("a");
  });

  it("reckon with what others will have sent since: who is in demand is not idle for long", () => {
    const idle = advert({ peer: "idle", concurrency: 1, demand: 0 });
    const wanted = advert({
      peer: "wanted",
      concurrency: 1,
      demand: 4,
      speed: { realTimeFactor: 0.09, firstResultMs: 0 },
    });
    const chosen = (nowMs: number) => decide({ capability: "stt" }, fleet([idle, wanted], { nowMs })).best?.advert.peer;
    expect(chosen(0)).toBe("wanted");
    expect(chosen(250)).toBe("idle");
  });
});

describe("a model's memory", () => {
  const GIB = 1024 ** 3;
  it.each([
    [13, 4, 8, true],
    [8, 4, 8, true],
    [13, 8, 8, false],
    [34, 4, 8, false],
    [13, 16, 24, false],
    [13, 16, 32, true],
  ])("%d billion parameters of %d bits in %d GiB: %s", (billions, bitsPerWeight, gib, fits) => {
    expect(fitsMemory(modelMemory({ billions, bitsPerWeight }, false, gib * GIB), 600)).toBe(fits);
  });

  it("also has to hold the conversation, and its weights only once", () => {
    const memory = modelMemory({ billions: 13, bitsPerWeight: 4 }, false, 8 * GIB);
    expect([fitsMemory(memory, 2_000), fitsMemory(memory, 4_000)]).toEqual([true, false]);
    expect(fitsMemory({ ...memory, isLoaded: true }, 4_000)).toBe(true);
  });

  it("decides who may do a job, never more loosely for less memory or more to read", () => {
    const tokens = fc.nat(100_000);
    const gib = fc.double({ min: 0, max: 64, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 70, noNaN: true }),
        fc.constantFrom(4, 8, 16),
        gib,
        gib,
        tokens,
        tokens,
        (billions, bits, a, b, c, d) => {
          const fits = (free: number, promptTokens: number): boolean => {
            const memory = modelMemory({ billions, bitsPerWeight: bits }, false, free * GIB);
            const { best } = decide(
              { capability: "llm", size: { promptTokens, tokens: 1 } },
              fleet([advert({ capability: "llm", memory, speed: {} })]),
            );
            return best !== undefined;
          };
          const [less, more] = [Math.min(a, b), Math.max(a, b)];
          if (fits(less, Math.max(c, d))) expect(fits(more, Math.min(c, d))).toBe(true);
          if (!fits(more, Math.min(c, d))) expect(fits(less, Math.max(c, d))).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** What holds for every decision, whoever is there and whatever is asked. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CAPABILITIES,
  decide,
  Directory,
  explain,
  explanationText,
  type Advert,
  type Candidate,
  type Fleet,
  type Policy,
  type RouteRequest,
} from "../../src/routing/index.ts";
import { anyAdvert, SELF } from "./support.ts";

const peer = fc.constantFrom(SELF, "a", "b", "c", "d", "e", "f");
const target = fc.oneof(peer, fc.constantFrom("here", "elsewhere", "tag:gpu", "model:llama3", "nobody"));

const anyRequest: fc.Arbitrary<RouteRequest> = fc
  .record({ capability: fc.constantFrom(...CAPABILITIES) })
  .chain((sure) =>
    fc
      .record(
        {
          language: fc.constantFrom("en", "en-US", "de", "fr"),
          voice: fc.constantFrom("emma", "Karl"),
          model: fc.constantFrom("one", "two", "llama3", "llama3:8b"),
          mode: fc.constantFrom("interactive", "batch"),
          class: fc.constantFrom("chat", "planning"),
          prefersClass: fc.constantFrom("chat", "coding"),
          privacy: fc.constantFrom("host", "house"),
          needs: fc.subarray(["gpu", "high_mem"]),
          prefers: fc.subarray(["gpu", "npu"]),
          size: fc.record(
            { audioMs: fc.nat(60_000), tokens: fc.nat(5_000), promptTokens: fc.nat(5_000) },
            { requiredKeys: [] },
          ),
          patienceMs: fc.nat(20_000),
          stickTo: fc.record({ peer, within: fc.constantFrom("turn", "session") }),
          exclude: fc.subarray(["a", "b", SELF]),
          refusedBy: fc.subarray(["c", "d"]),
        },
        { requiredKeys: [] },
      )
      .map((maybe): RouteRequest => ({ ...sure, ...maybe })),
  );

const anyPolicy: fc.Arbitrary<Policy> = fc.dictionary(
  fc.constantFrom(...CAPABILITIES, "*"),
  fc.record(
    {
      localOnly: fc.boolean(),
      prefer: fc.array(target, { maxLength: 3 }),
      preferredOnly: fc.boolean(),
      weights: fc.dictionary(target, fc.double({ min: 0.01, max: 100, noNaN: true }), { maxKeys: 3 }),
      patienceMs: fc.nat(20_000),
    },
    { requiredKeys: [] },
  ),
);

const peersOf = <T>(value: fc.Arbitrary<T>) => fc.dictionary(peer, value, { maxKeys: 4 });

const anyFleet: fc.Arbitrary<Fleet> = fc
  .record({
    adverts: fc.array(anyAdvert, { maxLength: 12 }),
    nowMs: fc.nat(2_000),
    trips: peersOf(fc.oneof(fc.double({ min: 0, max: 300, noNaN: true }), fc.constantFrom(Infinity, NaN))),
    broken: peersOf(
      fc.constantFrom(
        { state: "open", failures: 3, untilMs: 5_000 } as const,
        { state: "half-open", failures: 3, isTried: true } as const,
        {
          state: "half-open",
          failures: 1,
          isTried: false,
        } as const,
      ),
    ),
    sent: peersOf(fc.record({ jobs: fc.nat(5), workMs: fc.nat(5_000) })),
    policy: fc.option(anyPolicy, { nil: undefined }),
    random: fc.option(fc.double({ min: 0, max: 0.999, noNaN: true }), { nil: undefined }),
  })
  .map(({ adverts, nowMs, trips, broken, sent, policy, random }) => ({
    self: SELF,
    nowMs,
    services: Directory.of(adverts),
    roundTripMs: (name) => trips[name],
    breaker: (name) => broken[name],
    inFlight: (name) => sent[name],
    ...(policy === undefined ? {} : { policy }),
    ...(random === undefined ? {} : { random: () => random }),
  }));

/** Always the best. */
function withoutChance({ self, nowMs, services, roundTripMs, breaker, inFlight, policy }: Fleet): Fleet {
  return {
    self,
    nowMs,
    services,
    roundTripMs,
    ...(breaker === undefined ? {} : { breaker }),
    ...(inFlight === undefined ? {} : { inFlight }),
    ...(policy === undefined ? {} : { policy }),
  };
}

const RUNS = { numRuns: 250 };
const primary = (tag: string): string => tag.split("-", 1)[0] ?? "";

/** Each rule told anew, from the advert alone. */
function breaches(
  request: RouteRequest,
  { policy, self, roundTripMs, breaker }: Fleet,
  { advert }: Candidate,
): readonly string[] {
  const { language, voice, model, mode = "interactive", needs = [], exclude = [], refusedBy = [] } = request;
  const own = { ...policy?.["*"], ...policy?.[request.capability] };
  const isLocal = advert.peer === self && (advert.reach ?? "host") === "host";
  const tags = [...advert.languages, ...advert.voices.map((each) => each.language)].map(primary);
  const broken = breaker?.(advert.peer, advert.capability);
  const all: Readonly<Record<string, boolean>> = {
    capability: advert.capability === request.capability,
    privacy: request.privacy !== "host" || isLocal,
    house: request.privacy !== "house" || advert.reach !== "outside",
    policy: own.localOnly !== true || isLocal,
    exclude: !exclude.includes(advert.peer) && !refusedBy.includes(advert.peer),
    language: language === undefined || tags.length === 0 || tags.includes("mul") || tags.includes(primary(language)),
    voice: voice === undefined || advert.voices.some(({ name }) => name.toLowerCase() === voice.toLowerCase()),
    model: model === undefined || `:${advert.model}:`.includes(`:${model}:`),
    mode: advert.modes.length === 0 || advert.modes.includes(mode),
    class: request.class === undefined || advert.classes.length === 0 || advert.classes.includes(request.class),
    needs: needs.every((tag) => advert.hardware.includes(tag)),
    stopped: advert.concurrency > 0,
    unreachable:
      advert.peer === self || roundTripMs(advert.peer) === undefined || Number.isFinite(roundTripMs(advert.peer)),
    breaker: broken === undefined || (broken.state === "half-open" && !broken.isTried),
  };
  return Object.entries(all).flatMap(([rule, holds]) => (holds ? [] : [rule]));
}

describe("whoever is there, and whatever is asked,", () => {
  it("no rule is ever broken: what is private never leaves the host, nobody is asked for what it cannot do", () => {
    fc.assert(
      fc.property(anyRequest, anyFleet, (request, fleet) => {
        const { best, candidates } = decide(request, fleet);
        for (const each of best === undefined ? candidates : [best, ...candidates]) {
          expect(breaches(request, fleet, each)).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it("every service of that kind is either a candidate or left out by a rule, once; the best comes first", () => {
    fc.assert(
      fc.property(anyRequest, anyFleet, (request, fleet) => {
        const { best, candidates, excluded, refusal, terms } = decide(request, fleet);
        const all = fleet.services.of(request.capability).map(({ advert }) => advert);
        expect(new Set([...candidates, ...excluded].map(({ advert }) => advert))).toEqual(new Set(all));
        expect(candidates.length + excluded.length).toBe(all.length);
        expect(candidates[0]).toEqual(best);
        expect((best === undefined) === (refusal !== undefined)).toBe(true);
        expect(terms).toBeTypeOf("function");
        for (const { why } of excluded) expect(why.length).toBeGreaterThan(5);
        for (const { score, expected, weight } of candidates) {
          expect([score, expected.totalMs, weight].every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it("the best that is found quickly is the best of all that are looked at one by one", () => {
    fc.assert(
      fc.property(anyRequest, anyFleet, (request, drawn) => {
        const fleet = withoutChance(drawn);
        const { best, candidates } = decide(request, fleet);
        for (const each of candidates) {
          expect(each.tier).toBeGreaterThanOrEqual(best?.tier ?? Infinity);
          if (each.tier === best?.tier) expect(each.score).toBeGreaterThanOrEqual(best.score);
        }
      }),
      RUNS,
    );
  });

  it("the same question has the same answer, and can be explained", () => {
    fc.assert(
      fc.property(anyRequest, anyFleet, (request, fleet) => {
        const [first, second] = [explain(decide(request, fleet)), explain(decide(request, fleet))];
        expect(second).toEqual(first);
        expect(explanationText(first)).toContain(first.outcome);
      }),
      RUNS,
    );
  });

  it("the order in which adverts came does not matter", () => {
    fc.assert(
      fc.property(anyRequest, anyFleet, fc.nat(), (request, drawn, turn) => {
        const fleet = withoutChance(drawn);
        const adverts = fleet.services.adverts;
        const at = adverts.length === 0 ? 0 : turn % adverts.length;
        const services = Directory.of([...adverts.slice(at), ...adverts.slice(0, at)].toReversed());
        expect(explain(decide(request, { ...fleet, services })).candidates).toEqual(
          explain(decide(request, fleet)).candidates,
        );
      }),
      RUNS,
    );
  });
});

describe("who is strictly better", () => {
  type Better = (advert: Advert) => Advert;
  const ways: Readonly<Record<string, Better>> = {
    "has less left to do": (each) => ({ ...each, backlogMs: (each.backlogMs ?? 0) / 2 }),
    "has nothing to do": (each) => ({ ...each, running: 0, queued: 0, backlogMs: 0 }),
    "is faster": (each) => ({
      ...each,
      demand: 0,
      speed: {
        ...each.speed,
        firstResultMs: 0,
        realTimeFactor: 1e-4,
        msPerCharacter: 1e-4,
        tokensPerSecond: 1e6,
        promptTokensPerSecond: 1e6,
      },
    }),
    "is less asked for": (each) => ({ ...each, demand: 0 }),
    "has its machine to itself": (each) => ({ ...each, busyElsewhere: 0 }),
    "has more hardware": (each) => ({ ...each, hardware: ["gpu", "high_mem", "npu"] }),
    "does not run from a battery": (each) => ({ ...each, power: "mains" }),
  };
  const demand = fc.double({ min: 0, max: 5, noNaN: true });

  it.each(Object.entries(ways))("who %s is never ranked behind where it was", (_way, better) => {
    fc.assert(
      fc.property(anyRequest, anyFleet, demand, fc.nat(), (request, drawn, wanted, nth) => {
        const fleet = withoutChance(drawn);
        const entries = fleet.services.of(request.capability);
        const chosen = entries[nth % Math.max(1, entries.length)]?.advert;
        if (chosen === undefined) return;
        const backlogMs = chosen.backlogMs ?? 4_000;
        const rank = (advert: Advert): number => {
          const services = Directory.of(fleet.services.adverts);
          services.put(advert, 0);
          const at = decide(request, { ...fleet, services }).candidates.findIndex((each) => each.advert === advert);
          return at === -1 ? Infinity : at;
        };
        const before = { ...chosen, demand: wanted, backlogMs };
        expect(rank(better(before))).toBeLessThanOrEqual(rank(before));
      }),
      { numRuns: 150 },
    );
  });

  it("who is nearer is never ranked behind where it was", () => {
    fc.assert(
      fc.property(anyRequest, anyFleet, peer, fc.nat(100), (request, drawn, nearer, nearMs) => {
        const fleet = withoutChance(drawn);
        const rank = (ms: number): number => {
          const roundTripMs = (name: string) => (name === nearer ? ms : fleet.roundTripMs(name));
          const at = decide(request, { ...fleet, roundTripMs }).candidates.findIndex(
            ({ advert }) => advert.peer === nearer,
          );
          return at === -1 ? Infinity : at;
        };
        expect(rank(nearMs)).toBeLessThanOrEqual(rank(nearMs + 50));
      }),
      RUNS,
    );
  });
});

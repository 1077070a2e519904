import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, Directory, readAdvert, type Advert } from "../../src/routing/index.ts";
import { advert, anyAdvert, fleet } from "./support.ts";

describe("an advert from another peer", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(anyAdvert, fc.tuple(fc.nat(9), fc.nat(9)), (any, [below, above]) => {
        const written = { ...any, jobs: { oldest: 1 + below, newest: 1 + below + above } };
        expect(readAdvert(JSON.parse(JSON.stringify(written)))).toEqual(written);
      }),
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ["no peer", { peer: "" }],
    ["a name without end", { name: "x".repeat(201) }],
    ["a capability that nobody knows", { capability: "rag" }],
    ["no count of jobs", { running: Number.NaN }],
    ["less than no jobs", { queued: -1 }],
    ["languages without end", { languages: Array.from({ length: 200 }, () => "en") }],
    ["a language that is none", { languages: [7] }],
    ["modes of which none is known", { modes: ["sometimes"] }],
    ["voices that are no list", { voices: "all" }],
  ])("with %s is none", (_what, wrong) => {
    expect(readAdvert({ ...advert(), ...wrong })).toBeUndefined();
  });

  it("loses what is wrong and may be absent", () => {
    const given = {
      ...advert(),
      backlogMs: -5,
      speed: { realTimeFactor: "fast", tokensPerSecond: 0 },
      power: "sun",
      demand: Infinity,
    };
    expect(readAdvert(given)).toEqual({ ...advert(), speed: {}, power: "unknown", jobs: { oldest: 1, newest: 1 } });
  });

  it("that says something unknown of how far it sends things is taken to send them far", () => {
    const reading = readAdvert({ ...advert(), reach: "moon" });
    expect(reading?.reach).toBe("outside");
  });

  it("that does not say what its peer speaks is of one of the first peers", () => {
    const first = { oldest: 1, newest: 1 };
    for (const jobs of [
      undefined,
      "all",
      { oldest: 2, newest: 1 },
      { oldest: 0, newest: 2 },
      { oldest: 1.5, newest: 2 },
    ]) {
      expect(readAdvert({ ...advert(), jobs })?.jobs).toEqual(first);
    }
    expect(readAdvert({ ...advert(), jobs: { oldest: 2, newest: 7 } })?.jobs).toEqual({ oldest: 2, newest: 7 });
  });

  it("is never more than read or refused, and what is read can be decided on", () => {
    const like = fc.record(
      Object.fromEntries(
        Object.keys({ ...advert(), memory: 0, demand: 0, backlogMs: 0, reach: 0, busyElsewhere: 0, jobs: 0 }).map(
          (key) => [key, fc.oneof(fc.anything(), fc.constant(advert()[key as keyof Advert]))],
        ),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), like), (given) => {
        const read = readAdvert(given);
        const { best, excluded } = decide({ capability: "stt" }, fleet(read === undefined ? [] : [read]));
        expect([best, ...excluded].length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 300 },
    );
  });

  it("whose numbers are none does no harm where it was not read", () => {
    const odd = [NaN, Infinity, -1, 0];
    for (const value of odd) {
      const given = advert({
        running: value,
        queued: value,
        concurrency: value,
        backlogMs: value,
        demand: value,
        busyElsewhere: value,
      });
      const decision = decide({ capability: "stt" }, fleet([given, advert({ peer: "b" })]));
      expect(decision.candidates.length + decision.excluded.length).toBe(2);
      expect(Number.isFinite(decision.best?.score)).toBe(true);
    }
  });
});

describe("a directory", () => {
  it("knows of each service what it said last, whatever comes and goes", () => {
    const step = fc.oneof(
      fc.record({ put: anyAdvert }),
      fc.record({ remove: anyAdvert }),
      fc.record({ removePeer: fc.constantFrom("a", "b", "c") }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const directory = new Directory();
        const model = new Map<string, Advert>();
        const key = ({ peer, capability, model: name }: Advert): string => JSON.stringify([peer, capability, name]);
        for (const each of steps) {
          const before = directory.of("stt");
          const copy = [...before];
          if ("put" in each) {
            directory.put(each.put, 0);
            model.set(key(each.put), each.put);
          } else if ("remove" in each) {
            directory.remove(each.remove);
            model.delete(key(each.remove));
          } else {
            directory.removePeer(each.removePeer);
            for (const [name, { peer }] of model) if (peer === each.removePeer) model.delete(name);
          }
          // What a decision holds never changes under it.
          expect(before).toEqual(copy);
        }
        const byKey = (a: Advert, b: Advert): number => (key(a) < key(b) ? -1 : 1);
        expect([...directory.adverts].toSorted(byKey)).toEqual([...model.values()].toSorted(byKey));
        for (const { advert: each } of directory.of("tts")) expect(each.capability).toBe("tts");
      }),
    );
  });
});

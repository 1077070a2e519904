import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Breakers, decide, type BreakerView, type Failure } from "../../src/routing/index.ts";
import { advert, fleet } from "./support.ts";

/** What is done to the breaker of one service, each at a time. */
class Service {
  readonly breakers = new Breakers();
  nowMs = 0;

  get view(): BreakerView["state"] {
    return this.breakers.view("a", "stt", this.nowMs)?.state ?? "closed";
  }

  fail(failure: Failure = "failed", times = 1): this {
    for (let time = 0; time < times; time += 1) this.breakers.failed("a", "stt", failure, this.nowMs);
    return this;
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }
}

describe("a circuit breaker", () => {
  it("opens at the third failure in a row, and at once when the peer is gone", () => {
    const service = new Service();
    expect(service.fail("failed", 2).view).toBe("closed");
    service.breakers.succeeded("a", "stt");
    expect(service.fail("failed", 2).view).toBe("closed");
    expect(service.fail().view).toBe("open");
    expect(new Service().fail("gone").view).toBe("open");
  });

  it("lets one job try after a second; what comes of it decides", () => {
    const service = new Service().fail("gone");
    expect(service.after(999).view).toBe("open");
    expect(service.after(1).breakers.view("a", "stt", 1_000)).toMatchObject({ state: "half-open", isTried: false });
    service.breakers.began("a", "stt", service.nowMs);
    expect(service.breakers.view("a", "stt", 1_000)).toMatchObject({ state: "half-open", isTried: true });
    service.breakers.succeeded("a", "stt");
    expect(service.view).toBe("closed");
  });

  it("is open for twice as long after each try that failed, for a minute at most", () => {
    const service = new Service().fail("gone");
    const open: number[] = [];
    for (let tries = 0; tries < 9; tries += 1) {
      const view = service.breakers.view("a", "stt", service.nowMs);
      const untilMs = view?.state === "open" ? view.untilMs : service.nowMs;
      open.push(untilMs - service.nowMs);
      service.nowMs = untilMs;
      service.breakers.began("a", "stt", service.nowMs);
      // One failure is enough for one that is being tried.
      service.fail();
    }
    expect(open).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it("is tried by somebody else when the job that tried it was refused, or was never heard of again", () => {
    const service = new Service().fail("gone").after(1_000);
    service.breakers.began("a", "stt", service.nowMs);
    service.breakers.refused("a", "stt");
    expect(service.breakers.view("a", "stt", service.nowMs)).toMatchObject({ isTried: false });
    service.breakers.began("a", "stt", service.nowMs);
    expect(service.breakers.view("a", "stt", service.nowMs + 29_999)).toMatchObject({ isTried: true });
    expect(service.breakers.view("a", "stt", service.nowMs + 30_000)).toMatchObject({ isTried: false });
  });

  it("learns nothing new from jobs that were on their way as it opened", () => {
    const service = new Service().fail("failed", 3);
    service.after(500).fail("failed", 5);
    expect(service.after(500).view).toBe("half-open");
  });

  it("belongs to one service of one peer, and is forgotten with it", () => {
    const { breakers } = new Service().fail("gone");
    expect(breakers.view("a", "tts", 0)).toBeUndefined();
    expect(breakers.view("ab", "stt", 0)).toBeUndefined();
    breakers.forget("a");
    expect(breakers.view("a", "stt", 0)).toBeUndefined();
  });

  it("always lets somebody try it again, whatever has happened", () => {
    const deed = fc.constantFrom("began", "succeeded", "refused", "failed", "gone");
    fc.assert(
      fc.property(fc.array(fc.tuple(deed, fc.nat(20_000)), { maxLength: 60 }), (deeds) => {
        const service = new Service();
        for (const [what, waitMs] of deeds) {
          service.after(waitMs);
          if (what === "began") service.breakers.began("a", "stt", service.nowMs);
          else if (what === "failed" || what === "gone") service.fail(what);
          else service.breakers[what]("a", "stt");
        }
        service.after(60_000);
        const breaker = () => service.breakers.view("a", "stt", service.nowMs);
        expect(decide({ capability: "stt" }, fleet([advert()], { breaker })).best).toBeDefined();
      }),
    );
  });
});

it("a better peer that has recovered gets the work back: first one job, then all", () => {
  const breakers = new Breakers();
  const adverts = [
    advert({ peer: "better" }),
    advert({ peer: "other", speed: { realTimeFactor: 0.4, firstResultMs: 0 } }),
  ];
  const chosenAt = (nowMs: number): string | undefined => {
    const breaker = (peer: string) => breakers.view(peer, "stt", nowMs);
    return decide(
      { capability: "stt", stickTo: { peer: "other", within: "session" } },
      fleet(adverts, { nowMs, breaker }),
    ).best?.advert.peer;
  };
  expect(chosenAt(0)).toBe("better");
  breakers.failed("better", "stt", "gone", 0);
  expect(chosenAt(500)).toBe("other");
  expect(chosenAt(1_000)).toBe("better");
  breakers.began("better", "stt", 1_000);
  expect(chosenAt(1_001)).toBe("other");
  breakers.succeeded("better", "stt");
  expect(chosenAt(1_002)).toBe("better");
});

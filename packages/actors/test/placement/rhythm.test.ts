import { describe, expect, it } from "vitest";
import { ActorTimers } from "../../src/core/actor-timers.ts";
import type { OwnRegionMessage } from "../../src/placement/region-protocol.ts";
import { Rhythm } from "../../src/placement/rhythm.ts";
import { VirtualClock } from "../../src/testing/index.ts";

const OWNER = { maxEntities: 1, maxWaiting: 1, maxEarly: 1, maxOutcomes: 1, passivateAfterMs: Infinity };

function rhythm(owner = OWNER) {
  const clock = new VirtualClock();
  const woken: OwnRegionMessage["type"][] = [];
  const timers = new ActorTimers<OwnRegionMessage>(clock, (tick) => {
    const message = tick.open() as OwnRegionMessage;
    woken.push(message.type);
    if (message.type === "own-register") made.registered();
  });
  const made = new Rhythm(timers, { registerEveryMs: 500, lookEveryMs: 100, owner });
  const count = (type: OwnRegionMessage["type"]): number => woken.filter((each) => each === type).length;
  return { clock, rhythm: made, count };
}

describe("a region with nothing to do", () => {
  it("looks at nothing, and comes forward less and less often", async () => {
    const { clock, rhythm: own, count } = rhythm();
    own.registered();
    await clock.pass(60_000);
    expect(count("own-look")).toBe(0);
    const before = count("own-register");
    await clock.pass(60_000);
    expect(count("own-register") - before).toBe(6);
  });

  it("comes forward quickly again, and several times, once something has changed", async () => {
    const { clock, rhythm: own, count } = rhythm();
    own.registered();
    await clock.pass(60_000);
    const before = count("own-register");
    own.changed();
    await clock.pass(3_000);
    expect(count("own-register") - before).toBe(6);
  });

  it("comes forward however fast things change", async () => {
    const { clock, rhythm: own, count } = rhythm();
    own.registered();
    for (let i = 0; i < 100; i += 1) {
      own.changed();
      await clock.pass(100);
    }
    expect(count("own-register")).toBeGreaterThanOrEqual(19);
  });

  it("looks soon, and once, when something waits for time to pass", async () => {
    const { clock, rhythm: own, count } = rhythm();
    own.waits();
    own.waits();
    await clock.pass(100);
    expect(count("own-look")).toBe(1);
    await clock.pass(10_000);
    expect(count("own-look")).toBe(1);
  });

  it("looks for entities that are to sleep no more often than a hundredth of their time", async () => {
    const { clock, count } = rhythm({ ...OWNER, passivateAfterMs: 600_000 });
    await clock.pass(600_000);
    expect(count("own-look")).toBe(100);
  });
});

import { describe, expect, it } from "vitest";
import { ElectionClock } from "../../src/driver/election-clock.ts";
import { LAN, PATIENT } from "../../src/index.ts";
import { VirtualEnvironment } from "./virtual-environment.ts";

function clockWith(roundTripMs: () => number | undefined = () => undefined, timing = LAN) {
  const environment = new VirtualEnvironment();
  const seen = { ticks: 0, retimed: [] as number[] };
  const clock = new ElectionClock(timing, environment, {
    tick: () => {
      seen.ticks += 1;
    },
    retime: (ticks) => {
      seen.retimed.push(ticks);
    },
    quorumRoundTripMs: roundTripMs,
  });
  clock.start();
  return { environment, clock, seen };
}

describe("the election clock", () => {
  it("ticks as often as time passes", () => {
    const { environment, clock, seen } = clockWith();
    environment.pass(1_000);
    expect(seen.ticks).toBe(1_000 / clock.tickMs);
    expect(clock.electionMs).toBe(LAN.electionMs);
  });

  it("does not count the time that a stalled process slept through", () => {
    const { environment, seen } = clockWith();
    environment.pass(10_000, 9_000);
    expect(seen.ticks).toBeLessThanOrEqual(102);
  });

  it("waits longer when the round trip to a quorum grows, up to the bound, and less when it shrinks again", () => {
    let roundTripMs = 90;
    const { environment, clock } = clockWith(() => roundTripMs);
    environment.pass(1_000);
    expect(clock.electionMs).toBe(900);
    roundTripMs = 10_000;
    environment.pass(1_000);
    expect(clock.electionMs).toBe(LAN.maxElectionMs);
    roundTripMs = 1;
    environment.pass(1_000);
    expect(clock.electionMs).toBe(LAN.electionMs);
  });

  it("waits longer where heartbeats come late, and forgets that with time", () => {
    const { environment, clock } = clockWith();
    for (let i = 0; i < 10; i += 1) {
      environment.pass(LAN.heartbeatMs + 60);
      clock.heard();
    }
    expect(clock.electionMs).toBeGreaterThanOrEqual(LAN.electionMs + 100);
    for (let i = 0; i < 2_000; i += 1) {
      environment.pass(LAN.heartbeatMs);
      clock.heard();
    }
    expect(clock.electionMs).toBe(LAN.electionMs);
  });

  it("learns nothing from the gap between two leaders", () => {
    const { environment, clock } = clockWith();
    clock.heard();
    environment.pass(3_000);
    clock.leaderChanged();
    clock.heard();
    environment.pass(1_000);
    expect(clock.electionMs).toBe(LAN.electionMs);
  });

  it("keeps to 5 s and 15 s in the patient profile, whatever it measures", () => {
    const { environment, clock, seen } = clockWith(() => 4_000, PATIENT);
    environment.pass(60_000);
    expect(clock.heartbeatTicks * clock.tickMs).toBe(5_000);
    expect(clock.electionMs).toBe(15_000);
    expect(seen.retimed).toEqual([]);
  });

  it("counts time as finely as it is told to", () => {
    const { environment, clock, seen } = clockWith(undefined, {
      ...LAN,
      heartbeatMs: 100,
      electionMs: 300,
      tickMs: 50,
    });
    environment.pass(1_000);
    expect(seen.ticks).toBe(20);
    expect(clock.heartbeatTicks).toBe(2);
    expect(clock.electionMs).toBe(300);
  });

  it("stops", () => {
    const { environment, clock, seen } = clockWith();
    clock.stop();
    environment.pass(1_000);
    expect(seen.ticks).toBe(0);
  });
});

describe("catching up", () => {
  it("is done before the first late tick, where something rests on the time", () => {
    const environment = new VirtualEnvironment();
    let ticks = 0;
    const clock = new ElectionClock(LAN, environment, {
      tick: () => {
        ticks += 1;
      },
      retime: () => undefined,
      quorumRoundTripMs: () => undefined,
      restsOnTime: () => true,
    });
    clock.start();
    environment.pass(LAN.electionMs, LAN.electionMs - clock.tickMs);
    expect(ticks).toBe(clock.electionTicks);
    clock.catchUp();
    expect(ticks).toBe(clock.electionTicks);
  });

  it("makes ticks of all the time that passed, before the timer does", () => {
    const { environment, clock, seen } = clockWith();
    environment.pass(95);
    expect(seen.ticks).toBe(9);
    environment.pass(0, 100);
    clock.catchUp();
    expect(seen.ticks).toBe(19);
    environment.pass(5);
    expect(seen.ticks).toBe(20);
  });

  it("is over after some election timeouts, and does nothing for a clock that stopped", () => {
    const { environment, clock, seen } = clockWith();
    environment.pass(0, 3_600_000);
    clock.catchUp();
    expect(seen.ticks).toBeGreaterThan(clock.electionTicks);
    expect(seen.ticks).toBeLessThan(10 * clock.electionTicks);
    const { ticks } = seen;
    clock.stop();
    environment.pass(0, 10_000);
    clock.catchUp();
    expect(seen.ticks).toBe(ticks);
  });
});

describe("a clock whose host has nothing to do", () => {
  /** Something is due at each `every`-th tick after the last reset. */
  function idleHost(every: number) {
    const environment = new VirtualEnvironment();
    const seen = { elapsed: 0, acted: [] as number[], ticks: 0, wakes: 0 };
    const waking: typeof environment.after = (delayMs, run) =>
      environment.after(delayMs, () => {
        seen.wakes += 1;
        run();
      });
    const counted = {
      nowMs: () => environment.nowMs(),
      after: waking,
      soon: waking.bind(undefined, 0),
      random: () => 0.5,
    };
    const clock = new ElectionClock({ ...LAN, tickMs: 10 }, counted, {
      tick: () => {
        seen.ticks += 1;
        seen.elapsed += 1;
        if (seen.elapsed < every) return;
        seen.acted.push(environment.nowMs());
        seen.elapsed = 0;
      },
      retime: () => undefined,
      quorumRoundTripMs: () => undefined,
      quietTicks: () => Math.max(0, every - seen.elapsed - 1),
    });
    clock.start();
    return { environment, clock, seen };
  }

  it("is woken only when something is due, and misses no tick", () => {
    const { environment, seen } = idleHost(10);
    environment.pass(1_000);
    expect(seen.acted).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    expect(seen.ticks).toBe(100);
    expect(seen.wakes).toBe(10);
  });

  it("counts what has passed before something sets the counts back, and sleeps anew from there", () => {
    const { environment, clock, seen } = idleHost(10);
    for (let i = 0; i < 20; i += 1) {
      environment.pass(60);
      clock.settle();
      seen.elapsed = 0;
      clock.plan();
    }
    expect(seen.ticks).toBe(120);
    expect(seen.acted).toEqual([]);
    expect(seen.wakes).toBe(0);
  });

  it("is woken sooner when something is due sooner", () => {
    const { environment, clock, seen } = idleHost(10);
    environment.pass(25);
    clock.settle();
    seen.elapsed = 8;
    clock.plan();
    environment.pass(25);
    expect(seen.acted).toEqual([40]);
  });

  it("counts no more than before of the time that a stalled process slept through", () => {
    const { environment, seen } = idleHost(1_000);
    environment.pass(10_000, 9_000);
    expect(seen.ticks).toBeLessThanOrEqual(1_000 + 2);
    const stalled = idleHost(10);
    stalled.environment.pass(10_000, 9_000);
    expect(stalled.seen.ticks).toBeLessThanOrEqual(10 + 2 + 100);
  });

  it("settles nothing that would be decided", () => {
    const { environment, clock, seen } = idleHost(10);
    environment.pass(0, 5_000);
    clock.settle();
    expect(seen.ticks).toBe(9);
    expect(seen.acted).toEqual([]);
  });
});

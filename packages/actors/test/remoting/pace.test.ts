import { describe, expect, it } from "vitest";
import { Pace } from "../../src/remoting/pace.ts";
import { phiAccrualOptions } from "../../src/remoting/phi-accrual.ts";
import { Hosts } from "./hosts.ts";

const OPTIONS = phiAccrualOptions({ heartbeatIntervalMs: 100, calmAfterMs: 10_000 });

/** Two hosts that hear each other's beats; the beat in the first of two lanes is what {@link Pace.peerBeat} sees. */
function pair(delayMs: (nowMs: number, beat: number) => number = () => 1, options = OPTIONS) {
  const paces = [new Pace(options, 2, 0), new Pace(options, 2, 0)] as const;
  const arriving: { readonly atMs: number; readonly at: 0 | 1 }[] = [];
  const beats: number[] = [];
  let nowMs = 0;
  const step = (): void => {
    nowMs += 1;
    for (const arrival of arriving.filter(({ atMs }) => atMs === nowMs)) paces[arrival.at].peerBeat(nowMs);
    if (nowMs % options.heartbeatIntervalMs !== 0) return;
    for (const [i, pace] of paces.entries()) {
      const beat = pace.beat(nowMs);
      if (beat === undefined) continue;
      if (i === 0) beats.push(nowMs);
      if (beat % 2 === 0) arriving.push({ atMs: nowMs + delayMs(nowMs, beat), at: i === 0 ? 1 : 0 });
    }
  };
  const pass = (ms: number): number => {
    beats.length = 0;
    for (let i = 0; i < ms; i += 1) step();
    return beats.length;
  };
  return { paces, pass, nowMs: () => nowMs };
}

describe("the pace of heartbeats", () => {
  it("is half of what was agreed on once everything was on time for a while, and stays so", () => {
    const { pass } = pair();
    expect(pass(10_000)).toBeGreaterThanOrEqual(99);
    pass(1_000);
    expect(pass(60_000)).toBeLessThanOrEqual(301);
  });

  it("is never half where nobody asked for that", () => {
    const { pass } = pair(() => 1, phiAccrualOptions({ heartbeatIntervalMs: 100 }));
    expect(pass(60_000)).toBe(600);
  });

  it("is whole again at once when this host was late, and the other's soon after", () => {
    const { paces, pass, nowMs } = pair();
    pass(30_000);
    expect(paces.map((pace) => pace.inMs(nowMs()))).toStrictEqual([200, 200]);
    paces[1].late(61, nowMs());
    pass(1);
    expect(paces[1].inMs(nowMs())).toBeLessThanOrEqual(100);
    pass(9_000);
    expect(paces[1].inMs(nowMs())).toBeLessThanOrEqual(100);
    pass(30_000);
    expect(Math.min(...paces.map((pace) => pace.inMs(nowMs())))).toBeGreaterThan(100);
  });

  it("is whole where beats come late", () => {
    const { paces, pass, nowMs } = pair((atMs) => (atMs % 3_000 < 200 ? 150 : 1));
    expect(pass(60_000)).toBeGreaterThan(500);
    expect(paces.map((pace) => pace.inMs(nowMs()))).toStrictEqual([100, 100]);
  });

  it("does not mind what is a little late", () => {
    const { pass } = pair((nowMs) => 1 + Math.floor((nowMs % 700) / 14));
    pass(15_000);
    expect(pass(10_000)).toBeLessThanOrEqual(51);
  });
});

describe("two idle hosts", () => {
  const failureDetector = { heartbeatIntervalMs: 100, calmAfterMs: 10_000 };

  it("hear each other half as often, and notice silence just as soon", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left", { failureDetector });
    await hosts.start("right", { failureDetector });
    left.system.watch(left.system.resolve("parley://right/nobody"), () => undefined);
    await hosts.clock.pass(30_000);
    hosts.network.cut("right", "left");
    await hosts.clock.pass(500);
    expect(left.changes.map(({ state }) => state)).toStrictEqual(["up"]);
    await hosts.clock.pass(500);
    expect(left.changes.map(({ state }) => state)).toStrictEqual(["up", "down"]);
  });
});

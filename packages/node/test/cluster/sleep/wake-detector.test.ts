import { VirtualClock } from "@parley/actors/testing";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HOST_CLOCKS, LOOK_EVERY_MS, WakeDetector, WakeWatch } from "../../../src/cluster/sleep/wake-detector.ts";

/** A host whose clocks a test moves. `steady` stands still in sleep where the platform has it so. */
class Host {
  steadyMs = 50_000;
  uptimeMs = 900_000;
  readonly #isSteadyAwake: boolean;

  constructor(isSteadyAwake: boolean) {
    this.#isSteadyAwake = isSteadyAwake;
  }

  readonly clocks = { steadyMs: () => this.steadyMs, uptimeMs: () => this.uptimeMs };

  run(ms: number): void {
    this.steadyMs += ms;
    this.uptimeMs += ms;
  }

  sleep(ms: number): void {
    if (this.#isSteadyAwake) this.steadyMs += ms;
    this.uptimeMs += ms;
  }
}

describe("the detector of sleep", () => {
  it("tells each sleep once, and how long it was, whichever clock stands still in it", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.record({ sleptMs: fc.integer({ min: 6_000, max: 10 ** 9 }), looks: fc.nat(5) }), { maxLength: 10 }),
        (isSteadyAwake, nights) => {
          const host = new Host(isSteadyAwake);
          const detector = new WakeDetector(host.clocks);
          for (const { sleptMs, looks } of nights) {
            host.sleep(sleptMs);
            host.run(LOOK_EVERY_MS);
            expect(detector.look()).toBe(sleptMs);
            for (let i = 0; i < looks; i += 1) {
              host.run(LOOK_EVERY_MS);
              expect(detector.look()).toBe(0);
            }
          }
        },
      ),
    );
  });

  it("takes a process that stood still for as long as for a host that slept", () => {
    const host = new Host(false);
    const detector = new WakeDetector(host.clocks);
    host.run(60_000);
    expect(detector.look()).toBe(59_000);
    host.run(LOOK_EVERY_MS);
    expect(detector.look()).toBe(0);
  });

  it("takes nothing for sleep on a machine that is busy: looks come late by seconds, and clocks differ a little", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ lateMs: fc.nat(4_000), driftMs: fc.integer({ min: -20, max: 20 }) }), { maxLength: 200 }),
        (looks) => {
          const host = new Host(false);
          const detector = new WakeDetector(host.clocks);
          for (const { lateMs, driftMs } of looks) {
            host.run(LOOK_EVERY_MS + lateMs);
            host.uptimeMs += driftMs;
            expect(detector.look()).toBe(0);
          }
        },
      ),
    );
  });

  it("looks every second by itself, and not after it was closed", async () => {
    const clock = new VirtualClock();
    const host = new Host(false);
    const woken: number[] = [];
    const watch = new WakeWatch(host.clocks, clock, (awayMs) => woken.push(awayMs));
    const second = async (): Promise<void> => {
      host.run(1_000);
      await clock.pass(1_000);
    };
    for (let i = 0; i < 10; i += 1) await second();
    host.sleep(30_000);
    await second();
    await second();
    expect(woken).toEqual([30_000]);
    watch.close();
    host.sleep(30_000);
    await second();
    expect(woken).toEqual([30_000]);
  });
});

describe("the clocks that it goes by on this host", () => {
  afterEach(() => void vi.useRealTimers());

  it("do not care how the wall's clock is set", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const detector = new WakeDetector(HOST_CLOCKS);
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 11), max: 10 ** 11 }), (jumpMs) => {
        vi.setSystemTime(Math.max(0, Date.now() + jumpMs));
        expect(detector.look()).toBe(0);
      }),
    );
  });

  it("go on, in milliseconds", async () => {
    const before = [HOST_CLOCKS.steadyMs(), HOST_CLOCKS.uptimeMs()];
    await new Promise((resolve) => setTimeout(resolve, 200));
    const passed = [HOST_CLOCKS.steadyMs(), HOST_CLOCKS.uptimeMs()].map((now, i) => now - (before[i] ?? 0));
    for (const ms of passed) {
      expect(ms).toBeGreaterThanOrEqual(150);
      expect(ms).toBeLessThan(60_000);
    }
  });
});

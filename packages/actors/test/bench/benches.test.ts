import fc from "fast-check";
import { expect, it } from "vitest";
import { alarmOptions } from "../../bench/alarms/options.ts";
import { stalledMs } from "../../bench/alarms/stalls.ts";
import { soakOptions } from "../../bench/soak/options.ts";
import { fitOf, type Sample } from "../../bench/soak/verdict.ts";

const samples = (minutes: number, valueAt: (minute: number) => number): readonly Sample[] =>
  Array.from({ length: minutes * 6 }, (_, i) => ({ atMinute: (i + 1) / 6, value: valueAt((i + 1) / 6) }));

it("tells a heap that grows from one that moves about", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.02, max: 1, noNaN: true }),
      fc.integer({ min: 20, max: 90 }),
      (perMinute, minutes) => {
        const moves = (minute: number): number => 12 + 0.4 * Math.sin(minute * 7);
        expect(Math.abs(fitOf(samples(minutes, moves)).growthPercent)).toBeLessThan(2);
        const grows = fitOf(samples(minutes, (minute) => moves(minute) + perMinute * minute));
        expect(grows.last - grows.first).toBeGreaterThan(0.7 * perMinute * minutes - 0.3);
      },
    ),
  );
});

it("does not count the warming up, nor anything where there is nothing", () => {
  const warmed = fitOf(samples(30, (minute) => (minute < 5 ? 5 + minute : 12)));
  expect(warmed).toEqual({ first: 12, last: 12, growthPercent: 0 });
  expect(fitOf([])).toEqual({ first: 0, last: 0, growthPercent: 0 });
});

it("adds up how long somebody stood still within a silence only", () => {
  const stalls = [
    { untilMs: 150, forMs: 100 },
    { untilMs: 400, forMs: 50 },
    { untilMs: 900, forMs: 300 },
  ];
  expect(stalledMs(stalls, 100, 700)).toBe(50 + 50 + 100);
});

it.each([
  ["--minutes", "0"],
  ["--minutes", ""],
  ["--minutes", "an hour"],
  ["--busy", "1.5"],
  ["--busy", "-1"],
  ["--loss", "100"],
])("refuses %s %j with what would do", (option, value) => {
  expect(() => alarmOptions([`${option}=${value}`])).toThrow(
    expect.objectContaining({ name: "UsageError", message: expect.stringContaining(`${option} takes a`) as string }),
  );
});

it("refuses a soak that is too short to tell anything", () => {
  expect(() => soakOptions(["--minutes=0.1"])).toThrow(expect.objectContaining({ name: "UsageError" }));
  expect(soakOptions([])).toEqual({ minutes: 5 });
});

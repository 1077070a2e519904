import { expect, it } from "vitest";
import { heardInTones, spokenInTones } from "@parley/audio/testing";
import { scheduleIn } from "../read-schedule.ts";
import { FAULT_KINDS, momentsOf, scheduleOf } from "../schedule.ts";
import { MOST_TURNS, nameOf, WORDS } from "../words.ts";

const BASE = { turns: 200, clients: 3, netns: true } as const;

it("a seed gives the same schedule, another seed another one, and it can be written out and read", () => {
  const schedule = scheduleOf({ ...BASE, seed: 7 });
  expect(scheduleOf({ ...BASE, seed: 7 })).toEqual(schedule);
  expect(scheduleOf({ ...BASE, seed: 8 })).not.toEqual(schedule);
  expect(scheduleIn(JSON.stringify(schedule))).toEqual(schedule);
});

it("what is no schedule is refused, with where it is none", () => {
  const schedule = scheduleOf({ ...BASE, seed: 7 });
  const [first] = schedule.turns;
  const read = (change: object): unknown => scheduleIn(JSON.stringify({ ...schedule, ...change }));
  expect(() => read({ clients: 99 })).toThrow("clients must be");
  expect(() => read({ turns: [] })).toThrow("turns must be");
  expect(() => read({ turns: [first, first] })).toThrow("two turns have one number");
  for (const wrong of [
    { kind: "sing" },
    { text: "please dance" },
    { text: "tell alfa bravo alfa" },
    { fault: { kind: "rain" } },
  ])
    expect(() => read({ turns: [{ ...first, ...wrong }] })).toThrow(/^turns\[0\]\.(?:kind|text|fault)/);
  expect(() => scheduleIn("[]")).toThrow("it must be an object");
});

it("every kind of fault comes in 200 turns, at moments that its turn has; without links of their own none is cut", () => {
  const { turns } = scheduleOf({ ...BASE, seed: 7 });
  const faults = turns.flatMap(({ fault }) => (fault === undefined ? [] : [fault.kind]));
  expect([...new Set(faults)].toSorted()).toEqual([...FAULT_KINDS].toSorted());
  for (const turn of turns) if (turn.fault !== undefined) expect(momentsOf(turn)).toContain(turn.fault.moment);
  const loopback = scheduleOf({ ...BASE, seed: 7, netns: false });
  expect(loopback.turns.filter(({ fault }) => fault?.kind === "partition")).toEqual([]);
});

it("one kind alone hurts the same turns at the same moments", () => {
  const [all, kills] = [scheduleOf({ ...BASE, seed: 7 }), scheduleOf({ ...BASE, seed: 7, only: "kill" })];
  expect(new Set(kills.turns.flatMap(({ fault }) => (fault === undefined ? [] : [fault.kind])))).toEqual(
    new Set(["kill"]),
  );
  const where = ({ turns }: typeof all): unknown =>
    turns.map(({ number, text, fault }) => [number, text, fault?.moment]);
  expect(where(kills)).toEqual(where(all));
});

it("every turn has a name of its own, and the test ears understand what is said in it", () => {
  expect(new Set(Array.from({ length: MOST_TURNS }, (_, n) => nameOf(n))).size).toBe(MOST_TURNS);
  for (const { text } of scheduleOf({ ...BASE, seed: 7 }).turns.slice(0, 20))
    expect(heardInTones(spokenInTones(text, WORDS), WORDS)).toBe(text);
});

import pino from "pino";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "@parley/actors/testing";
import type { Branch, Merged } from "../../../src/services/session/branch.ts";
import { Reunion, type ApartSession } from "../../../src/services/session/reunion.ts";

const LONG_MS = 5_000;

function branchOf(question: string): Branch {
  const exchanges = [{ question, answer: "Yes.", wasInterrupted: false }];
  const mind = { strands: [{ exchanges }], timers: [] };
  const who = { account: "anna", clientId: "c" };
  return { ...who, turns: 1, mind, branchId: "b", isTold: false, notices: [] };
}

function house(answers: readonly Merged["type"][] = []) {
  const clock = new VirtualClock();
  const handed: string[] = [];
  const reunited: Branch[] = [];
  const session = {
    id: "s",
    branch: branchOf("one?"),
    isBusy: true,
    reunited: (known: Branch) => {
      reunited.push(known);
      living.clear();
    },
    leave: () => living.clear(),
  };
  const living = new Set<ApartSession>([session]);
  const left = [...answers];
  const reunion: Reunion = new Reunion({
    living: () => living,
    hand: (_id, branch) => {
      handed.push(branch.mind.strands[0]?.exchanges[0]?.question ?? "");
      return Promise.resolve({ type: left.shift() ?? "merged" });
    },
    isWhole: () => true,
    log: pino({ level: "silent" }),
    clock,
  });
  reunion.wake();
  return { clock, session, handed, reunited, reunion };
}

describe("what was said to one side of a house", () => {
  it("is known to the house also while a turn is under way there, each time that more was said", async () => {
    const { clock, session, handed, reunited, reunion } = house();
    await clock.pass(LONG_MS);
    expect([handed, reunited]).toEqual([["one?"], []]);
    session.branch = branchOf("two?");
    await clock.pass(LONG_MS);
    expect([handed, reunited]).toEqual([["one?", "two?"], []]);
    reunion.close();
  });

  it("goes on in the house once nothing is under way there", async () => {
    const { clock, session, handed, reunited } = house();
    await clock.pass(LONG_MS);
    session.isBusy = false;
    await clock.pass(LONG_MS);
    expect([handed, reunited]).toEqual([["one?", "one?"], [session.branch]]);
  });

  it("is all handed over where a session has ended here twice before the house could be told", async () => {
    const { clock, handed, reunion } = house();
    reunion.leave("other", { ...branchOf("one stay?"), branchId: "1" });
    reunion.leave("other", { ...branchOf("another?"), branchId: "2" });
    await clock.pass(LONG_MS);
    expect(handed.toSorted()).toEqual(["another?", "one stay?", "one?"]);
    expect(reunion.left).toBe(0);
    reunion.close();
  });

  it("is handed over again until it is safe in the house", async () => {
    const { clock, handed, reunion } = house(["later", "later", "merged"]);
    await clock.pass(LONG_MS);
    expect(handed).toEqual(["one?", "one?", "one?"]);
    reunion.close();
  });
});

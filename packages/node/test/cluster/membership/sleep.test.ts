import { describe, expect, it } from "vitest";
import {
  awake,
  draining,
  isAsleep,
  isDraining,
  isExpelled,
  isLeaving,
  leaving,
  restsVote,
  takeVote,
} from "../../../src/cluster/membership/sleep.ts";
import { Agreed } from "../state/support.ts";

const ASLEEP = { type: "set", key: "asleep/p", value: "asleep" } as const;

describe("who is to have no vote", () => {
  it.each([
    ["sleeps", ASLEEP, { isAsleep: true, isLeaving: false, isExpelled: false, isDraining: false }],
    ["leaves", leaving("p"), { isAsleep: false, isLeaving: true, isExpelled: false, isDraining: false }],
    ["drains", draining("p"), { isAsleep: false, isLeaving: false, isExpelled: false, isDraining: true }],
    [
      "is to be revoked",
      takeVote("p", "a"),
      { isAsleep: false, isLeaving: false, isExpelled: true, isDraining: false },
    ],
  ])("is told apart where it %s", (_, command, what) => {
    const agreed = Agreed.of("p");
    agreed.run(command);
    const { state } = agreed;
    expect(restsVote(state, "p")).toBe(true);
    expect({
      isAsleep: isAsleep(state, "p"),
      isLeaving: isLeaving(state, "p"),
      isExpelled: isExpelled(state, "p"),
      isDraining: isDraining(state, "p"),
    }).toEqual(what);
    agreed.run(awake("p"));
    expect(restsVote(agreed.state, "p")).toBe(false);
  });
});

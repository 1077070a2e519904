import { describe, expect, it } from "vitest";
import {
  awake,
  isAsleep,
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
    ["sleeps", ASLEEP, { isAsleep: true, isLeaving: false, isExpelled: false }],
    ["leaves", leaving("p"), { isAsleep: false, isLeaving: true, isExpelled: false }],
    ["is to be revoked", takeVote("p", "a"), { isAsleep: false, isLeaving: false, isExpelled: true }],
  ])("is told apart where it %s", (_, command, what) => {
    const agreed = Agreed.of("p");
    agreed.run(command);
    const { state } = agreed;
    expect(restsVote(state, "p")).toBe(true);
    expect({
      isAsleep: isAsleep(state, "p"),
      isLeaving: isLeaving(state, "p"),
      isExpelled: isExpelled(state, "p"),
    }).toEqual(what);
    agreed.run(awake("p"));
    expect(restsVote(agreed.state, "p")).toBe(false);
  });
});

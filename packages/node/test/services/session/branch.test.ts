/** What one side of a house hands to the other. */
import { describe, expect, it } from "vitest";
import { branchSchema, toldElsewhere, type Branch } from "../../../src/services/session/branch.ts";
import { APART, LOST, TOGETHER, type Notice } from "../../../src/services/session/notice.ts";

describe("what a side of a house hands over", () => {
  it("has in it what its client was not there to be told, but for what is about the side itself", () => {
    const said: Notice = { type: "say", text: "Dinner is ready.", isSpoken: true };
    const notices = toldElsewhere([APART, said, LOST, TOGETHER]);
    expect(notices).toEqual([said, LOST]);
    const branch: Branch = {
      account: "anna",
      clientId: "c",
      turns: 1,
      mind: { strands: [], timers: [] },
      branchId: "b",
      isTold: true,
      notices,
    };
    expect(branchSchema.parse(branch).notices).toEqual(notices);
  });
});

import { describe, expect, it } from "vitest";
import type { TalkEvent } from "@parley/sdk";
import { Unanswered } from "../../../src/cli/commands/talk/unanswered.ts";
import { EXIT_CODE_BY_ERROR, exitCodeOf } from "../../../src/errors.ts";

type Turn = Extract<TalkEvent, { type: "turn" }>;
const turn = (number: number, outcome: Turn["outcome"]): TalkEvent => ({
  type: "turn",
  turn: number,
  outcome,
  question: "",
  reply: "",
  heard: "",
  heardMs: 0,
  tone: "Neutral",
});
const problem = (number: number, code: string): TalkEvent => ({
  type: "problem",
  turn: number,
  stage: "think",
  error: { code, message: `what ${code} says.`, nextStep: "Ask again." },
});

/** The exit code of a conversation in which that happened, and what is told. */
function ended(...events: readonly TalkEvent[]): readonly [code: number, told: string] {
  const unanswered = new Unanswered();
  for (const event of events) unanswered.see(event);
  try {
    unanswered.check();
    return [0, ""];
  } catch (error) {
    return [exitCodeOf(error), error instanceof Error ? error.message : ""];
  }
}

describe("a recorded conversation", () => {
  it("ends well when all that was asked is answered, also with a problem that was overcome", () => {
    expect(ended(turn(1, "complete"), problem(2, "engine-crashed"), turn(2, "complete"))).toEqual([0, ""]);
    expect(ended(turn(1, "interrupted"), turn(2, "unheard"))).toEqual([0, ""]);
  });

  it("ends with the code of the first turn that failed, and says how many did", () => {
    const events = [
      turn(1, "complete"),
      problem(2, "model-missing"),
      turn(2, "failed"),
      problem(3, "engine-crashed"),
      turn(3, "failed"),
    ];
    expect(ended(...events)).toEqual([
      EXIT_CODE_BY_ERROR["model-missing"],
      "2 of 3 turns failed: what model-missing says.",
    ]);
    expect(ended(problem(1, "provider-failed"), turn(1, "failed"))).toEqual([
      EXIT_CODE_BY_ERROR["provider-failed"],
      "the question was not answered: what provider-failed says.",
    ]);
  });

  it("ends badly also when nobody said why", () => {
    expect(ended(turn(1, "failed"))[0]).toBe(1);
  });
});

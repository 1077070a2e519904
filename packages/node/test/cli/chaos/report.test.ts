import { describe, expect, it } from "vitest";
import { planOf } from "../../../src/cli/chaos/plan.ts";
import { hasFailed, reportOf, spreadOf, type FaultRecord, type History } from "../../../src/cli/chaos/report.ts";
import { planText, reportText } from "../../../src/cli/chaos/texts.ts";
import { LOOK, peerOf, SERVICES, turnOf } from "./house-of.ts";

const SAID = ["First the water boils.", "Now it may be drunk."];

const faultOf = (turn: number, more: Partial<FaultRecord> = {}): FaultRecord => ({
  turn,
  kind: "stop",
  peer: "kitchen",
  wasPrime: true,
  wasHost: false,
  moment: "mid-sentence",
  holdMs: 1_500,
  cameFirst: false,
  landed: true,
  refused: null,
  newPrimeMs: 640,
  ...more,
});

const HISTORY: History = {
  schedule: { seed: 7, turns: [1, 2, 3, 4].map((number) => ({ number, kind: "say" })) },
  undisturbed: { say: turnOf(0, "say", SAID, { silentMs: 20, firstMs: 100 }) },
  turns: [
    turnOf(1, "say", SAID, { silentMs: 320, lost: 1 }),
    turnOf(2, "say", SAID, { firstMs: 600 }),
    turnOf(3, "say", SAID, { firstMs: 100 }),
    turnOf(4, "say", SAID),
  ],
  faults: [
    faultOf(1),
    faultOf(2, { kind: "cut", cameFirst: true, wasPrime: false, newPrimeMs: null }),
    faultOf(3, { refused: "somebody is in the middle of a turn there", newPrimeMs: null }),
  ],
  violations: [],
  notes: [],
  peers: 3,
  hasOneVoice: true,
  wasInterrupted: false,
};

describe("a report", () => {
  it("says of each fault what the client noticed, and of all how long it lasted", () => {
    const report = reportOf(HISTORY);
    expect(report.hurt.map(({ gapMs, noticed }) => [gapMs, noticed])).toEqual([
      [300, "nothing lost, connected anew once"],
      [500, "nothing lost"],
      [null, "not done: somebody is in the middle of a turn there"],
    ]);
    expect(report).toMatchObject({
      lostTurns: 0,
      repeated: 0,
      missing: 0,
      gapMs: { count: 2, p50: 300, p95: 500, most: 500 },
    });
    expect(report.newPrimeMs).toEqual({ count: 1, p50: 640, p95: 640, most: 640 });
    expect(hasFailed(report)).toBe(false);
    expect(reportText(report)).toMatchInlineSnapshot(`
      "turn       fault  peer             moment        gap     noticed
      1     say  stop   kitchen (prime)  mid-sentence  300 ms  nothing lost, connected anew once
      2     say  cut    kitchen          mid-sentence  500 ms  nothing lost
      3     say  stop   kitchen (prime)  mid-sentence  -       not done: somebody is in the middle of a turn there

      4 of 4 turns, 2 faults (seed 7)
        lost turns          0
        said or heard twice 0
        not said or heard   0
        gap                 p50 300 ms, p95 500 ms, most 500 ms (2 times)
        until a new prime   p50 640 ms, p95 640 ms, most 640 ms (once)

      This house survived all 2 of them: nothing was lost, nothing was said twice.
      "
    `);
  });

  it("fails with a turn that was lost, and says what to do", () => {
    const turns = HISTORY.turns.map((turn) =>
      turn.number === 1 ? { ...turn, failure: "connection-lost: nobody there" } : turn,
    );
    const report = reportOf({ ...HISTORY, turns, peers: 2 });
    expect(hasFailed(report)).toBe(true);
    expect(report.hurt[0]).toMatchObject({ gapMs: null, noticed: "connection-lost: nobody there" });
    expect(report.nextSteps.join(" ")).toMatch(/two peers.*found no other peer/s);
    expect(reportText(report)).toContain("This house did not survive all of it.");
  });

  it("tells of turns into which no fault came, and of a house that was not whole again", () => {
    const turns = HISTORY.turns.map((turn) => (turn.number === 4 ? turnOf(4, "say", SAID.slice(1)) : turn));
    const report = reportOf({ ...HISTORY, turns, violations: ["The house was not whole again: kitchen is away."] });
    expect(reportText(report)).toContain("turn 4, into which no fault came: not said: First the water boils.");
    expect(reportText(report)).toContain("kitchen is away");
    expect(hasFailed(reportOf({ ...HISTORY, violations: ["The house was not whole again."] }))).toBe(true);
  });

  it("claims nothing where nothing was done", () => {
    expect(reportText(reportOf({ ...HISTORY, faults: [] }))).toContain("nothing is known of what it survives");
  });

  it("measures by nearest rank", () => {
    expect(spreadOf([])).toEqual({ count: 0, p50: 0, p95: 0, most: 0 });
    expect(spreadOf(Array.from({ length: 100 }, (_, n) => n + 1))).toEqual({ count: 100, p50: 50, p95: 95, most: 100 });
  });
});

describe("a plan that is shown", () => {
  it("says who would be hurt how and when, and what is left out and why", () => {
    const closed = peerOf("attic", { isPrime: true, look: { ...LOOK, isAllowed: false } });
    const wishes = { faults: ["kill", "blink"] as const, turns: 4, seed: 5, peers: undefined, holdMs: 2_000 };
    const text = planText(planOf(wishes, [closed, peerOf("cellar"), peerOf("kitchen")], SERVICES), () => "cellar");
    expect(text).toMatchInlineSnapshot(`
      "turn       fault  peer                                       moment                  for
      1     say  blink  the client's own connection                between turns
      2     ask  kill   where the conversation lives (now cellar)  before the first sound  2 s
      3     say  blink  the client's own connection                mid-sentence
      4     ask  -

      Left out:
      kill  attic  faults are not allowed there. On that machine set allowed = true under [chaos] in parley.toml, or PARLEY_CHAOS_ALLOWED=true, and start the peer again.

      Seed 5: --seed 5 draws the same again.
      "
    `);
  });
});

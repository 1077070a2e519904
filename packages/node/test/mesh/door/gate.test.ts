import { describe, expect, it } from "vitest";
import { Gate } from "../../../src/mesh/door/server/gate.ts";

const SECRET = "a secret of more than sixteen characters";

function gate(joinSecret: string | undefined, admits = true): Gate {
  return new Gate({ nowMs: () => 0, joinSecret, admitsBySecret: () => admits, closed: () => undefined });
}

describe("a gate that gives no pass", () => {
  it("says why: that nobody may come in, that it is too early, or that there were too many tries", () => {
    expect(gate(undefined).enter("secret", "a", "10.0.0.1")).toMatchObject({
      code: "pairing-closed",
      reason: "nobody may pair at this peer now",
    });
    expect(gate(SECRET, false).enter("secret", "a", "10.0.0.1")).toMatchObject({
      code: "pairing-paused",
      reason: "this peer lets nobody in by secret yet",
    });
    const tried = gate(SECRET);
    const answers = Array.from({ length: 12 }, () => {
      const answer = tried.enter("secret", "a", "10.0.0.1");
      if ("secret" in answer) tried.release();
      return answer;
    });
    expect(answers.at(-1)).toMatchObject({ code: "pairing-paused", reason: "too many tries" });
  });
});

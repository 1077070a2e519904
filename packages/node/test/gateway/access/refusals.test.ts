import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../../src/gateway/access/audit.ts";
import { Refusals } from "../../../src/gateway/access/refusals.ts";

function gathered() {
  const lines: Omit<AuditEntry, "at">[] = [];
  const clock = { nowMs: 0 };
  const note = async (entry: Omit<AuditEntry, "at">): Promise<void> => void lines.push(entry);
  const refusals = new Refusals({ audit: { note }, nowMs: () => clock.nowMs });
  return { lines, clock, refusals };
}

const refusal = (actor: string, target = "house") => ({ actor, action: "client.add", target, details: {} });

describe("what was refused", () => {
  it("is written down at once, and how often it was more a while later", () => {
    const { lines, refusals } = gathered();
    for (let times = 0; times < 1_000; times += 1) refusals.note(refusal("guest"));
    refusals.note(refusal("other"));
    expect(lines.map(({ actor, outcome }) => `${actor} ${outcome}`)).toEqual(["guest refused", "other refused"]);
    refusals.flush();
    expect(lines.slice(2)).toEqual([{ ...refusal("guest"), outcome: "refused", details: { more: 999 } }]);
    refusals.flush();
    expect(lines).toHaveLength(3);
    refusals.note(refusal("guest"));
    expect(lines).toHaveLength(4);
  });

  it("fills no disk, whoever is refused how often, and none of it is forgotten", () => {
    const { lines, clock, refusals } = gathered();
    for (let minute = 0; minute < 60; minute += 1) {
      for (let times = 0; times < 1_000; times += 1)
        refusals.note(refusal(`${minute}/${times % 300}`, "x".repeat(10_000)));
      clock.nowMs += 60_000;
      refusals.flush();
    }
    expect(lines.length).toBeLessThanOrEqual(60 + 60 * 6);
    for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(400);
    clock.nowMs += 600_000;
    refusals.note(refusal("last"));
    const told = lines.map(({ details: { more, others } }) => Number(more ?? 1) + Number(others ?? 0));
    expect(told.reduce((sum, each) => sum + each, 0)).toBe(60 * 1_000 + 1);
  });
});

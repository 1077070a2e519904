import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientSession, type ProposalOutcome, type SessionTag } from "../../src/index.ts";

const command = new Uint8Array(1);
const committed: ProposalOutcome = { outcome: "committed", index: 1, term: 1, result: new Uint8Array() };
const unknown: ProposalOutcome = { outcome: "unknown", reason: "deadline", detail: "" };
const elsewhere: ProposalOutcome = { outcome: "not-leader", leader: 2 };
const busy: ProposalOutcome = { outcome: "refused", reason: "overloaded", detail: "" };
const expired: ProposalOutcome = { outcome: "refused", reason: "session-expired", detail: "" };

/** A session whose tries get `answers`, one after the other; every pause takes its time at once. */
function sessionWith(answers: readonly ProposalOutcome[]) {
  let nowMs = 0;
  const tags: SessionTag[] = [];
  const session = new ClientSession({
    session: 9,
    submit: async (_command, tag) => {
      nowMs += 1;
      tags.push(tag);
      return answers[tags.length - 1] ?? busy;
    },
    pause: async (delayMs) => {
      nowMs += delayMs;
    },
    nowMs: () => nowMs,
  });
  return { session, tags };
}

describe("a client session", () => {
  it("retries under the same number until it is certain", async () => {
    const { session, tags } = sessionWith([elsewhere, unknown, busy, committed]);
    expect(await session.propose(command, { timeoutMs: 10_000 })).toEqual(committed);
    expect(tags.map(({ sequence }) => sequence)).toEqual([1, 1, 1, 1]);
    await session.propose(command, { timeoutMs: 1 });
    expect(tags.at(-1)).toEqual({ session: 9, sequence: 2, acknowledged: 1 });
  });

  it("stays unknown when a refusal follows a lost answer", async () => {
    const { session } = sessionWith([unknown, expired]);
    expect(await session.propose(command, { timeoutMs: 10_000 })).toEqual(unknown);
    expect(await sessionWith([expired]).session.propose(command, { timeoutMs: 10_000 })).toEqual(expired);
  });

  it("ends at its deadline, as unknown if any answer was lost", async () => {
    expect(await sessionWith([busy, unknown]).session.propose(command, { timeoutMs: 500 })).toEqual(unknown);
    expect(await sessionWith([]).session.propose(command, { timeoutMs: 500 })).toEqual(busy);
  });

  it("never acknowledges a number that is still under way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 }), async (delays) => {
        const under = new Set<number>();
        const session = new ClientSession({
          session: 1,
          submit: async (_command, { sequence, acknowledged }) => {
            under.add(sequence);
            expect(Math.min(...under)).toBeGreaterThan(acknowledged);
            for (let i = 0; i < (delays[sequence - 1] ?? 1); i += 1) await Promise.resolve();
            under.delete(sequence);
            return committed;
          },
        });
        await Promise.all(delays.map(() => session.propose(command, { timeoutMs: 1_000 })));
      }),
    );
  });
});

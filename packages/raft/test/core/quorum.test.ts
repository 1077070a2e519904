import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { committedIndex, voteResult, type JointVoters } from "../../src/core/quorum.ts";

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 7 }).map((list) => new Set(list));
const configurations = fc.record({ incoming: ids, outgoing: ids });
const acks = fc.dictionary(fc.integer({ min: 1, max: 7 }).map(String), fc.integer({ min: 0, max: 9 }));

/** Word for word: the highest index that more than half of the voters have. */
function naive(voters: ReadonlySet<number>, acked: (id: number) => number | undefined): number {
  if (voters.size === 0) return Infinity;
  for (let index = 9; index > 0; index -= 1) {
    const have = [...voters].filter((id) => (acked(id) ?? 0) >= index).length;
    if (have * 2 > voters.size) return index;
  }
  return 0;
}

describe("a quorum", () => {
  it("has committed what a majority of both halves has", () => {
    fc.assert(
      fc.property(configurations, acks, (voters: JointVoters, table) => {
        const acked = (id: number): number | undefined => table[id];
        const expected = Math.min(naive(voters.incoming, acked), naive(voters.outgoing, acked));
        expect(committedIndex(voters, acked)).toBe(expected);
      }),
    );
  });

  it("elects when both halves elect, and gives up as soon as either cannot any more", () => {
    fc.assert(
      fc.property(
        configurations,
        fc.dictionary(fc.integer({ min: 1, max: 7 }).map(String), fc.boolean()),
        (voters, table) => {
          const votes = new Map(Object.entries(table).map(([id, vote]) => [Number(id), vote]));
          const halves = [voters.incoming, voters.outgoing].filter(({ size }) => size > 0);
          const count = (half: ReadonlySet<number>, wanted: boolean | undefined): number =>
            [...half].filter((id) => votes.get(id) === wanted).length;
          const won = halves.every((half) => count(half, true) * 2 > half.size);
          const lost = halves.some((half) => (count(half, true) + count(half, undefined)) * 2 <= half.size);
          expect(voteResult(voters, votes)).toBe(won ? "won" : lost ? "lost" : "pending");
        },
      ),
    );
  });

  it("of any two configurations that follow each other always overlaps", () => {
    fc.assert(
      fc.property(ids, ids, fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), (old, next, yes) => {
        fc.pre(old.size > 0 && next.size > 0);
        const joint = { incoming: next, outgoing: old };
        const votes = (flip: boolean): Map<number, boolean> => new Map(yes.map((vote, i) => [i + 1, vote !== flip]));
        // Disjoint sets of voters cannot both win: in the old configuration, the joint one, or the new one.
        for (const [a, b] of [
          [{ incoming: old, outgoing: new Set<number>() }, joint],
          [joint, joint],
          [joint, { incoming: next, outgoing: new Set<number>() }],
        ] as const) {
          expect(voteResult(a, votes(false)) === "won" && voteResult(b, votes(true)) === "won").toBe(false);
        }
      }),
    );
  });
});

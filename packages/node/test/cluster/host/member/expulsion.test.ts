import { describe, expect, it } from "vitest";
import { expel, type Electorate } from "../../../../src/cluster/host/member/expulsion.ts";
import type { Submitted } from "../../../../src/cluster/consensus/shared-state.ts";
import type { ClusterCommand } from "../../../../src/cluster/state/schemas.ts";

const DONE: Submitted = { outcome: "done", value: 0, index: 1 };
const MARK = "mark";
const UNMARK = "unmark";

/** Voters, what they are asked to agree on, and what comes of it. */
function electorate(voters: readonly string[], there: readonly string[] = voters) {
  const said: string[] = [];
  let now = voters;
  let answer: (what: string) => Submitted | undefined = () => undefined;
  const wordOf = (command: ClusterCommand): string =>
    command.type === "set" ? (command.value === null ? UNMARK : MARK) : command.type;
  const given: Electorate = {
    shared: {
      submit: async (command) => {
        said.push(wordOf(command));
        return answer(wordOf(command)) ?? DONE;
      },
    },
    voters: () => now,
    isThere: (peer) => there.includes(peer),
  };
  return {
    given,
    said,
    elect: (peers: readonly string[]) => void (now = peers),
    answers: (how: typeof answer) => void (answer = how),
  };
}

const expelP = (given: Electorate): Promise<void> => expel(given, { peer: "p", by: "a" }, { timeoutMs: 200 });
const noQuorum = expect.objectContaining({ code: "no-quorum" });

describe("a peer that is to be revoked", () => {
  it("is marked and waited for until it votes no more, and revoked then", async () => {
    const { given, said, elect } = electorate(["a", "b", "p"]);
    const expelling = expelP(given);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(said).not.toContain("revoke");
    elect(["a", "b"]);
    await expelling;
    expect(said.at(-1)).toBe("revoke");
  });

  it("is marked though it does not vote: a vote that it is just being given is waited for as well", async () => {
    const { given, said, elect, answers } = electorate(["a"]);
    answers((what) => {
      // The prime had not seen the mark yet when it gave the vote.
      if (what === MARK && said.length === 1) elect(["a", "p"]);
      return undefined;
    });
    const expelling = expelP(given);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(said).not.toContain("revoke");
    elect(["a"]);
    await expelling;
    expect(said.at(-1)).toBe("revoke");
  });

  it("is revoked with its vote when it holds it back, while most of those that vote are others and there", async () => {
    const { given, said } = electorate(["a", "b", "p"], ["a", "b"]);
    await expelP(given);
    expect(said.at(-1)).toBe("revoke");
  });

  it.each([
    ["it is one of two", ["a", "p"], ["a", "p"]],
    ["one of the other two is away", ["a", "b", "p"], ["a", "p"]],
  ])("stays, and gets its vote back, where %s", async (_, voters, there) => {
    const { given, said } = electorate(voters, there);
    await expect(expelP(given)).rejects.toThrowError(noQuorum);
    expect(said).not.toContain("revoke");
    expect(said.at(-1)).toBe(UNMARK);
  });

  it("stays as it was where nobody agrees to anything", async () => {
    const { given, said, answers } = electorate(["a", "b"]);
    answers(() => ({ outcome: "unknown", detail: "nobody leads" }));
    await expect(expelP(given)).rejects.toThrowError(noQuorum);
    expect(said).toEqual([MARK]);
  });

  it("gets its vote back when the cluster does not want to revoke it, and not when that is not known", async () => {
    for (const [outcome, last] of [
      [{ outcome: "refused", reason: "not-a-member", detail: "b was faster" }, UNMARK],
      [{ outcome: "unknown", detail: "late" }, "revoke"],
    ] as const) {
      const { given, said, answers } = electorate(["a", "b"]);
      answers((what) => (what === "revoke" ? outcome : undefined));
      await expect(expelP(given)).rejects.toThrowError(noQuorum);
      expect(said.at(-1)).toBe(last);
    }
  });
});

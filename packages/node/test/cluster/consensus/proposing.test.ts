import type { ProposalOutcome, ProposeOptions, RaftNode, SessionOutcome } from "@parley/raft";
import { describe, expect, it } from "vitest";
import { Proposing } from "../../../src/cluster/consensus/proposing.ts";

const COMMAND = new Uint8Array([1]);
const COMMITTED: ProposalOutcome = { outcome: "committed", index: 7, term: 2, result: new Uint8Array([9]) };

type Answer = ProposalOutcome | "never";

/** A node that answers as it is told, and remembers what it was asked. */
class ScriptedNode implements Pick<RaftNode, "propose" | "openSession"> {
  readonly tags: ProposeOptions["session"][] = [];
  opened = 0;
  readonly #answers: Answer[];
  readonly #openings: SessionOutcome[];

  constructor(answers: readonly Answer[], openings: readonly SessionOutcome[] = []) {
    this.#answers = [...answers];
    this.#openings = [...openings];
  }

  openSession(): Promise<SessionOutcome> {
    this.opened += 1;
    return Promise.resolve(this.#openings.shift() ?? { outcome: "opened", session: this.opened });
  }

  propose(_: Uint8Array, { session }: ProposeOptions = {}): Promise<ProposalOutcome> {
    this.tags.push(session);
    const answer = this.#answers.shift() ?? COMMITTED;
    return answer === "never" ? new Promise(() => undefined) : Promise.resolve(answer);
  }
}

const refused = (
  reason: "session-expired" | "overloaded" | "too-large" | "stopped" | "superseded",
): ProposalOutcome => ({
  outcome: "refused",
  reason,
  detail: reason,
});
const UNKNOWN: ProposalOutcome = { outcome: "unknown", reason: "deadline", detail: "lost" };

describe("proposing", () => {
  it("repeats what may have been done under its own number", async () => {
    const node = new ScriptedNode([UNKNOWN, { outcome: "not-leader", leader: undefined }]);
    expect(await new Proposing(node).propose(COMMAND, 5_000)).toEqual(COMMITTED);
    expect(node.tags).toEqual(Array.from({ length: 3 }, () => ({ session: 1, sequence: 1, acknowledged: 0 })));
  });

  it("opens another session when the cluster has given the first one up, and begins anew", async () => {
    const node = new ScriptedNode([refused("session-expired")]);
    expect(await new Proposing(node).propose(COMMAND, 5_000)).toEqual(COMMITTED);
    expect(node.tags.map((tag) => [tag?.session, tag?.sequence])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("does not begin anew what may have been done in the session that is lost", async () => {
    const node = new ScriptedNode([UNKNOWN, refused("session-expired")]);
    expect(await new Proposing(node).propose(COMMAND, 5_000)).toMatchObject({ outcome: "unknown" });
    expect(node.opened).toBe(1);
  });

  it("opens one session for all that begin together, however often that takes", async () => {
    const node = new ScriptedNode([], [UNKNOWN, { outcome: "not-leader", leader: undefined }]);
    const proposing = new Proposing(node);
    const outcomes = await Promise.all([1, 2, 3].map(() => proposing.propose(COMMAND, 5_000)));
    expect(outcomes).toEqual([COMMITTED, COMMITTED, COMMITTED]);
    expect(node.opened).toBe(3);
    expect(node.tags.map((tag) => tag?.sequence)).toEqual([1, 2, 3]);
  });

  it("gives up in time when no session can be opened", async () => {
    const never = Array.from({ length: 100 }, (): SessionOutcome => ({ outcome: "not-leader", leader: undefined }));
    expect(await new Proposing(new ScriptedNode([], never)).propose(COMMAND, 50)).toMatchObject({
      outcome: "refused",
      reason: "no-quorum",
    });
  });

  it.each([
    ["too-large", "too-large"],
    ["overloaded", "overloaded"],
    ["superseded", "no-quorum"],
  ] as const)("says %s as %s when nothing better comes in time", async (raft, own) => {
    const node = new ScriptedNode(Array(100).fill(refused(raft)));
    expect(await new Proposing(node).propose(COMMAND, 30)).toMatchObject({ outcome: "refused", reason: own });
  });

  it("takes no more than a session can remember", async () => {
    const node = new ScriptedNode(Array(600).fill("never"));
    const proposing = new Proposing(node);
    const all = Array.from({ length: 512 }, () => proposing.propose(COMMAND, 5_000));
    expect(await proposing.propose(COMMAND, 5_000)).toMatchObject({ outcome: "refused", reason: "overloaded" });
    proposing.stop();
    await Promise.all(all);
  });

  it("leaves nobody waiting when it stops", async () => {
    const proposing = new Proposing(new ScriptedNode(["never"]));
    const underWay = proposing.propose(COMMAND, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    proposing.stop();
    expect(await underWay).toMatchObject({ outcome: "unknown" });
    expect(await proposing.propose(COMMAND, 60_000)).toMatchObject({ outcome: "refused", reason: "stopped" });
  });
});

import type { ProposalOutcome, ProposeOptions, RaftNode, SessionOutcome } from "@parley/raft";
import type { Leadership } from "@parley/actors";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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

/** Nobody new comes to lead. */
const STEADY: Pick<Leadership, "current" | "watch"> = {
  current: () => ({ leader: "one", term: 1 }),
  watch: () => () => undefined,
};

/** Who leads is told by the test. */
class Elections implements Pick<Leadership, "current" | "watch"> {
  #now: ReturnType<Leadership["current"]> = { leader: "one", term: 1 };
  readonly #watchers = new Set<() => void>();

  current(): ReturnType<Leadership["current"]> {
    return this.#now;
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  tell(leader: string | undefined, term: number): void {
    this.#now = { leader, term };
    for (const changed of this.#watchers) changed();
  }
}

const refused = (
  reason: "session-expired" | "overloaded" | "too-large" | "stopped" | "superseded",
): ProposalOutcome => ({
  outcome: "refused",
  reason,
  detail: reason,
});
const LOST = { outcome: "unknown", reason: "deadline", detail: "lost" } as const;
const UNKNOWN: ProposalOutcome = LOST;

describe("proposing", () => {
  it("repeats what may have been done under its own number", async () => {
    const node = new ScriptedNode([UNKNOWN, { outcome: "not-leader", leader: undefined }]);
    expect(await new Proposing(node, STEADY).propose(COMMAND, 5_000)).toEqual(COMMITTED);
    expect(node.tags).toEqual(Array.from({ length: 3 }, () => ({ session: 1, sequence: 1, acknowledged: 0 })));
  });

  it("opens another session when the cluster has given the first one up, and begins anew", async () => {
    const node = new ScriptedNode([refused("session-expired")]);
    expect(await new Proposing(node, STEADY).propose(COMMAND, 5_000)).toEqual(COMMITTED);
    expect(node.tags.map((tag) => [tag?.session, tag?.sequence])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("does not begin anew what may have been done in the session that is lost", async () => {
    const node = new ScriptedNode([UNKNOWN, refused("session-expired")]);
    expect(await new Proposing(node, STEADY).propose(COMMAND, 5_000)).toMatchObject({ outcome: "unknown" });
    expect(node.opened).toBe(1);
  });

  it("opens one session for all that begin together, however often that takes", async () => {
    const node = new ScriptedNode([], [UNKNOWN, { outcome: "not-leader", leader: undefined }]);
    const proposing = new Proposing(node, STEADY);
    const outcomes = await Promise.all([1, 2, 3].map(() => proposing.propose(COMMAND, 5_000)));
    expect(outcomes).toEqual([COMMITTED, COMMITTED, COMMITTED]);
    expect(node.opened).toBe(3);
    expect(node.tags.map((tag) => tag?.sequence)).toEqual([1, 2, 3]);
  });

  it("gives up in time when no session can be opened", async () => {
    const never = Array.from({ length: 100 }, (): SessionOutcome => ({ outcome: "not-leader", leader: undefined }));
    expect(await new Proposing(new ScriptedNode([], never), STEADY).propose(COMMAND, 50)).toMatchObject({
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
    expect(await new Proposing(node, STEADY).propose(COMMAND, 30)).toMatchObject({ outcome: "refused", reason: own });
  });

  it("takes no more than a session can remember", async () => {
    const node = new ScriptedNode(Array(600).fill("never"));
    const proposing = new Proposing(node, STEADY);
    const all = Array.from({ length: 512 }, () => proposing.propose(COMMAND, 5_000));
    expect(await proposing.propose(COMMAND, 5_000)).toMatchObject({ outcome: "refused", reason: "overloaded" });
    proposing.stop();
    await Promise.all(all);
  });

  it("sends again what was on its way to a leader that is gone, as soon as there is another", async () => {
    const elections = new Elections();
    const node = new ScriptedNode(["never"]);
    const underWay = new Proposing(node, elections).propose(COMMAND, 60_000);
    await expect.poll(() => node.tags.length).toBe(1);
    elections.tell(undefined, 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Nobody leads yet: there is nobody to send it to.
    expect(node.tags.length).toBe(1);
    elections.tell("two", 2);
    expect(await underWay).toEqual(COMMITTED);
    // Under its own number: the first try may still come through.
    expect(node.tags.map((tag) => [tag?.session, tag?.sequence])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it("opens its session anew when the leader that was asked for it is gone", async () => {
    const elections = new Elections();
    const node = new ScriptedNode([]);
    const opening = Promise.withResolvers<SessionOutcome>();
    const open = node.openSession.bind(node);
    node.openSession = () => (node.opened === 0 ? ((node.opened = 1), opening.promise) : open());
    const underWay = new Proposing(node, elections).propose(COMMAND, 60_000);
    await expect.poll(() => node.opened).toBe(1);
    elections.tell("two", 2);
    expect(await underWay).toEqual(COMMITTED);
    expect(node.opened).toBe(2);
  });

  it("leaves nobody waiting when it stops", async () => {
    const proposing = new Proposing(new ScriptedNode(["never"]), STEADY);
    const underWay = proposing.propose(COMMAND, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    proposing.stop();
    expect(await underWay).toMatchObject({ outcome: "unknown" });
    expect(await proposing.propose(COMMAND, 60_000)).toMatchObject({ outcome: "refused", reason: "stopped" });
  });
});

/** Each of its answers takes so long; until then nobody knows. */
class FarNode implements Pick<RaftNode, "propose" | "openSession"> {
  opened = 0;
  tries = 0;
  readonly #roundTripMs: number;

  constructor(roundTripMs: number) {
    this.#roundTripMs = roundTripMs;
  }

  async openSession({ timeoutMs = 0 }: { readonly timeoutMs?: number } = {}): Promise<SessionOutcome> {
    this.opened += 1;
    const session = this.opened;
    return (await this.#isAnswered(timeoutMs)) ? { outcome: "opened", session } : LOST;
  }

  async propose(_: Uint8Array, { timeoutMs = 0 }: ProposeOptions = {}): Promise<ProposalOutcome> {
    this.tries += 1;
    return (await this.#isAnswered(timeoutMs)) ? COMMITTED : LOST;
  }

  async #isAnswered(timeoutMs: number): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, Math.min(this.#roundTripMs, timeoutMs)));
    return timeoutMs >= this.#roundTripMs;
  }
}

describe("proposing over a slow network", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([400, 800, 1_600])(
    "gives answers that take %i ms the time that they need, and from then on sends each command once",
    async (roundTripMs) => {
      const node = new FarNode(roundTripMs);
      const proposing = new Proposing(node, STEADY);
      const first = proposing.propose(COMMAND, 10_000);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await first).toEqual(COMMITTED);
      expect(node.opened).toBeLessThan(5);
      node.tries = 0;
      for (let i = 0; i < 10; i += 1) {
        const next = proposing.propose(COMMAND, 10_000);
        await vi.advanceTimersByTimeAsync(roundTripMs);
        expect(await next).toEqual(COMMITTED);
      }
      expect(node.tries).toBe(10);
    },
  );
});

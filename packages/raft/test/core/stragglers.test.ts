import { describe, expect, test } from "vitest";
import { confChangeEntry, LEAVE_JOINT } from "../../src/core/conf-change.ts";
import { RawNode } from "../../src/core/raw-node.ts";
import { message, type Entry, type Message } from "../../src/core/types.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";

const NOTHING = new Uint8Array();
const VOTERS = { voters: [1, 2, 3], votersOutgoing: [1, 4, 5], learners: [], learnersNext: [4, 5], autoLeave: true };

/** Node 1 in a joint configuration: the entry that leaves it stands at index 3, and only index 1 is known committed. */
function nodeWith(given: { readonly informStragglers: boolean; readonly commit?: number }): RawNode {
  const log = new MemoryLog();
  log.applySnapshot({ index: 1, term: 1, confState: VOTERS, data: NOTHING });
  const entries: Entry[] = [
    { index: 2, term: 1, type: "normal", data: NOTHING },
    { index: 3, term: 1, ...confChangeEntry(LEAVE_JOINT) },
    { index: 4, term: 1, type: "normal", data: NOTHING },
  ];
  log.append(entries);
  log.setHardState({ term: 1, vote: 0, commit: given.commit ?? 1 });
  const { informStragglers } = given;
  return new RawNode({ id: 1, electionTicks: 10, heartbeatTicks: 1, storage: log, random: () => 0, informStragglers });
}

function refusal(commit: number, logTerm: number): Message {
  return message({ type: "vote-response", from: 4, to: 1, term: 2, reject: true, commit, logTerm });
}

/** What node 1 answers to a candidate whose log is behind. */
function answerToShorterLog(node: RawNode): Message | undefined {
  node.step(message({ type: "vote", from: 2, to: 1, term: 2, index: 2, logTerm: 1 }));
  return node.ready().messages.find(({ type }) => type === "vote-response");
}

describe("a refused candidate", () => {
  test("learns what is committed, and gives up a campaign that counts by the configuration before", () => {
    const node = nodeWith({ informStragglers: true });
    node.campaign();
    expect(node.status().role).toBe("candidate");
    node.step(refusal(3, 1));
    expect(node.status()).toMatchObject({ role: "follower", term: 2, vote: 1, commit: 3 });
  });

  test("goes on when what it learns changes no membership", () => {
    const node = nodeWith({ informStragglers: true });
    node.campaign();
    node.step(refusal(2, 1));
    expect(node.status()).toMatchObject({ role: "candidate", commit: 2 });
  });

  test("takes no commit index over for an entry it does not hold", () => {
    const node = nodeWith({ informStragglers: true });
    node.campaign();
    node.step(refusal(3, 2));
    node.step(refusal(9, 1));
    expect(node.status()).toMatchObject({ role: "candidate", commit: 1 });
  });

  test("learns nothing without the option", () => {
    const node = nodeWith({ informStragglers: false });
    node.campaign();
    node.step(refusal(3, 1));
    expect(node.status()).toMatchObject({ role: "candidate", commit: 1 });
  });
});

describe("who is asked for a vote", () => {
  test("learns what the candidate knows to be committed", () => {
    for (const informStragglers of [true, false]) {
      const node = nodeWith({ informStragglers });
      const last = { index: 9, logTerm: 1 };
      node.step(message({ type: "vote", from: 2, to: 1, term: 2, ...last, commit: 3, rejectHint: 1 }));
      expect(node.status().commit).toBe(informStragglers ? 3 : 1);
    }
  });

  test("is told by a campaign of this node in turn", () => {
    const node = nodeWith({ informStragglers: true, commit: 2 });
    node.campaign();
    const asked = node.ready().messages.filter(({ type }) => type === "vote");
    expect(asked.map(({ to }) => to)).toEqual([2, 3, 4, 5]);
    for (const each of asked) expect(each).toMatchObject({ commit: 2, rejectHint: 1 });
  });
});

describe("a refusal", () => {
  test("says how far the log is committed, only with the option", () => {
    const told = answerToShorterLog(nodeWith({ informStragglers: true, commit: 2 }));
    expect(told).toMatchObject({ reject: true, commit: 2, logTerm: 1 });
    const silent = answerToShorterLog(nodeWith({ informStragglers: false, commit: 2 }));
    expect(silent).toMatchObject({ reject: true, commit: 0, logTerm: 0 });
  });
});

describe("a message of an earlier term", () => {
  const answersTo = (
    given: Partial<Message> & Pick<Message, "type">,
    informStragglers: boolean,
  ): readonly Message[] => {
    const node = nodeWith({ informStragglers });
    node.step(message({ type: "heartbeat", from: 2, to: 1, term: 5 }));
    node.ready();
    node.advance();
    node.step(message({ from: 3, to: 1, term: 4, ...given }));
    return node.hasReady() ? node.ready().messages : [];
  };

  test("is answered with the present term", () => {
    for (const type of ["append", "heartbeat"] as const) {
      expect(answersTo({ type }, true)).toMatchObject([{ type: "append-response", to: 3, term: 5 }]);
    }
    expect(answersTo({ type: "vote" }, true)).toMatchObject([{ type: "vote-response", to: 3, term: 5, reject: true }]);
  });

  test("is passed over without the option", () => {
    for (const type of ["append", "heartbeat", "vote"] as const) expect(answersTo({ type }, false)).toEqual([]);
  });
});

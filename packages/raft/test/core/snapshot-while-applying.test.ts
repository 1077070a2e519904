import { describe, expect, test } from "vitest";
import { confChangeEntry, LEAVE_JOINT } from "../../src/core/conf-change.ts";
import { RawNode } from "../../src/core/raw-node.ts";
import { message, type ConfState, type ProposedEntry } from "../../src/core/types.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";

const JOINT: ConfState = { voters: [1, 2], votersOutgoing: [1, 3], learners: [], learnersNext: [], autoLeave: false };
const LATER: ConfState = { voters: [1, 2, 4], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
const NOTHING = new Uint8Array();

/** A follower whose driver has been handed entry 2 to apply, when a snapshot of index 9 arrives. */
function afterSnapshotDuringApply(entry: ProposedEntry): RawNode {
  const log = new MemoryLog();
  log.applySnapshot({ index: 1, term: 1, confState: JOINT, data: NOTHING });
  log.append([{ index: 2, term: 1, ...entry }]);
  log.setHardState({ term: 1, vote: 0, commit: 2 });
  const node = new RawNode({ id: 1, electionTicks: 10, heartbeatTicks: 1, storage: log, random: () => 0 });
  expect(node.ready().committedEntries).toHaveLength(1);
  const snapshot = { index: 9, term: 1, confState: LATER, data: NOTHING };
  node.step(message({ type: "snapshot", from: 2, to: 1, term: 1, snapshot }));
  return node;
}

describe("a snapshot that arrives while entries are being applied", () => {
  test("waits to be sent again when one of them is a membership change: that is not put on top of it", () => {
    const node = afterSnapshotDuringApply(confChangeEntry(LEAVE_JOINT));
    expect(node.status()).toMatchObject({ commit: 2, confState: JOINT });
    expect(node.applyMembership(LEAVE_JOINT)).toMatchObject({ voters: [1, 2], votersOutgoing: [] });
  });

  test("is taken over when none is", () => {
    const node = afterSnapshotDuringApply({ type: "normal", data: NOTHING });
    expect(node.status()).toMatchObject({ commit: 9, confState: LATER });
  });
});

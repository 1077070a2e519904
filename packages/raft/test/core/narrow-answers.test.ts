import { describe, expect, test } from "vitest";
import { PendingReads } from "../../src/core/read-only.ts";
import { RawNode } from "../../src/core/raw-node.ts";
import { message, type Entry, type Message } from "../../src/core/types.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";

const request = (name: string): Message =>
  message({ type: "read-index", entries: [{ type: "normal", data: new TextEncoder().encode(name) }] });
const context = (name: string): Uint8Array => new TextEncoder().encode(name);

describe("pending reads", () => {
  test("are not answered by a quorum that was there before they came", () => {
    const reads = new PendingReads();
    for (const [i, name] of ["a", "b", "c"].entries()) reads.add(context(name), i, request(name));
    expect(reads.takeUpTo(context("b")).map(({ index }) => index)).toEqual([0, 1]);
    expect(reads.takeUpTo(context("b"))).toEqual([]);
    expect(reads.newestContext()).toEqual(context("c"));
    expect(reads.takeUpTo(context("c")).map(({ index }) => index)).toEqual([2]);
  });
});

function followerWith(entries: readonly Entry[]): { readonly node: RawNode; readonly log: MemoryLog } {
  const log = new MemoryLog();
  const confState = { voters: [1, 2, 3], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
  log.applySnapshot({ index: 1, term: 1, confState, data: new Uint8Array() });
  log.setHardState({ term: 2, vote: 0, commit: 1 });
  log.append(entries);
  return { log, node: new RawNode({ id: 1, electionTicks: 10, heartbeatTicks: 1, storage: log, random: () => 0 }) };
}

function answers(node: RawNode, log: MemoryLog): readonly Message[] {
  const said: Message[] = [];
  while (node.hasReady()) {
    const { hardState, entries, messages } = node.ready();
    if (hardState !== undefined) log.setHardState(hardState);
    log.append(entries);
    said.push(...messages);
    node.advance();
  }
  return said;
}

describe("a follower", () => {
  const entry = (index: number, term: number): Entry => ({ index, term, type: "normal", data: Uint8Array.of(index) });

  test("acknowledges what an append spoke of, not what else it happens to hold", () => {
    // Entries 3 and 4 are of a leader that was deposed: the new one has not said that it has them.
    const { node, log } = followerWith([entry(2, 2), entry(3, 2), entry(4, 2)]);
    node.step(message({ type: "append", from: 2, to: 1, term: 3, index: 2, logTerm: 2, commit: 1 }));
    expect(answers(node, log)).toMatchObject([{ type: "append-response", to: 2, index: 2, reject: false }]);
    node.step(
      message({ type: "append", from: 2, to: 1, term: 3, index: 1, logTerm: 1, commit: 1, entries: [entry(2, 2)] }),
    );
    expect(answers(node, log)).toMatchObject([{ type: "append-response", to: 2, index: 2, reject: false }]);
  });
});

import { describe, expect, test } from "vitest";
import { RawNode, type Ready } from "../../src/core/raw-node.ts";
import { message, type NodeId } from "../../src/core/types.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";

const CONTEXT = new TextEncoder().encode("read");

function nodeAmong(voters: readonly NodeId[]): { readonly node: RawNode; readonly log: MemoryLog } {
  const log = new MemoryLog();
  const confState = { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
  log.applySnapshot({ index: 1, term: 1, confState, data: new Uint8Array() });
  log.setHardState({ term: 1, vote: 0, commit: 1 });
  return { log, node: new RawNode({ id: 1, electionTicks: 10, heartbeatTicks: 1, storage: log, random: () => 0 }) };
}

function persist(log: MemoryLog, { hardState, entries }: Ready): void {
  if (hardState !== undefined) log.setHardState(hardState);
  log.append(entries);
}

/** Carries out what there is to do; what was answered to reads meanwhile. */
function settle(node: RawNode, log: MemoryLog): { readonly reads: number[]; readonly messages: string[] } {
  const [reads, messages]: [number[], string[]] = [[], []];
  while (node.hasReady()) {
    const ready = node.ready();
    persist(log, ready);
    reads.push(...ready.readStates.map(({ index }) => index));
    messages.push(...ready.messages.map(({ type, to }) => `${type} to ${to}`));
    node.advance();
  }
  return { reads, messages };
}

describe("reads with one voter", () => {
  test("are answered at once by that voter", () => {
    const { node, log } = nodeAmong([1]);
    node.campaign();
    settle(node, log);
    node.readIndex(CONTEXT);
    expect(settle(node, log).reads).toEqual([2]);
  });

  test("wait for an entry of its own term: a restart may have forgotten how far it had committed", () => {
    const { node, log } = nodeAmong([1]);
    node.campaign();
    persist(log, node.ready());
    node.advance();
    expect(node.status()).toMatchObject({ role: "leader", commit: 1 });
    node.readIndex(CONTEXT);
    const ready = node.ready();
    expect(ready.readStates).toEqual([]);
    persist(log, ready);
    node.advance();
    expect(settle(node, log).reads).toEqual([2]);
  });

  test("are confirmed by that voter when the leader is another, who may be deposed", () => {
    const { node, log } = nodeAmong([1, 2]);
    node.campaign();
    settle(node, log);
    node.step(message({ type: "vote-response", from: 2, to: 1, term: 2 }));
    settle(node, log);
    node.step(message({ type: "append-response", from: 2, to: 1, term: 2, index: 2 }));
    settle(node, log);
    node.applyMembership({ transition: "auto", steps: [{ operation: "remove", node: 1 }], context: new Uint8Array() });
    expect(node.status()).toMatchObject({ role: "leader", confState: { voters: [2] } });
    settle(node, log);
    node.readIndex(CONTEXT);
    expect(settle(node, log)).toEqual({ reads: [], messages: ["heartbeat to 2"] });
    node.step(message({ type: "heartbeat-response", from: 2, to: 1, term: 2, context: CONTEXT }));
    expect(settle(node, log).reads).toEqual([2]);
  });
});

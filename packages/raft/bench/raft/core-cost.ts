/** What a proposal costs three nodes of the core that hand each other messages by reference: no wire, no disk, no clock. */
import { RawNode } from "../../src/core/raw-node.ts";
import { APPEND_THREAD, APPLY_THREAD, type NodeId } from "../../src/core/types.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";

const MEMBERS: readonly NodeId[] = [1, 2, 3];
const VALUE_BYTES = 256;
/** Entries that a log keeps, so that its length is not what is measured. */
const KEPT_ENTRIES = 10_000;

interface Member {
  readonly node: RawNode;
  readonly log: MemoryLog;
  applied: number;
}

/** @returns microseconds a proposal takes until all three have applied it, `batch` of them being proposed at once */
export function coreMicrosPerProposal(batch: number, proposals: number): number {
  const members = new Map(MEMBERS.map((id) => [id, startMember(id)]));
  const leader = members.get(1);
  if (leader === undefined) throw new Error("there is no first member");
  leader.node.campaign();
  carryOut(members);
  const data = new Uint8Array(VALUE_BYTES);
  const values = Array.from({ length: batch }, () => data);
  const run = (count: number): void => {
    for (let done = 0; done < count; done += batch) {
      leader.node.proposeBatch(values);
      carryOut(members);
    }
  };
  run(proposals / 4);
  const before = leader.applied;
  const startedAt = performance.now();
  run(proposals);
  const micros = (performance.now() - startedAt) * 1000;
  const applied = [...members.values()].map((member) => member.applied);
  if (applied.some((index) => index !== leader.applied))
    throw new Error(`not all applied everything: ${applied.join()}`);
  return micros / (leader.applied - before);
}

function startMember(id: NodeId): Member {
  const log = new MemoryLog();
  const confState = { voters: MEMBERS, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
  log.applySnapshot({ index: 1, term: 1, confState, data: new Uint8Array() });
  const node = new RawNode({
    id,
    electionTicks: 10,
    heartbeatTicks: 1,
    storage: log,
    random: () => 0.5,
    applied: 1,
    asyncStorageWrites: true,
    checkQuorum: true,
    preVote: true,
    maxMessageBytes: 1024 * 1024,
  });
  return { node, log, applied: 1 };
}

/** Until nobody has anything to do. */
function carryOut(members: ReadonlyMap<NodeId, Member>): void {
  for (let isBusy = true; isBusy;) {
    isBusy = false;
    for (const member of members.values()) {
      if (!member.node.hasReady()) continue;
      isBusy = true;
      carryOutReady(member, members);
    }
  }
}

function carryOutReady(member: Member, members: ReadonlyMap<NodeId, Member>): void {
  const { entries, hardState, committedEntries, messages } = member.node.ready();
  member.log.append(entries);
  if (hardState !== undefined) member.log.setHardState(hardState);
  member.applied = committedEntries.at(-1)?.index ?? member.applied;
  for (const each of messages) {
    // What storage and the state machine were asked for is done already.
    const deliverable = each.to === APPEND_THREAD || each.to === APPLY_THREAD ? each.responses : [each];
    for (const message of deliverable) members.get(message.to)?.node.step(message);
  }
  const { log, applied } = member;
  if (applied - log.firstIndex() > 2 * KEPT_ENTRIES) log.compact(applied - KEPT_ENTRIES);
}

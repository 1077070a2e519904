/** The liveness phase: all faults end, and the cluster must get going within bounded time. */
import { MS } from "../kit/timeline.ts";
import { demand } from "../kit/violation.ts";
import { decodeCommand, encodeCommand } from "./machine.ts";
import { members } from "./membership-model.ts";
import { TICK } from "./plan.ts";
import type { World } from "./world.ts";

/** The client of the proposals that must come through. */
const PROBE = 255;
const SHEPHERD_EVERY = 500 * MS;

/** @throws Violation `liveness` when no new proposal reaches every member in time. */
export function healAndExpectProgress(world: World): void {
  const { plan, timeline, chronicle } = world;
  const from = chronicle.lastCommitted;
  heal(world);
  shepherd(world, 1);
  let done = false;
  const check = (): boolean => {
    if (done) return true;
    let index = 0;
    for (let at = chronicle.lastCommitted; at > from && index === 0; at -= 1) {
      const entry = chronicle.committedAt(at);
      if (entry?.type === "normal" && decodeCommand(entry.data)?.client === PROBE) index = at;
    }
    if (index === 0) return false;
    const conf = chronicle.confAt(chronicle.lastCommitted);
    done = [...members(conf)].every((id) => (world.hosts.get(id)?.peer?.machine.index ?? 0) >= index);
    return done;
  };
  world.runUntil(timeline.now + plan.livenessBound, check);
  demand(done, "liveness", () => describe(world, from));
}

function heal(world: World): void {
  world.note("heal");
  world.isHealed = true;
  world.network.heal();
  const isAligned = world.plan.faults.has("aligned-clocks");
  // All hosts start at once, tick at once and hear each other after the same time: only their random timeouts differ.
  if (isAligned) world.network.fixedLatency = 2 * MS;
  for (const host of world.hosts.values()) {
    host.tickPeriod = TICK;
    host.disk.slowness = 1;
    host.disk.isFull = false;
    host.applySlowness = 1;
    world.resume(host);
    if (isAligned) world.crash(host, false);
  }
  for (const host of world.hosts.values()) world.start(host);
}

/** What an operator does meanwhile: starts members, stops those who are not, and asks for something to be done. */
function shepherd(world: World, round: number): void {
  const { plan, chronicle } = world;
  const conf = chronicle.confAt(chronicle.lastCommitted);
  const inside = members(conf);
  for (const id of inside) world.start(world.host(id));
  // A removed node may be needed until those who stay know that it is removed.
  const changedAt = chronicle.configurations.at(-1)?.index ?? 0;
  const isKnown = [...inside].every((id) => (world.hosts.get(id)?.view.status.commit ?? 0) >= changedAt);
  for (const host of world.up()) {
    if (inside.has(host.id) || !isKnown) continue;
    // Without pre-vote and check-quorum a removed node can disturb for ever (section 4.2.3): it must be stopped.
    const mayStay = (plan.preVote || plan.checkQuorum) && host.view.status.role !== "leader";
    if (!mayStay) world.crash(host, false);
  }
  const leaders = world.leaders().toSorted((a, b) => b.view.status.term - a.view.status.term);
  const [leader] = leaders;
  if (leader !== undefined) {
    const data = encodeCommand({ client: PROBE, sequence: round, key: 0 }, 0);
    world.at(leader, (peer) => peer.propose(data));
  }
  world.timeline.after(SHEPHERD_EVERY, () => shepherd(world, round + 1));
}

function describe(world: World, from: number): string {
  const nodes = world
    .up()
    .map(
      ({ id, view: { status, applied } }) =>
        `${id}: ${status.role} term ${status.term} commit ${status.commit}/${applied}`,
    );
  const conf = JSON.stringify(world.chronicle.confAt(world.chronicle.lastCommitted));
  return `no new proposal reached all of ${conf} (committed ${from} to ${world.chronicle.lastCommitted}); ${nodes.join("; ")}`;
}

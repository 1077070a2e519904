/** The liveness phase: all faults end, and the cluster must get going within bounded time. */
import { MS } from "../kit/timeline.ts";
import { demand } from "../kit/violation.ts";
import { decodeAppend, encodeAppend } from "./machine.ts";
import { members } from "./membership-model.ts";
import type { World } from "./world.ts";

/** The client of the proposals that must come through. */
const PROBE = 255;
const SHEPHERD_EVERY = 500 * MS;
const CHECK_EVERY = 50 * MS;

/**
 * False when too many have lost what they had promised: nobody may be elected then, and a person has to decide.
 * @throws Violation `liveness` when no new proposal reaches every member in time.
 */
export async function healAndExpectProgress(world: World): Promise<boolean> {
  const { plan, timeline, chronicle } = world;
  const from = chronicle.lastCommitted;
  heal(world);
  shepherd(world, 1);
  let done = false;
  let canElect = true;
  let next = 0;
  const check = (): boolean => {
    if (done || timeline.now < next) return done;
    next = timeline.now + CHECK_EVERY;
    canElect = world.canElect();
    done = hasProgressed(world, from);
    return done || !canElect;
  };
  await world.runUntil(timeline.now + plan.livenessBound, check);
  demand(done || !canElect, "liveness", () => describe(world, from));
  return done;
}

/** A new probe is committed, and applied by every member; who doubted its log has been made a voter again. */
function hasProgressed({ chronicle, hosts }: World, from: number): boolean {
  let index = 0;
  for (let at = chronicle.lastCommitted; at > from && index === 0; at -= 1) {
    const entry = chronicle.committedAt(at);
    if (entry !== undefined && decodeAppend(entry.data)?.client === PROBE) index = at;
  }
  const conf = chronicle.confAt(chronicle.lastCommitted);
  if (index === 0 || conf === undefined) return false;
  return [...members(conf)].every((id) => {
    const host = hosts.get(id);
    const mustVote = conf.voters.includes(id) || chronicle.demoted.has(id);
    const votes = !chronicle.demoted.has(id) && host?.isDoubtful === false;
    return host?.node !== undefined && host.view.applied >= index && (votes || !mustVote);
  });
}

function heal(world: World): void {
  world.note("heal");
  world.isHealed = true;
  world.network.heal();
  const isAligned = world.plan.faults.has("aligned-clocks");
  // All hosts start at once, and whatever they do takes each the same time: only their random timeouts differ.
  if (isAligned) world.network.fixedLatency = 2 * MS;
  world.hasFixedLatency = isAligned;
  for (const host of world.hosts.values()) {
    host.clock.rate = 1;
    host.diskSlowness = 1;
    host.isDiskFull = false;
    host.misreads = false;
    world.resume(host);
    if (isAligned) world.crash(host, false);
  }
  for (const host of world.hosts.values()) world.start(host);
}

/** What an operator does meanwhile: starts members, stops leaders who are none, and asks for something to be done. */
function shepherd(world: World, round: number): void {
  const { chronicle } = world;
  const conf = chronicle.confAt(chronicle.lastCommitted);
  if (conf !== undefined) {
    const inside = members(conf);
    for (const id of inside) world.start(world.host(id));
    // A removed node may be needed until those who stay know that it is removed.
    const changedAt = chronicle.configurations.at(-1)?.index ?? 0;
    const isKnown = [...inside].every((id) => (world.hosts.get(id)?.view.status.commit ?? 0) >= changedAt);
    for (const host of world.leaders()) if (!inside.has(host.id) && isKnown) world.crash(host, false);
  }
  const [leader] = world.leaders().toSorted((a, b) => b.view.status.term - a.view.status.term);
  if (leader !== undefined) {
    const data = encodeAppend({ client: PROBE, sequence: round, attempt: 0, key: 0, isOnce: false }, 0);
    world.at(leader, (life) => {
      life.node?.propose(data).catch((error: unknown) => world.watch(life, () => world.fail(error)));
    });
  }
  world.timeline.after(SHEPHERD_EVERY, () => shepherd(world, round + 1));
}

function describe(world: World, from: number): string {
  const nodes = world
    .up()
    .map(
      ({ id, view: { status, applied, isDoubtful } }) =>
        `${id}: ${status.role} term ${status.term} commit ${status.commit}/${applied}${isDoubtful() ? " in doubt" : ""}`,
    );
  const conf = JSON.stringify(world.chronicle.confAt(world.chronicle.lastCommitted));
  return `no new proposal reached all of ${conf} (committed ${from} to ${world.chronicle.lastCommitted}); ${nodes.join("; ")}`;
}

/** Faults as they happen: each kind draws its times and victims from a stream of its own. */
import type { ConfChangeStep, ConfState, MembershipOutcome } from "@parley/raft";
import { exponential, unleash as setGoing, type Act } from "../kit/acts.ts";
import type { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros } from "../kit/timeline.ts";
import { members } from "./membership-model.ts";
import type { Host, Life } from "./host.ts";
import { MAX_NODES, type Fault } from "./plan.ts";
import type { World } from "./world.ts";

type RaftAct = Act<World, Fault>;

const ACTS: readonly RaftAct[] = [
  { fault: "delay", every: 3 * SECOND, act: weather((now) => ({ ...now, delay: 0.2, maxDelay: 800 * MS })) },
  { fault: "loss", every: 3 * SECOND, act: weather((now, random) => ({ ...now, loss: 0.4 * random.next() })) },
  { fault: "duplication", every: 3 * SECOND, act: weather((now) => ({ ...now, duplication: 0.3 })) },
  { fault: "reorder", every: 3 * SECOND, act: weather((now) => ({ ...now, reorder: true })) },
  { fault: "stale-replay", every: 200 * MS, act: (world, random) => replay(world, random) },
  { fault: "partition", every: 4 * SECOND, act: partition },
  { fault: "one-way-partition", every: 4 * SECOND, act: (world, random) => cutLink(world, random, false) },
  { fault: "partial-partition", every: 4 * SECOND, act: (world, random) => cutLink(world, random, true) },
  { fault: "flapping-link", every: 5 * SECOND, act: flap },
  { fault: "crash", every: 3 * SECOND, act: (world, random) => crashOne(world, random, false) },
  { fault: "power-cut", every: 3 * SECOND, act: (world, random) => crashOne(world, random, true) },
  { fault: "cluster-power-cut", every: 12 * SECOND, act: crashAll },
  { fault: "stop-and-start", every: 4 * SECOND, act: stopOne },
  { fault: "pause", every: 3 * SECOND, act: pauseOne },
  { fault: "clock-drift", every: 4 * SECOND, act: drift },
  {
    fault: "slow-disk",
    every: 4 * SECOND,
    act: spoil(
      (host, random) => (host.diskSlowness = random.between(20, 300)),
      (host) => (host.diskSlowness = 1),
    ),
  },
  {
    fault: "full-disk",
    every: 6 * SECOND,
    act: spoil(
      (host) => (host.isDiskFull = true),
      (host) => (host.isDiskFull = false),
    ),
  },
  {
    fault: "read-corruption",
    every: 4 * SECOND,
    act: spoil(
      (host) => (host.misreads = true),
      (host) => (host.misreads = false),
    ),
  },
  { fault: "membership-change", every: SECOND, act: changeMembership },
  { fault: "joint-change", every: SECOND, act: changeJointly },
  { fault: "learners", every: 1.5 * SECOND, act: changeLearners },
  { fault: "leave", every: 8 * SECOND, act: leave },
  { fault: "leadership-transfer", every: 2 * SECOND, act: transfer },
  { fault: "campaign-at-any-time", every: 1.5 * SECOND, act: campaign },
  { fault: "compaction", every: 400 * MS, act: compact },
];

/** Sets the faults of the world's plan going. They end when the world is healed. */
export function unleash(world: World): void {
  setGoing(world, ACTS, { stream: "fault", gaps: exponential });
}

type Weather = World["network"]["weather"];

function weather(change: (now: Weather, random: Random) => Weather): RaftAct["act"] {
  return (world, random) => {
    const { network } = world;
    const before = network.weather;
    const after = change(before, random);
    world.note("weather", after.loss, after.duplication, after.delay, after.reorder ? 1 : 0);
    network.weather = after;
    world.timeline.after(between(random, 0.2, 3), () => {
      // Only what this act changed is taken back: others may have changed the rest meanwhile.
      for (const key of ["loss", "duplication", "delay", "maxDelay"] as const) {
        if (before[key] !== after[key]) network.weather = { ...network.weather, [key]: 0 };
      }
      if (!before.reorder && after.reorder) network.weather = { ...network.weather, reorder: false };
    });
  };
}

function replay(world: World, random: Random): void {
  for (let count = random.between(1, 5); count > 0; count -= 1) world.replay(random);
}

function cutAll(world: World, links: readonly (readonly [number, number])[], time: Micros): void {
  for (const [from, to] of links) {
    world.note("cut", from, to);
    world.network.cut(from, to);
  }
  world.timeline.after(time, () => {
    if (world.isHealed) return;
    for (const [from, to] of links) {
      world.note("mend", from, to);
      world.network.mend(from, to);
    }
  });
}

function partition(world: World, random: Random): void {
  const ids = [...world.hosts.keys()];
  const side = new Set(ids.filter(() => random.chance(0.5)));
  // Often it is the leader's side that is small.
  const leader = random.pick(world.leaders());
  if (leader !== undefined && random.chance(0.4)) {
    side.clear();
    side.add(leader.id);
  }
  const links = ids.flatMap((a) => ids.filter((b) => side.has(a) !== side.has(b)).map((b) => [a, b] as const));
  cutAll(world, links, between(random, 0.3, 6));
}

function cutLink(world: World, random: Random, bothWays: boolean): void {
  const [a, b] = [random.pick([...world.hosts.keys()]), random.pick([...world.hosts.keys()])];
  if (a === undefined || b === undefined || a === b) return;
  cutAll(world, bothWays ? [[a, b], [b, a]] : [[a, b]], between(random, 0.3, 8)); // prettier-ignore
}

function flap(world: World, random: Random): void {
  for (let times = random.between(3, 12); times > 0; times -= 1) {
    world.timeline.after(between(random, 0, 3), () => {
      if (!world.isHealed) cutLink(world, random.fork(`${world.timeline.now}`), random.chance(0.5));
    });
  }
}

/** Leaders are the most interesting to hit. */
function victim(world: World, random: Random): Host | undefined {
  const leader = random.pick(world.leaders());
  return leader !== undefined && random.chance(0.4) ? leader : random.pick(world.up());
}

function restartLater(world: World, host: Host, random: Random): void {
  world.timeline.after(between(random, 0.01, 4), () => world.restart(host));
}

function crashOne(world: World, random: Random, losesUnsynced: boolean): void {
  const host = victim(world, random);
  if (host === undefined) return;
  world.crash(host, losesUnsynced);
  restartLater(world, host, random);
}

function crashAll(world: World, random: Random): void {
  for (const host of world.up()) {
    world.crash(host, true);
    restartLater(world, host, random);
  }
}

function pauseOne(world: World, random: Random): void {
  const host = victim(world, random);
  if (host === undefined) return;
  world.pause(host);
  world.timeline.after(between(random, 0.1, 4), () => world.resume(host));
}

function drift(world: World, random: Random): void {
  const host = random.pick([...world.hosts.values()]);
  if (host === undefined) return;
  const { slowest, fastest } = world.plan.clockRates;
  const rate = 1 / (1 / fastest + (1 / slowest - 1 / fastest) * random.next());
  host.clock.rate = rate;
  world.note("drift", host.id, Math.round(rate * 1000));
}

/** Something is wrong with a host's disk, for a while. */
function spoil(begin: (host: Host, random: Random) => void, end: (host: Host) => void): RaftAct["act"] {
  return (world, random) => {
    const host = victim(world, random);
    if (host === undefined) return;
    begin(host, random);
    world.note("spoil", host.id, host.diskSlowness, host.isDiskFull ? 1 : 0, host.misreads ? 1 : 0);
    world.timeline.after(between(random, 0.2, 4), () => end(host));
  };
}

function propose(world: World, random: Random, steps: readonly ConfChangeStep[]): void {
  const leader = random.pick(world.leaders());
  const host = leader !== undefined && random.chance(0.8) ? leader : random.pick(world.up());
  if (host === undefined) return;
  for (const { node } of steps) world.start(world.host(node));
  world.note("propose-membership", host.id, steps.length, ...steps.map(({ node }) => node));
  const timeoutMs = random.oneOf(200, 1000, 3000);
  world.at(host, (life) => {
    hear(world, life, life.node?.changeMembership(steps, { timeoutMs }));
  });
}

/** Hands a membership outcome to the invariants, unless the node dies first. */
function hear(world: World, life: Life, outcome: Promise<MembershipOutcome> | undefined): void {
  outcome?.then(
    (value) =>
      world.watch(life, () => {
        world.note(`membership-${value.outcome}`, life.host.id);
        world.chronicle.changed(life.host.view, { outcome: value });
      }),
    (error: unknown) => world.watch(life, () => world.fail(error)),
  );
}

function stopOne(world: World, random: Random): void {
  const host = victim(world, random);
  if (host === undefined) return;
  world.note("stop", host.id);
  world.at(host, (life) => {
    life.isStopping = true;
    life.node?.stop({ timeoutMs: random.oneOf(1, 300, 1000) }).catch((error: unknown) => {
      world.watch(life, () => world.fail(error));
    });
  });
}

/** It comes back when somebody adds it again. */
function leave(world: World, random: Random): void {
  const conf = confOf(world, random);
  const host = victim(world, random);
  if (host === undefined || conf === undefined || conf.voters.length < 3) return;
  world.note("leave", host.id);
  world.at(host, (life) => {
    life.isStopping = true;
    hear(world, life, life.node?.leave({ timeoutMs: random.oneOf(300, 3000) }));
  });
}

/** The configuration as somebody who leads sees it. */
function confOf(world: World, random: Random): ConfState | undefined {
  return random.pick(world.leaders())?.view.status.confState;
}

function randomStep(conf: ConfState, random: Random, withLearners: boolean): ConfChangeStep {
  const node = random.between(1, MAX_NODES);
  const isVoter = conf.voters.includes(node);
  if (withLearners && random.chance(0.5)) return { operation: "add-learner", node };
  if (isVoter && (conf.voters.length > 2 || (conf.voters.length > 1 && random.chance(0.3))))
    return { operation: "remove", node };
  return { operation: isVoter ? "update" : "add-voter", node };
}

function changeMembership(world: World, random: Random): void {
  const conf = confOf(world, random);
  if (conf === undefined) return;
  // Often several at once: only one may be taken.
  for (let count = random.oneOf(1, 1, 2, 3); count > 0; count -= 1) {
    propose(world, random, [randomStep(conf, random, false)]);
  }
}

function changeLearners(world: World, random: Random): void {
  const conf = confOf(world, random);
  if (conf === undefined) return;
  const learner = random.pick(conf.learners);
  const others = Array.from({ length: MAX_NODES }, (_, i) => i + 1).filter((id) => !members(conf).has(id));
  const newcomer = random.pick(others);
  const demoted = conf.voters.length > 1 ? random.pick(conf.voters) : undefined;
  const steps: ConfChangeStep[] = [];
  if (newcomer !== undefined) steps.push({ operation: "add-learner", node: newcomer });
  if (learner !== undefined) steps.push({ operation: random.oneOf("add-voter", "remove"), node: learner });
  if (demoted !== undefined) steps.push({ operation: "add-learner", node: demoted });
  const step = random.pick(steps);
  if (step !== undefined) propose(world, random, [step]);
}

function changeJointly(world: World, random: Random): void {
  const conf = confOf(world, random);
  if (conf === undefined) return;
  const steps = Array.from({ length: random.between(2, 4) }, () => randomStep(conf, random, true));
  const kept = conf.voters.filter((id) => !steps.some(({ node }) => node === id));
  const added = steps.filter(({ operation }) => operation === "add-voter");
  if (kept.length + added.length < 2) return;
  propose(world, random, steps);
}

function transfer(world: World, random: Random): void {
  const leader = random.pick(world.leaders());
  const host = leader !== undefined && random.chance(0.7) ? leader : random.pick(world.up());
  if (host === undefined) return;
  const to = random.pick([...world.hosts.keys()]) ?? host.id;
  world.note("transfer", host.id, to);
  world.at(host, (life) => {
    const { view } = life.host;
    const askedIn = view.status.term;
    life.node?.transferLeadership(to, { timeoutMs: random.oneOf(100, 1000) }).then(
      (outcome) => world.watch(life, () => world.chronicle.transferred(view, askedIn, outcome)),
      (error: unknown) => world.watch(life, () => world.fail(error)),
    );
  });
}

function campaign(world: World, random: Random): void {
  // Two at once, more often than not: that is what splits votes.
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    const host = random.pick(world.up());
    if (host === undefined) return;
    world.note("campaign", host.id);
    world.at(host, ({ node }) => node?.campaign());
  }
}

function compact(world: World, random: Random): void {
  const host = random.pick(world.up());
  if (host === undefined) return;
  world.note("compact", host.id);
  world.at(host, (life) => {
    // A node that dies or fails meanwhile says so elsewhere.
    life.node?.snapshot().catch(() => undefined);
  });
}

function between(random: Random, lowSeconds: number, highSeconds: number): Micros {
  return (lowSeconds + (highSeconds - lowSeconds) * random.next()) * SECOND;
}

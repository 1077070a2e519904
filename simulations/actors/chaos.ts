/** Faults as they happen: each kind draws its times and victims from a stream of its own. */
import type { Weather } from "@parley/actors/testing";
import { uniform, unleash as setGoing, type Act } from "../kit/acts.ts";
import type { Random } from "../kit/random.ts";
import { MS, SECOND } from "../kit/timeline.ts";
import { SHARDS } from "./consensus.ts";
import type { Fault } from "./plan.ts";
import { changeMembers, drainAndStop } from "./placement/chaos.ts";
import type { World } from "./world.ts";

type ActorsAct = Act<World, Fault>;

const ACTS: readonly ActorsAct[] = [
  {
    fault: "delay",
    every: 3 * SECOND,
    act: weather((random) => ({ delayMs: 50 * random.next(), jitterMs: 100 * random.next() })),
  },
  { fault: "stall", every: 3 * SECOND, act: weather((random) => ({ stall: 0.05, stallMs: 1_500 * random.next() })) },
  { fault: "loss", every: 2 * SECOND, act: weather((random) => ({ loss: 0.1 * random.next() })) },
  { fault: "duplication", every: 2 * SECOND, act: weather((random) => ({ duplication: 0.3 * random.next() })) },
  { fault: "reorder", every: 2 * SECOND, act: weather((random) => ({ reorder: 0.1 * random.next(), jitterMs: 5 })) },
  { fault: "partition", every: 4 * SECOND, act: partition },
  { fault: "one-way-cut", every: 3 * SECOND, act: cutOneWay },
  { fault: "reset", every: SECOND, act: reset },
  { fault: "kill", every: 3 * SECOND, act: kill },
  { fault: "graceful-restart", every: 5 * SECOND, act: restart },
  { fault: "leader-change", every: 3 * SECOND, act: elect },
  { fault: "consensus-cut", every: 3 * SECOND, act: cutOff },
  { fault: "table-change", every: 2 * SECOND, act: moveShard },
  { fault: "member-change", every: 4 * SECOND, act: changeMembers },
  { fault: "pause", every: 3 * SECOND, act: (world, random) => pause(world, random, false) },
  { fault: "suspend", every: 4 * SECOND, act: (world, random) => pause(world, random, true) },
];

/** Lets the faults of the plan happen from now until the world is healed. */
export function unleash(world: World): void {
  setGoing(world, ACTS, { stream: "chaos", gaps: uniform });
}

/** A spell of it, everywhere. */
function weather(spell: (random: Random) => Partial<Weather>): ActorsAct["act"] {
  return (world, random) => {
    const { network } = world;
    const changes = spell(random);
    world.note("weather", JSON.stringify(changes));
    network.weather = { ...network.weather, ...changes };
    later(world, random.between(100, 2_500), () => {
      const fair = world.library.testing.FAIR_WEATHER;
      const before = Object.keys(changes).map((key) => [key, Reflect.get(fair, key)] as const);
      network.weather = { ...network.weather, ...Object.fromEntries(before) };
    });
  };
}

function partition(world: World, random: Random): void {
  const side = world.hosts.filter(() => random.chance(0.5)).map(({ name }) => name);
  const other = world.hosts.map(({ name }) => name).filter((name) => !side.includes(name));
  world.note("partition", side.join(), other.join());
  world.network.partition(side, other);
  later(world, random.between(100, 4_000), () => {
    for (const a of side) {
      for (const b of other) {
        world.network.mend(a, b);
        world.network.mend(b, a);
      }
    }
  });
}

function cutOneWay(world: World, random: Random): void {
  const [from, to] = [random.pick(world.hosts)?.name ?? "", random.pick(world.hosts)?.name ?? ""];
  world.note("cut", from, to);
  world.network.cut(from, to);
  later(world, random.between(100, 3_000), () => world.network.mend(from, to));
}

function elect(world: World, random: Random): void {
  world.elect(random.chance(0.1) ? undefined : random.pick(world.consensus.membership.current));
}

/** It hears nothing of consensus, and others may lead and own meanwhile. */
function cutOff(world: World, random: Random): void {
  const host = random.pick(world.hosts)?.name ?? "";
  world.note("consensus-cut", host);
  world.consensus.cutOff(host);
  later(world, random.between(100, 4_000), () => world.consensus.reconnect(host));
}

/** Somebody else owns a shard from now on, whoever was meant to. */
function moveShard(world: World, random: Random): void {
  const shard = random.between(0, SHARDS - 1);
  for (let rivals = random.between(1, 2); rivals > 0; rivals -= 1) move(world, random, shard);
}

function move(world: World, random: Random, shard: number): void {
  const life = random.pick(world.up());
  const owner = life?.placed?.sharding.region.address;
  if (life === undefined || owner === undefined) return;
  world.note("table-change", shard, owner);
  const { consensus } = world;
  const change = { term: consensus.term, shard, expectedEpoch: consensus.epochOf(shard), owner };
  const table = consensus.tableOf(life.host.name, (action) => action());
  table.propose(change, { signal: new AbortController().signal }).catch((error: unknown) => world.fail(error));
}

function reset(world: World, random: Random): void {
  const [a, b] = [random.pick(world.hosts)?.name ?? "", random.pick(world.hosts)?.name ?? ""];
  world.note("reset", a, b);
  world.network.reset(a, b);
}

function kill(world: World, random: Random): void {
  const life = random.pick(world.up());
  const pauseMs = random.oneOf(1, 50, 500, 3_000) * random.next();
  if (life === undefined) return;
  world.kill(life);
  world.timeline.after(pauseMs * MS, () => world.start(life.host));
}

function restart(world: World, random: Random): void {
  const life = random.pick(world.up());
  const pauseMs = random.between(0, 1_000);
  if (life === undefined) return;
  const comesBack = (): void => world.timeline.after(pauseMs * MS, () => world.start(life.host));
  if (random.chance(0.5)) drainAndStop(world, life, random.between(100, 3_000), comesBack);
  else world.stop(life, comesBack);
}

function pause(world: World, random: Random, timeStandsStill: boolean): void {
  const life = random.pick(world.up());
  const durationMs = random.oneOf(20, 400, 5_000) * random.next();
  if (life === undefined || life.isPaused) return;
  world.pause(life, timeStandsStill);
  later(world, durationMs, () => world.resume(life));
}

function later(world: World, delayMs: number, run: () => void): void {
  world.timeline.after(delayMs * MS, () => {
    if (!world.isHealed) run();
  });
}

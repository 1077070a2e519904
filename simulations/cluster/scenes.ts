/**
 * Scenes in which somebody believes to be prime and is not any more: played in calm, where the others surely agree on another, so
 * that what the former one still says, and what it has yet to hear, shows.
 */
import { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros } from "../kit/timeline.ts";
import { overwrite } from "./clients/registers.ts";
import type { Life, Machine } from "./host.ts";
import { revoke } from "./parting.ts";
import type { World } from "./world.ts";

const MIN_SCENES = 1;
const MAX_SCENES = 3;
/** Fewer cannot depose anybody. */
const MIN_VOTERS = 3;
/** Within this there are voters enough, a prime, and links. */
const STEADY: Micros = 20 * SECOND;
/** Others have elected somebody, and written. */
const DEPOSED: Micros = 8 * SECOND;
const LOOK_EVERY = 50 * MS;
const AFTERWARDS: Micros = 2 * SECOND;

/** Of one scene. */
interface Scene {
  readonly manner: "awake" | "stopped" | "asleep";
  /** Of one that is stopped: what others had answered by then comes so late that it reads that when it goes on. It is not cut off. */
  readonly lagMs: number;
  readonly deafFor: Micros;
  /** It stays cut off so long after it goes on. */
  readonly cutFor: Micros;
}

/** Some scenes, one after another; newcomers join for them where too few are there. None where that is not enough. */
export async function playScenes(world: World): Promise<void> {
  const random = new Random(world.plan.seed, "scenes");
  if (world.plan.machines < MIN_VOTERS) return;
  for (const machine of world.machines.slice(0, MIN_VOTERS)) world.start(machine);
  for (let count = random.between(MIN_SCENES, MAX_SCENES); count > 0; count -= 1) {
    await world.runUntil(world.timeline.now + STEADY, () => steadyPrime(world) !== undefined);
    const prime = steadyPrime(world);
    if (prime === undefined) return;
    const begin = random.oneOf(depose, depose, killAsItAnswers, strikeNext);
    const isOver = begin(world, random, prime);
    await world.runUntil(world.timeline.now + 2 * DEPOSED, isOver);
    await world.runUntil(world.timeline.now + AFTERWARDS);
  }
  if (!world.plan.faults.has("revoke")) return;
  revoke(world, random, random.chance(0.5) ? asItComesBack(world, random) : undefined);
  await world.runUntil(world.timeline.now + 2 * AFTERWARDS);
}

/** The one prime, where enough vote, and all that run know it. */
function steadyPrime(world: World): Life | undefined {
  const [prime, other] = world.primes();
  const voters = votersOf(prime);
  if (other !== undefined || voters.length < MIN_VOTERS) return undefined;
  const isKnown = world.up().every((life) => votersOf(life).join() === voters.join());
  return isKnown ? prime : undefined;
}

type IsOver = () => boolean;

/** It is cut off, perhaps with somebody else, and perhaps stands still; it goes on when others have another prime, who has written. */
function depose(world: World, random: Random, prime: Life): IsOver {
  const manner = random.oneOf("awake", "stopped", "stopped", "asleep");
  const scene: Scene = {
    manner,
    lagMs: manner === "stopped" ? random.oneOf(0, random.between(1, 3)) * world.plan.timing.heartbeatMs : 0,
    deafFor: random.oneOf(1, 20, 200) * MS * random.next(),
    cutFor: random.oneOf(0, 100, 1_000) * MS * random.next(),
  };
  const companion =
    votersOf(prime).length > MIN_VOTERS && random.chance(0.5) ? companionOf(world, random, prime) : undefined;
  const group = [prime, ...(companion === undefined ? [] : [companion])];
  world.note("scene", scene.manner, group.map(({ name }) => name).join());
  let isOver = false;
  lag(world, prime.host, scene.lagMs, () => {
    if (prime.isOver) return void (isOver = true);
    play(world, group, scene, () => (isOver = true));
  });
  return () => isOver;
}

function play(world: World, group: readonly Life[], { manner, lagMs, deafFor, cutFor }: Scene, done: () => void): void {
  const links = lagMs > 0 ? [] : linksBetween(world, group);
  for (const [from, to] of links) world.network.cut(from, to);
  const [prime] = group;
  if (prime === undefined) return;
  prime.host.clock.rate = 0.7;
  world.onStruck(prime, DEPOSED);
  if (manner !== "awake") for (const { host } of group) world.pause(host, manner === "asleep");
  whenDeposed(world, prime, () => {
    for (const { host } of group) world.resume(host, deafFor);
    world.after(cutFor, () => {
      for (const [from, to] of links) world.network.mend(from, to);
      prime.host.clock.rate = 1;
      done();
    });
  });
}

/** What is sent to that machine comes late: all of it just before `then`. */
function lag(world: World, { number }: Machine, lagMs: number, then: () => void): void {
  if (lagMs === 0) return then();
  const others = world.machines.filter((other) => other.number !== number);
  for (const other of others) world.network.cut(other.number, number);
  world.after(lagMs * MS, () => {
    for (const other of others) world.network.mend(other.number, number);
    then();
  });
}

/** It has told somebody that a write is done, and is no more before anybody else knows it. */
function killAsItAnswers(world: World, random: Random, prime: Life): IsOver {
  const { host } = prime;
  const pause = random.between(1, 4) * SECOND;
  world.note("scene", "killed as it answers", prime.name);
  overwrite(world, prime, random, () => {
    if (host.life === prime) world.crashAndRestart(host, random.chance(0.5), pause);
  });
  return () => host.life !== undefined && host.life !== prime;
}

/** It is shut out while its links are being made anew. */
function asItComesBack(world: World, random: Random): (target: Machine, then: () => void) => void {
  const [pause, within] = [random.between(1, 3) * SECOND, random.oneOf(10, 100) * MS];
  return (target, then) => {
    world.crashAndRestart(target, false, pause);
    world.after(pause + within * random.next(), then);
  };
}

/** Whoever follows is cut off as it begins to act: what it wanted to say then it says when somebody else does already. */
function strikeNext(world: World, random: Random, prime: Life): IsOver {
  const [pause, within] = [random.between(1, 4) * SECOND, random.oneOf(1, 5) * MS];
  let hasBegun = false;
  let isOver = false;
  world.note("scene", "the next one is struck", prime.name);
  world.onActing.push((next) => {
    if (hasBegun || next === prime || !world.isCalm) return;
    hasBegun = true;
    const scene = { manner: random.oneOf("awake", "stopped"), lagMs: 0, deafFor: 0, cutFor: 0 } as const;
    world.after(within * random.next(), () => {
      if (next.isOver) return void (isOver = true);
      play(world, [next], scene, () => (isOver = true));
    });
  });
  world.crashAndRestart(prime.host, false, pause);
  return () => isOver;
}

/** Somebody else leads in a later term, and what others had to write is written; or it takes too long. */
function whenDeposed(world: World, former: Life, then: () => void): void {
  const { term = 0 } = former.cluster?.member?.agreement.consensus.node.status() ?? {};
  const until = world.timeline.now + DEPOSED;
  let hasBegun = false;
  const look = (): void => {
    const next = world.replicas().find((replica) => replica.role === "leader" && replica.term > term);
    if (former.isOver || world.timeline.now > until) return then();
    // One more look: what is on its way is told by then.
    if (next !== undefined && hasBegun) return then();
    hasBegun = next !== undefined;
    world.after(hasBegun ? 4 * LOOK_EVERY : LOOK_EVERY, look);
  };
  look();
}

/** One that votes, so that its word seems to count. */
function companionOf(world: World, random: Random, prime: Life): Life | undefined {
  const voters = new Set(votersOf(prime));
  const nodeOf = (life: Life): number => life.cluster?.member?.roster.node ?? 0;
  return random.pick(world.up().filter((life) => life !== prime && voters.has(nodeOf(life))));
}

function votersOf(life: Life | undefined): readonly number[] {
  const conf = life?.cluster?.member?.agreement.consensus.node.status().confState;
  return conf === undefined || conf.votersOutgoing.length > 0 ? [] : conf.voters;
}

/** Both ways, between those and all others. */
function linksBetween(world: World, group: readonly Life[]): readonly (readonly [number, number])[] {
  const inside = new Set(group.map(({ host }) => host));
  const outside = world.machines.filter((machine) => !inside.has(machine));
  return [...inside].flatMap(({ number: a }) => outside.flatMap(({ number: b }) => [[a, b] as const, [b, a] as const]));
}

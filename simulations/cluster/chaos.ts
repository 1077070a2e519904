/** Faults as they happen. */
import { exponential, unleash as setGoing, type Act } from "../kit/acts.ts";
import { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros } from "../kit/timeline.ts";
import { overwrite } from "./clients/registers.ts";
import type { Life, Machine } from "./host.ts";
import { leave, revoke } from "./parting.ts";
import type { Fault } from "./plan.ts";
import type { World } from "./world.ts";

type ClusterAct = Act<World, Fault>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const ACTS: readonly ClusterAct[] = [
  { fault: "delay", every: 8 * SECOND, act: weather((random) => ({ delay: 0.3, maxDelay: 400 * MS * random.next() })) },
  { fault: "loss", every: 8 * SECOND, act: weather((random) => ({ loss: 0.3 * random.next() })) },
  { fault: "partition", every: 10 * SECOND, act: partition },
  { fault: "one-way-cut", every: 8 * SECOND, act: cutOneWay },
  { fault: "isolated-prime", every: 15 * SECOND, act: isolatePrime },
  { fault: "crash", every: 8 * SECOND, act: (world, random) => crash(world, random, victim(world, random), false) },
  { fault: "power-cut", every: 12 * SECOND, act: (world, random) => crash(world, random, victim(world, random), true) },
  {
    fault: "killed-prime",
    every: 10 * SECOND,
    act: killPrime,
  },
  { fault: "graceful-restart", every: 12 * SECOND, act: restart },
  {
    fault: "pause",
    every: 10 * SECOND,
    act: (world, random) => pause(world, random, random.between(100, 8_000) * MS, false),
  },
  { fault: "sleep", every: 30 * SECOND, act: (world, random) => pause(world, random, 60 * SECOND, true) },
  { fault: "clock-jump", every: 5 * SECOND, act: jump },
  { fault: "clock-drift", every: 6 * SECOND, act: drift },
  {
    fault: "slow-disk",
    every: 10 * SECOND,
    act: spoil(
      (host, random) => (host.diskSlowness = random.between(10, 100)),
      (host) => (host.diskSlowness = 1),
    ),
  },
  {
    fault: "full-disk",
    every: 15 * SECOND,
    act: spoil(
      (host) => (host.isDiskFull = true),
      (host) => (host.isDiskFull = false),
    ),
  },
  { fault: "newcomers", every: 6 * SECOND, act: startNewcomers },
  { fault: "leave", every: 15 * SECOND, act: leave },
  { fault: "revoke", every: 15 * SECOND, act: revoke },
  { fault: "change-without-prime", every: 15 * SECOND, act: changeWithoutPrime },
  { fault: "settings", every: 3 * SECOND, act: set },
  { fault: "announced-sleep", every: 20 * SECOND, act: sleepAsAnnounced },
  { fault: "snapshots", every: 2 * SECOND, act: takeSnapshot },
];

/** Sets the faults of the world's plan going. They end when the world is healed. */
export function unleash(world: World): void {
  world.isCalm = false;
  setGoing(world, ACTS, { stream: "fault", gaps: exponential });
  if (world.plan.faults.has("young-prime")) strikeYoungPrimes(world);
}

function weather(change: (random: Random) => Partial<World["network"]["weather"]>): ClusterAct["act"] {
  return (world, random) => {
    const { network } = world;
    const changed = change(random);
    const duration = random.between(500, 6_000);
    world.note("weather", JSON.stringify(changed));
    network.weather = { ...network.weather, ...changed };
    later(world, duration, () => {
      const calm = Object.fromEntries(Object.keys(changed).map((key) => [key, 0]));
      network.weather = { ...network.weather, ...calm };
    });
  };
}

function cutAll(world: World, links: readonly (readonly [number, number])[], durationMs: number): void {
  world.note("cut", links.map((link) => link.join("-")).join());
  for (const [from, to] of links) world.network.cut(from, to);
  later(world, durationMs, () => {
    world.note("mend", links.length);
    for (const [from, to] of links) world.network.mend(from, to);
  });
}

/** Both ways, between each of one side and each of the other. */
function between(side: readonly Machine[], other: readonly Machine[]): readonly (readonly [number, number])[] {
  return side.flatMap(({ number: a }) => other.flatMap(({ number: b }) => [[a, b] as const, [b, a] as const]));
}

function partition(world: World, random: Random): void {
  const side = world.machines.filter(() => random.chance(0.5));
  const other = world.machines.filter((machine) => !side.includes(machine));
  cutAll(world, between(side, other), random.oneOf(1_000, 4_000, 15_000) * random.next());
}

function cutOneWay(world: World, random: Random): void {
  const [from, to] = [random.pick(world.machines), random.pick(world.machines)];
  const durationMs = random.oneOf(1_000, 4_000, 12_000) * random.next();
  if (from === undefined || to === undefined || from === to) return;
  cutAll(world, [[from.number, to.number]], durationMs);
}

/** It hears nobody, or nobody hears it, or neither. */
function isolatePrime(world: World, random: Random): void {
  isolate(world, random, prime(world, random), random.between(500, 10_000));
}

function isolate(world: World, random: Random, machine: Machine | undefined, durationMs: number): void {
  const [hears, isHeard] = random.oneOf([false, false], [false, true], [true, false]);
  if (machine === undefined) return;
  const others = world.machines.filter((other) => other !== machine);
  const links = others.flatMap(({ number: other }) => [
    ...(hears === true ? [] : [[other, machine.number] as const]),
    ...(isHeard === true ? [] : [[machine.number, other] as const]),
  ]);
  if (machine.life !== undefined) world.onStruck(machine.life, durationMs * MS);
  cutAll(world, links, durationMs);
}

/** Who has just come to lead has much to do: that is when it stands still, or is not heard, so that all of it comes late. */
function strikeYoungPrimes(world: World): void {
  const random = new Random(world.plan.seed, "fault/young-prime");
  const strikeWithin = (withinMs: number, { host }: Life): void => {
    if (world.isHealed || !random.chance(0.4 * world.plan.intensity)) return;
    const [afterMs, durationMs] = [withinMs * random.next() ** 2, random.between(500, 5_000)];
    const isPaused = random.chance(0.4);
    later(world, afterMs, () => {
      if (isPaused) standStill(world, random, host, { duration: durationMs * MS, sleeps: false });
      else isolate(world, random, host, durationMs);
    });
  };
  world.onPrime.push((life) => strikeWithin(400, life));
  world.onActing.push((life) => strikeWithin(20, life));
}

/** The host's system tells before, and waits a moment. */
function sleepAsAnnounced(world: World, random: Random): void {
  const machine = victim(world, random);
  const life = machine?.life;
  const durationMs = random.between(5_000, 40_000);
  if (machine === undefined || life === undefined || life.isPaused) return;
  const fall = async (): Promise<void> => {
    world.note("falls-asleep", life.name);
    await life.sleeper?.fallAsleep({ timeoutMs: 4_000 });
    if (life.isOver || world.isHealed) return life.sleeper?.wake(0);
    world.pause(machine, true);
    const deafFor = deafnessOf(random, true);
    world.after(durationMs * MS, () => world.resume(machine, deafFor));
    return undefined;
  };
  life.run(() => {
    fall().catch((error: unknown) => world.fail(error, life.name));
  });
}

/** Long before it would by itself. */
function takeSnapshot(world: World, random: Random): void {
  const life = random.pick(world.up());
  life?.run(() => {
    const node = life.cluster?.member?.agreement.consensus.node;
    if (node === undefined) return;
    world.note("snapshot", life.name);
    // What it could not write it says when it stops; one that stops meanwhile takes none.
    node.snapshot().catch((error: unknown) => {
      if (!life.isOver && !life.mayFail && !node.status().isStopped) world.fail(error, life.name);
    });
  });
}

function prime(world: World, random: Random): Machine | undefined {
  return random.pick(world.primes())?.host;
}

/** At any time, or as soon as it has told somebody that a write is done: what nobody else knows yet must not be lost. */
function killPrime(world: World, random: Random): void {
  const machine = prime(world, random);
  if (machine?.life === undefined) return;
  const { life } = machine;
  if (random.chance(0.5)) return crash(world, random, machine, false);
  overwrite(world, life, random, () => {
    if (!world.isHealed && machine.life === life) crash(world, random, machine, false);
  });
}

/** Primes are the most interesting to hit. */
function victim(world: World, random: Random): Machine | undefined {
  const leading = prime(world, random);
  return leading !== undefined && random.chance(0.3) ? leading : random.pick(world.up())?.host;
}

function crash(world: World, random: Random, machine: Machine | undefined, isPowerCut: boolean): void {
  const pauseMs = random.oneOf(50, 1_000, 10_000) * random.next();
  if (machine !== undefined) world.crashAndRestart(machine, isPowerCut, pauseMs * MS);
}

function restart(world: World, random: Random): void {
  const machine = victim(world, random);
  const pauseMs = random.between(0, 3_000);
  if (machine !== undefined) world.stop(machine, () => world.after(pauseMs * MS, () => world.start(machine)));
}

function pause(world: World, random: Random, duration: Micros, sleeps: boolean): void {
  const machine = victim(world, random);
  if (machine !== undefined) standStill(world, random, machine, { duration, sleeps });
}

interface Standstill {
  readonly duration: Micros;
  /** The machine does, and not only the process. */
  readonly sleeps: boolean;
}

/** A prime is stopped with answers on their way to it, which it will read when it goes on, as if they had just come. */
function standStill(world: World, random: Random, machine: Machine, { duration, sleeps }: Standstill): void {
  const deafFor = deafnessOf(random, sleeps);
  const lagMs = random.oneOf(0, random.between(1, 3)) * world.plan.timing.heartbeatMs;
  const isPrime = machine.life !== undefined && world.primes().includes(machine.life);
  if (isPrime && lagMs > 0) {
    const others = world.machines.filter((other) => other !== machine);
    const links = others.map(({ number }) => [number, machine.number] as const);
    cutAll(world, links, lagMs);
    later(world, lagMs, stop);
  } else stop();
  function stop(): void {
    if (isPrime && machine.life !== undefined) world.onStruck(machine.life, duration);
    world.pause(machine, sleeps);
    // Also after the healing: then it has been woken already.
    world.after(duration, () => world.resume(machine, deafFor));
  }
}

/** A process gets to its timers before its sockets; a machine that wakes has no network yet. */
function deafnessOf(random: Random, sleeps: boolean): Micros {
  return (sleeps ? random.between(0, 2_000) : random.oneOf(1, 20, 200) * random.next()) * MS;
}

/** The date is set: by a person, a time server, a battery that was empty. */
function jump(world: World, random: Random): void {
  const machine = random.pick(world.machines);
  const byMs = random.oneOf(-1, 1) * random.oneOf(1_000, HOUR_MS, 400 * DAY_MS) * random.next();
  world.note("jump", machine?.name ?? "", Math.round(byMs));
  machine?.clock.jump(byMs);
}

function drift(world: World, random: Random): void {
  const machine = random.pick(world.machines);
  const rate = 0.7 + 0.6 * random.next();
  if (machine === undefined) return;
  world.note("drift", machine.name, Math.round(rate * 1000));
  machine.clock.rate = rate;
}

function spoil(begin: (host: Machine, random: Random) => void, end: (host: Machine) => void): ClusterAct["act"] {
  return (world, random) => {
    const machine = victim(world, random);
    if (machine === undefined) return;
    begin(machine, random);
    world.note("spoil", machine.name, machine.diskSlowness, machine.isDiskFull);
    later(world, random.between(200, 8_000), () => end(machine));
  };
}

/** All that are left, often at one moment. */
function startNewcomers(world: World, random: Random): void {
  const left = world.machines.filter(({ lives }) => lives === 0);
  const some = random.chance(0.5) ? left : left.slice(0, 1);
  for (const machine of some) world.start(machine);
}

/** Somebody joins, leaves or is revoked, and the prime dies meanwhile. */
function changeWithoutPrime(world: World, random: Random): void {
  const leading = prime(world, random);
  random.oneOf(leave, revoke, startNewcomers)(world, random);
  later(world, random.oneOf(5, 100, 1_000) * random.next(), () => crash(world, random, leading, random.chance(0.5)));
}

function set(world: World, random: Random): void {
  const life = random.pick(world.up());
  const [key, value] = [`lamp/${random.between(1, 5)}`, String(random.between(1, 100))];
  life?.run(() => {
    const shared = life.cluster?.member?.shared;
    shared?.submit({ type: "set", key, value }, { timeoutMs: 3_000 }).catch((error: unknown) => {
      world.fail(error, life.name);
    });
  });
}

function later(world: World, delayMs: number, run: () => void): void {
  world.after(delayMs * MS, () => {
    if (!world.isHealed) run();
  });
}

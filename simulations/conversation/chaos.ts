/** Faults as they happen. */
import { exponential, unleash as setGoing, type Act } from "../kit/acts.ts";
import type { Random } from "../kit/random.ts";
import { MS, SECOND } from "../kit/timeline.ts";
import type { Life, Machine } from "./machine.ts";
import type { Peer } from "./peer.ts";
import type { Person } from "./somebody.ts";
import type { Fault } from "./plan.ts";
import type { World } from "./world.ts";

type ConversationAct = Act<World, Fault>;
type Choose = (world: World, random: Random) => Machine<Peer> | undefined;

const ACTS: readonly ConversationAct[] = [
  { fault: "killed-host", every: 6 * SECOND, act: kill(hostOfSession) },
  { fault: "killed-entry", every: 6 * SECOND, act: kill(entry) },
  { fault: "killed-prime", every: 8 * SECOND, act: kill(prime) },
  { fault: "crash", every: 8 * SECOND, act: kill(anyHost) },
  { fault: "pause", every: 7 * SECOND, act: pause },
  { fault: "partition", every: 8 * SECOND, act: partition },
  { fault: "one-way-cut", every: 8 * SECOND, act: cutOneWay },
  { fault: "isolated-host", every: 9 * SECOND, act: isolate },
  { fault: "deposed-prime", every: 6 * SECOND, act: (world) => world.depose() },
  { fault: "slow-links", every: 6 * SECOND, act: slowLinks },
  { fault: "client-blink", every: 4 * SECOND, act: blink },
  { fault: "client-cut", every: 5 * SECOND, act: cutClient },
  { fault: "clock-drift", every: 4 * SECOND, act: drift },
  { fault: "drain", every: 8 * SECOND, act: drain },
];

/** Sets the faults of the world's plan going. They end when the world is healed. */
export function unleash(world: World): void {
  setGoing(world, ACTS, { stream: "fault", gaps: exponential });
}

function anyHost(world: World, random: Random): Machine<Peer> | undefined {
  return random.pick(world.up())?.machine;
}

/** A peer where a session lives that is in the midst of something. */
function hostOfSession(world: World, random: Random): Machine<Peer> | undefined {
  const busy = world.up().filter(({ inside }) => inside?.house.list().some(({ doing }) => doing !== "idle") === true);
  return random.pick(busy)?.machine ?? anyHost(world, random);
}

/** A peer that a client is connected to. */
function entry(world: World, random: Random): Machine<Peer> | undefined {
  const url = random.pick(world.clients)?.life?.inside?.client?.connection.url;
  const name = url === undefined ? undefined : new URL(url).hostname;
  return world.hosts.find((host) => host.name === name) ?? anyHost(world, random);
}

function prime(world: World): Machine<Peer> | undefined {
  return world.hosts.find(({ name }) => name === world.agreement.leader);
}

/** At once, or when the next word is on its way. */
function kill(choose: Choose): ConversationAct["act"] {
  return (world, random) => {
    const host = choose(world, random);
    const downMs = random.oneOf(100, 1_000, 6_000) * random.next();
    if (host === undefined || !world.canSpare(host)) return;
    world.kill(host);
    world.timeline.after(downMs * MS, () => world.start(host));
  };
}

/** One that stands still for long is as good as gone, and then believes that it is still what it was. */
function pause(world: World, random: Random): void {
  const host = random.chance(0.5) ? hostOfSession(world, random) : anyHost(world, random);
  const durationMs = random.oneOf(300, 3_000, 9_000) * random.next();
  if (host === undefined) return;
  world.pause(host);
  later(world, durationMs, () => world.resume(host));
}

function cutAll(world: World, links: readonly (readonly [string, string])[], durationMs: number): void {
  world.note("cut", links.map((link) => link.join("-")).join());
  for (const [from, to] of links) world.cut(from, to);
  later(world, durationMs, () => {
    world.note("mend", links.length);
    for (const [from, to] of links) world.mend(from, to);
  });
}

/** Both ways, between each of one side and each of the other. */
function between(side: readonly string[], other: readonly string[]): readonly (readonly [string, string])[] {
  return side.flatMap((a) => other.flatMap((b) => [[a, b] as const, [b, a] as const]));
}

/** Clients are on one side as well, or reach both. */
function partition(world: World, random: Random): void {
  const all = [...world.members, ...(random.chance(0.5) ? world.clients.map(({ name }) => name) : [])];
  const side = all.filter(() => random.chance(0.5));
  const others = all.filter((name) => !side.includes(name));
  cutAll(world, between(side, others), random.oneOf(1_000, 4_000, 10_000) * random.next());
}

function cutOneWay(world: World, random: Random): void {
  const [from, to] = [random.pick(world.members), random.pick(world.members)];
  const durationMs = random.oneOf(1_000, 4_000, 9_000) * random.next();
  if (from !== undefined && to !== undefined && from !== to) cutAll(world, [[from, to]], durationMs);
}

/** A session's host is cut off from its house, and perhaps not from its client. */
function isolate(world: World, random: Random): void {
  const host = hostOfSession(world, random);
  const durationMs = random.oneOf(1_000, 4_000, 9_000) * random.next();
  if (host === undefined) return;
  const others = world.members.filter((name) => name !== host.name);
  cutAll(world, between([host.name], others), durationMs);
}

function slowLinks(world: World, random: Random): void {
  const [stall, stallMs] = [0.3 * random.next(), random.oneOf(50, 400, 1_500) * random.next()];
  world.note("slow", Math.round(stall * 100), Math.round(stallMs));
  world.slow({ stall, stallMs });
  later(world, random.between(500, 5_000), () => world.slow({ stall: 0, stallMs: 0 }));
}

function someClient(world: World, random: Random): Life<Person> | undefined {
  return random.pick(world.clients)?.life;
}

function blink(world: World, random: Random): void {
  const life = someClient(world, random);
  if (life === undefined) return;
  world.note("blink", life.name);
  world.sockets.blink(life);
}

/** From one peer, or from all. */
function cutClient(world: World, random: Random): void {
  const life = someClient(world, random);
  const cut = random.chance(0.6) ? [random.pick(world.members) ?? ""] : world.members;
  const durationMs = random.oneOf(300, 2_000, 6_000) * random.next();
  if (life !== undefined) cutAll(world, between([life.machine.name], cut), durationMs);
}

function drift(world: World, random: Random): void {
  const machine = random.pick([...world.hosts, ...world.clients]);
  const rate = 0.8 + 0.4 * random.next();
  if (machine === undefined) return;
  world.note("drift", machine.name, Math.round(rate * 1_000));
  machine.clock.rate = rate;
}

/** It gives up its sessions in order, and takes some again later. */
function drain(world: World, random: Random): void {
  const life = hostOfSession(world, random)?.life;
  const durationMs = random.between(500, 5_000);
  if (life === undefined) return;
  world.note("drain", life.name);
  life.run(() => {
    life.inside?.house.drain({ timeoutMs: 4_000 }).then(
      () => life.isOver || world.note("drained", life.name),
      (error: unknown) => life.isOver || world.note("not drained", life.name, String(error)),
    );
  });
  world.timeline.after(durationMs * MS, () => life.run(() => life.inside?.house.stay()));
}

function later(world: World, delayMs: number, run: () => void): void {
  world.timeline.after(delayMs * MS, () => {
    if (!world.isHealed) run();
  });
}

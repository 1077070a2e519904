/** Faults as they happen. */
import { exponential, unleash as setGoing, type Act } from "../kit/acts.ts";
import type { Random } from "../kit/random.ts";
import { MS, SECOND } from "../kit/timeline.ts";
import type { Machine } from "./machine.ts";
import type { Peer } from "./peer.ts";
import type { Fault } from "./plan.ts";
import type { World } from "./world.ts";

type ConversationAct = Act<World, Fault>;

const ACTS: readonly ConversationAct[] = [{ fault: "killed-host", every: 6 * SECOND, act: killHost }];

/** Sets the faults of the world's plan going. They end when the world is healed. */
export function unleash(world: World): void {
  setGoing(world, ACTS, { stream: "fault", gaps: exponential });
}

/** A peer where a session lives that is in the midst of something. */
function hostOfSession(world: World, random: Random): Machine<Peer> | undefined {
  const busy = world.up().filter(({ inside }) => inside?.house.list().some(({ doing }) => doing !== "idle") === true);
  return random.pick(busy)?.machine ?? random.pick(world.hosts);
}

function killHost(world: World, random: Random): void {
  const host = hostOfSession(world, random);
  const downMs = random.oneOf(100, 1_000, 6_000) * random.next();
  if (host !== undefined) killAndRestart(world, host, downMs);
}

function killAndRestart(world: World, host: Machine<Peer>, downMs: number): void {
  if (!world.canSpare(host)) return;
  world.kill(host);
  world.timeline.after(downMs * MS, () => world.start(host));
}

/**
 * Hands are changed in the best weather: a host goes and comes back, so that shards are moved to it, and another leads. Then
 * nothing runs twice, nothing is lost, and nobody is woken who had gone to sleep.
 */
import type { ActorRef } from "@parley/actors";
import type { Random } from "../../kit/random.ts";
import { MS, type Micros } from "../../kit/timeline.ts";
import type { Manner } from "../chronicle.ts";
import type { Host, Life } from "../host.ts";
import type { LedgerMessage } from "../messages.ts";
import { ENTITIES } from "../workload.ts";
import type { World } from "../world.ts";
import { drainAndStop } from "./chaos.ts";
import { SLEEPER } from "./entities.ts";
import { shares } from "./looking.ts";

const SLEEPERS = [1, 2, 3, 4].map((number) => `${SLEEPER}${number}`);
/** After the start: when a host goes, and when all of it must be over. */
const GOES: Micros = 800 * MS;
const OVER: Micros = 7_000 * MS;
const AWAY: Micros = 400 * MS;
/** Until everybody has heard of new owners. */
const NEWS: Micros = 300 * MS;
/** After messages begin: when somebody else leads, and when messages end. */
const LEADS: Micros = 700 * MS;
const ENDS: Micros = 1_300 * MS;
const DRAIN_MS = 3_000;
/** Of each host between two messages. */
const THINK: Micros = 15 * MS;
const TIMEOUT_MS = 3_500;

interface Calm {
  readonly world: World;
  readonly random: Random;
  readonly leaver: Life | undefined;
  /** Messages of which nothing has come yet. */
  readonly unsettled: Set<string>;
}

/** @throws Violation */
export async function expectCalmHandOvers(world: World): Promise<void> {
  const { timeline, placement, hosts } = world;
  world.note("calm");
  placement.isCalm = true;
  wakeSleepers(world, hosts[0]?.life);
  const calm: Calm = {
    world,
    random: world.random.fork("calm"),
    // Who is about to stop may lose what it sends.
    leaver: hosts.at(-1)?.life,
    unsettled: new Set<string>(),
  };
  const begin = timeline.now;
  timeline.after(GOES, () => leaveAndComeBack(calm));
  await world.runUntil(begin + OVER);
  const roused = SLEEPERS.filter((name) => placement.stays.begins(name) > 1);
  const lost = placement.plan.hasRoom ? [...calm.unsettled] : [];
  world.see({ type: "calm", lost, roused, shares: [...shares(world).values()] });
  await world.runUntil(timeline.now + 1);
}

/** Whoever hands over what it has first may do so while others write to it; who just stops loses what is only told. */
function leaveAndComeBack(calm: Calm): void {
  const { world, random, leaver } = calm;
  if (leaver === undefined) return;
  const comesBack = (): void => world.timeline.after(AWAY, () => world.start(leaver.host));
  if (random.chance(0.5)) {
    writeAndElect(calm);
    return drainAndStop(world, leaver, DRAIN_MS, comesBack);
  }
  world.stop(leaver, () => {
    comesBack();
    world.timeline.after(NEWS, () => writeAndElect(calm));
  });
}

function writeAndElect(calm: Calm): void {
  const { world, random } = calm;
  const until = world.timeline.now + ENDS;
  for (const host of world.hosts) world.timeline.after(NEWS * random.next(), () => keepSending(calm, host, until));
  world.timeline.after(LEADS, () => {
    const next = world.hosts[1]?.life;
    if (next !== undefined && !next.isStopping) world.elect(next.host.name);
  });
}

function wakeSleepers(world: World, life: Life | undefined): void {
  if (life === undefined) return;
  for (const name of SLEEPERS) {
    const sent = { manner: "acknowledged", from: life.name, to: `entity/${name}`, sequence: 1 } as const;
    life.run(() => {
      life.placed?.sharding
        .entity(name)
        .offer({ type: "note", sent })
        .catch((error: unknown) => world.fail(error, `calm: ${name}`));
    });
  }
}

function keepSending(calm: Calm, host: Host, until: Micros): void {
  const { world, random, leaver } = calm;
  let count = 0;
  const next = (): void => {
    if (world.timeline.now >= until) return;
    const { life } = host;
    count += 1;
    if (life !== undefined && life !== leaver && !life.isStopping) life.run(() => send(calm, life, count));
    world.timeline.after(2 * THINK * random.next(), next);
  };
  next();
}

function send({ world, random, unsettled }: Calm, life: Life, count: number): void {
  const id = `e${random.between(1, ENTITIES)}`;
  const entity = life.placed?.sharding.entity(id);
  const manner = random.oneOf<Manner | "question">("tell", "acknowledged", "question");
  if (entity === undefined) return;
  const what = `${manner} ${count} of ${life.name} to ${id}`;
  world.note("calm", what);
  unsettled.add(what);
  const settle = (): boolean => unsettled.delete(what);
  const refused = (error: unknown): void => world.note("calm: refused", what, String(error));
  if (manner === "question") {
    const make = (replyTo: ActorRef<string>): LedgerMessage => ({ type: "question", name: what, replyTo });
    entity.ask<string>(make, { timeoutMs: TIMEOUT_MS }).then(settle, refused);
    return;
  }
  // In an order of their own: what was sent before may be told of by nobody.
  const sent = { manner, from: `calm ${life.name}`, to: `entity/${id}`, sequence: count };
  const message: LedgerMessage = { type: "note", sent };
  if (manner === "acknowledged") entity.offer(message, { timeoutMs: TIMEOUT_MS }).then(settle, refused);
  else {
    world.placement.awaitHandling(sent, settle);
    entity.tell(message);
  }
}

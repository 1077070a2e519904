/**
 * Hands are changed in the best weather: a host goes and comes back, so that shards are moved to it, and another leads. Then
 * nothing runs twice, nothing is lost, and nobody is woken who had gone to sleep.
 */
import type { ActorRef } from "@parley/actors";
import type { Random } from "../../kit/random.ts";
import { MS, type Micros } from "../../kit/timeline.ts";
import type { Manner } from "../chronicle.ts";
import type { Life } from "../host.ts";
import type { LedgerMessage } from "../messages.ts";
import { ENTITIES } from "../workload.ts";
import type { World } from "../world.ts";
import { SLEEPER } from "./entities.ts";
import { shares } from "./looking.ts";

const SLEEPERS = [1, 2, 3, 4].map((number) => `${SLEEPER}${number}`);
/** After the start: when a host goes, messages begin, somebody else leads, messages end, and all of it must be over. */
const GOES: Micros = 800 * MS;
const AWAY: Micros = 400 * MS;
const BEGINS: Micros = 1_100 * MS;
const LEADS: Micros = 1_700 * MS;
const ENDS: Micros = 2_300 * MS;
const OVER: Micros = 6_000 * MS;
/** Of each host between two messages. */
const THINK: Micros = 15 * MS;
const TIMEOUT_MS = 3_500;

/** @throws Violation */
export async function expectCalmHandOvers(world: World): Promise<void> {
  const { timeline, placement, hosts } = world;
  const random = world.random.fork("calm");
  const begin = timeline.now;
  const unsettled = new Set<string>();
  world.note("calm");
  placement.isCalm = true;
  const [first, last] = [hosts[0], hosts.at(-1)];
  wakeSleepers(world, first?.life);
  timeline.after(GOES, () => {
    const life = last?.life;
    if (life !== undefined) world.stop(life, () => timeline.after(AWAY, () => world.start(life.host)));
  });
  timeline.after(BEGINS, () => {
    for (const host of hosts)
      timeline.after(AWAY * random.next(), () => keepSending(world, host.name, random, begin + ENDS, unsettled));
  });
  timeline.after(LEADS, () => world.elect(hosts.at(1)?.name));
  await world.runUntil(begin + OVER);
  const roused = SLEEPERS.filter((name) => placement.stays.begins(name) > 1);
  const lost = placement.plan.hasRoom ? [...unsettled] : [];
  world.see({ type: "calm", lost, roused, shares: [...shares(world).values()] });
  await world.runUntil(timeline.now + 1);
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

function keepSending(world: World, host: string, random: Random, until: Micros, unsettled: Set<string>): void {
  let count = 0;
  const next = (): void => {
    if (world.timeline.now >= until) return;
    const life = world.hosts.find(({ name }) => name === host)?.life;
    count += 1;
    if (life !== undefined && !life.isStopping) life.run(() => send(world, life, count, random, unsettled));
    world.timeline.after(2 * THINK * random.next(), next);
  };
  next();
}

function send(world: World, life: Life, count: number, random: Random, unsettled: Set<string>): void {
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

/** The liveness phase: all faults end, everyone is started, and whatever was asked must be answered. */
import { SECOND } from "../kit/timeline.ts";
import { askLast } from "./person.ts";
import type { World } from "./world.ts";

/** What was said to sides of the house is handed over, sessions move where they belong, their clients come again. */
const CALM = 10 * SECOND;
/** An answer that nobody disturbs. */
const LAST = 20 * SECOND;

/** @throws Violation */
export async function healAndExpectAnswers(world: World): Promise<void> {
  world.note("healed");
  world.isHealed = true;
  world.ways.heal();
  world.network.heal();
  for (const { machine } of world.up()) world.resume(machine);
  for (const host of world.hosts) world.start(host);
  for (const { clock } of [...world.hosts, ...world.clients]) clock.rate = 1;
  const isDone = (): boolean => world.clients.every(({ life }) => life?.inside?.isDone === true);
  await world.runUntil(world.timeline.now + world.plan.livenessBound, isDone);
  await world.runUntil(world.timeline.now + CALM);
  world.see({ type: "calm", divided: divided(world) });
  for (const { life, name } of world.clients) {
    if (life?.inside?.isDone === true && !world.takenUp.has(name)) askLast(world, life);
  }
  await world.runUntil(world.timeline.now + LAST, isDone);
  // Keys of what has ended are looked for every second.
  await world.runUntil(world.timeline.now + 3 * SECOND);
  world.see({
    type: "healed",
    waiting: world.clients.flatMap(({ name, life }) =>
      life?.inside?.isDone === true ? [] : [`${name} for ${life?.inside?.turn?.question ?? "a peer"}`],
    ),
    keys: keysIn(world),
    state: world.agreement.state,
    reports: world.up().flatMap(({ name: peer, inside }) =>
      (inside?.house.list() ?? []).map(({ sessionId: session, journal }) => ({
        peer,
        session,
        journal: journal?.state ?? "none",
      })),
    ),
  });
  await world.runUntil(world.timeline.now + 1);
}

function divided(world: World): ReadonlySet<string> {
  const all = world.up().flatMap(({ inside }) => inside?.house.list() ?? []);
  const twice = all.filter((one) => all.some((other) => other !== one && other.sessionId === one.sessionId));
  return new Set(twice.flatMap(({ clientId }) => clientId ?? []));
}

function keysIn(world: World) {
  const { nameOf } = world.library;
  return world
    .up()
    .flatMap(({ name: peer, inside }) =>
      [...(inside?.keys.all() ?? [])].flatMap(([session, turns]) =>
        turns
          .flatMap(({ records, kept }) => [records, kept])
          .flatMap((key) => (key === undefined ? [] : [{ peer, session, name: nameOf(key) }])),
      ),
    );
}

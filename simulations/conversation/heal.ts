/** The liveness phase: all faults end, everyone is started, and whatever was asked must be answered. */
import { SECOND } from "../kit/timeline.ts";
import type { World } from "./world.ts";

/** Keys of what has ended are looked for every second, and asked for anew. */
const CALM = 8 * SECOND;

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

/** The liveness phase: all faults end, everyone is started, and everything must come to its end. */
import type { ActorRef } from "@parley/actors";
import { MS, SECOND } from "../kit/timeline.ts";
import type { LedgerMessage } from "./messages.ts";
import type { Life } from "./host.ts";
import { expectCalmHandOvers } from "./placement/calm.ts";
import { lookAtPlacement } from "./placement/looking.ts";
import { stirMore } from "./more.ts";
import { bearMortal, watchEnd } from "./watching.ts";
import { askSingleton, ENTITIES } from "./workload.ts";
import type { World } from "./world.ts";

type Question = (replyTo: ActorRef<string>) => LedgerMessage;

/** Until hosts must have found each other again, and how long an answer may take then. */
const REUNION = 9 * SECOND;
const ANSWER_MS = 4_000;
const LIFETIME_MS = 1_000;
const BETWEEN = 200 * MS;

/** @throws Violation */
export async function healAndExpectProgress(world: World): Promise<void> {
  world.note("healed");
  world.isHealed = true;
  world.network.heal();
  world.consensus.heal();
  for (const life of world.up()) world.resume(life);
  for (const host of world.hosts) world.start(host);
  world.elect(world.hosts[0]?.name);
  const healedAt = world.timeline.now;
  await world.runUntil(healedAt + REUNION);
  for (const host of world.hosts) world.start(host);
  await world.runUntil(world.timeline.now + SECOND);
  lookAtPlacement(world);
  const unanswered = askAll(world);
  watchAll(world);
  const settle = stirMore(world);
  await world.runUntil(healedAt + world.plan.livenessBound);
  settle();
  world.see({ type: "healed", untold: world.mortals.untold(), unanswered: [...unanswered] });
  await world.runUntil(world.timeline.now + 1);
  await expectCalmHandOvers(world);
}

/** Questions of everybody to everybody; those that were answered are taken out. */
function askAll(world: World): ReadonlySet<string> {
  const unanswered = new Set<string>();
  // One after the other: the smallest mailboxes hold one message.
  for (const [index, life] of world.up().entries()) {
    world.timeline.after(index * BETWEEN, () => life.run(() => ask(world, life, unanswered)));
  }
  return unanswered;
}

function ask(world: World, { system, placed, name }: Life, unanswered: Set<string>): void {
  if (system === undefined || placed === undefined) return;
  const expect = (what: string, send: (make: Question) => Promise<string>): void => {
    unanswered.add(what);
    send((replyTo) => ({ type: "question", name: what, replyTo })).then(
      () => unanswered.delete(what),
      (error: unknown) => world.note("unanswered", what, String(error)),
    );
  };
  for (let entity = 1; entity <= ENTITIES; entity += 1) {
    expect(`${name} asks entity ${entity}`, (make) =>
      placed.sharding.entity(`e${entity}`).ask<string>(make, { timeoutMs: ANSWER_MS }),
    );
  }
  expect(`${name} asks the singleton`, (make) => askSingleton(world, placed.chief, make, ANSWER_MS));
  for (const { name: to } of world.hosts) {
    for (let ledger = 0; ledger < world.plan.ledgers; ledger += 1) {
      const ref = system.resolve<LedgerMessage>(`parley://${to}/ledger-${ledger}`);
      expect(`${name} asks ledger-${ledger} of ${to}`, (make) => ref.ask<string>(make, { timeoutMs: ANSWER_MS }));
    }
  }
}

/** Everybody watches an actor of everybody, which ends while nothing breaks any more that could be told instead. */
function watchAll(world: World): void {
  const mortals = world.up().flatMap((life) => {
    const { system } = life;
    return system === undefined ? [] : [bearMortal(world, life, system, LIFETIME_MS, false)];
  });
  for (const life of world.up()) {
    for (const mortal of mortals) if (life.system !== undefined) watchEnd(world, life, life.system, mortal);
  }
}

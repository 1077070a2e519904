/** The liveness phase: all faults end, everyone is started, and everything must come to its end. */
import { SECOND } from "../kit/timeline.ts";
import type { LedgerMessage } from "./ledger.ts";
import type { World } from "./world.ts";

/** Until hosts must have found each other again, and how long an answer may take then. */
const REUNION = 9 * SECOND;
const ANSWER_MS = 4_000;

/** @throws Violation */
export async function healAndExpectProgress(world: World): Promise<void> {
  world.note("healed");
  world.isHealed = true;
  world.network.heal();
  for (const life of world.up()) world.resume(life);
  for (const host of world.hosts) world.start(host);
  const healedAt = world.timeline.now;
  await world.runUntil(healedAt + REUNION);
  for (const host of world.hosts) world.start(host);
  await world.runUntil(world.timeline.now + SECOND);
  const unanswered = askAll(world);
  await world.runUntil(healedAt + world.plan.livenessBound);
  world.see({ type: "healed", untold: world.mortals.untold(), unanswered: [...unanswered] });
  await world.runUntil(world.timeline.now + 1);
}

/** Questions of everybody to everybody; those that were answered are taken out. */
function askAll(world: World): ReadonlySet<string> {
  const unanswered = new Set<string>();
  for (const { system, name } of world.up()) {
    for (const { name: to } of world.hosts) {
      for (let ledger = 0; ledger < world.plan.ledgers; ledger += 1) {
        const what = `${name} asks ledger-${ledger} of ${to}`;
        unanswered.add(what);
        const asked = system
          ?.resolve<LedgerMessage>(`parley://${to}/ledger-${ledger}`)
          .ask<string>((replyTo) => ({ type: "question", name: what, replyTo }), { timeoutMs: ANSWER_MS });
        asked?.then(
          () => unanswered.delete(what),
          (error: unknown) => world.note("unanswered", what, String(error)),
        );
      }
    }
  }
  return unanswered;
}

/** A singleton that answers, and writes by itself from time to time: also after a pause, when it still believes that it leads. */
import type { ActorContext, ActorRef, SingletonOptions, SingletonSend, SingletonTerm } from "@parley/actors";
import type { Life } from "../host.ts";
import type { LedgerMessage } from "../messages.ts";
import type { World } from "../world.ts";
import { STOP_TIMEOUT_MS } from "./entities.ts";
import { begun, lag, write } from "./sink.ts";

const WRITES_EVERY_MS = 150;

type Settings = Omit<SingletonOptions<LedgerMessage>, "name" | "behavior" | "spawn">;

export function openChief(
  world: World,
  life: Life,
  start: (options: SingletonOptions<LedgerMessage>) => ActorRef<SingletonSend<LedgerMessage>>,
  trouble: () => Promise<void>,
  settings: Settings,
): ActorRef<SingletonSend<LedgerMessage>> {
  const { consensus, placement } = world;
  const random = world.random.fork(`chief/${life.name}`);
  return start({
    ...settings,
    name: "chief",
    spawn: { stopTimeoutMs: STOP_TIMEOUT_MS },
    behavior: (term) => {
      const guest = { name: "chief", life, token: term.term, mayEnd: true };
      const isRightful = (): boolean => consensus.leaderIn(term.term) === life.host.name;
      return (context) => {
        const running = begun(world, guest);
        const effect = (): void => write(world, life, term.stamp(), isRightful());
        keepWriting(world, life, context, term, effect);
        return {
          receive: async (message) => {
            const stamp = term.stamp();
            await trouble();
            write(world, life, stamp, isRightful());
            if (message.type === "question") message.replyTo.tell(message.name);
          },
          onStop: async () => {
            const isSlow = plan(world) && random.chance(0.5);
            if (isSlow) await lag(life, random.oneOf(5, 50, 500) * random.next());
            if (placement.isCalm) await lag(life, 150 * random.next());
            world.note("ends", life.name, "chief", term.term);
            placement.stays.end(running);
          },
        };
      };
    },
  });
}

function plan({ plan: { faults }, isHealed }: World): boolean {
  return faults.has("sleepy-entities") && !isHealed;
}

function keepWriting(
  world: World,
  life: Life,
  { signal }: ActorContext<LedgerMessage>,
  { term }: SingletonTerm,
  effect: () => void,
): void {
  const again = (): void => {
    if (signal.aborted) return;
    try {
      effect();
    } catch (error) {
      // Somebody newer was there: whoever runs it here will hear of that.
      if (!world.library.actors.isActorError(error, "stale-term")) world.fail(error, life.name);
      world.note("too late", life.name, term);
    }
    life.clock.after(WRITES_EVERY_MS, again);
  };
  life.clock.after(WRITES_EVERY_MS, again);
}

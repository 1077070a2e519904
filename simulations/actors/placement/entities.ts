/** Entities that write to a fenced sink, fall asleep, take long to do so, and end by themselves. */
import type { Actor, ActorContext, EntityStay, Sharding, ShardingOptions, Stamp } from "@parley/actors";
import type { Random } from "../../kit/random.ts";
import type { Sent } from "../chronicle.ts";
import type { Life } from "../host.ts";
import type { LedgerMessage } from "../messages.ts";
import type { World } from "../world.ts";
import type { Guest } from "./stays.ts";
import { begun, lag, write } from "./sink.ts";

/** Longer than any handler: an entity that is left behind would truly run beside its next life. */
export const STOP_TIMEOUT_MS = 60_000;
/** Entities whose names begin so go to sleep after every message. */
export const SLEEPER = "s";

type Settings = Omit<ShardingOptions<LedgerMessage>, "name" | "behavior" | "spawn" | "memory" | "limits">;

interface Stay {
  readonly world: World;
  readonly life: Life;
  readonly random: Random;
  readonly trouble: () => Promise<void>;
  readonly stay: EntityStay;
  readonly guest: Guest;
  readonly isRightful: () => boolean;
}

export function openEntities(
  world: World,
  life: Life,
  start: (options: ShardingOptions<LedgerMessage>) => Sharding<LedgerMessage>,
  trouble: () => Promise<void>,
  settings: Settings,
): Sharding<LedgerMessage> {
  const { placement, consensus } = world;
  const { limits, passivateAfterMs } = placement.plan;
  const random = world.random.fork(`entities/${life.name}`);
  const sharding = start({
    ...settings,
    name: "entities",
    memory: placement.memory.of(life),
    limits,
    spawn: { stopTimeoutMs: STOP_TIMEOUT_MS },
    ...(passivateAfterMs === undefined ? {} : { passivateAfterMs }),
    behavior: (stay) => {
      const guest = { name: stay.id, life, token: stay.epoch, mayEnd: false };
      const isRightful = (): boolean => consensus.ownerIn(stay.shard, stay.epoch) === sharding.region.address;
      return (context) => run({ world, life, random, trouble, stay, guest, isRightful }, context);
    },
  });
  return sharding;
}

function run(its: Stay, context: ActorContext<LedgerMessage>): Actor<LedgerMessage> {
  const { world, life, random, stay, guest } = its;
  // A new owner shows its stamp before it does anything.
  const refusal = world.sink.admit(stay.stamp());
  if (refusal !== undefined) throw refusal;
  const running = begun(world, guest);
  return {
    receive: async (message) => {
      const stamp = stay.stamp();
      const { sent } = message.type === "note" ? message : { sent: undefined };
      if (sent !== undefined) world.see({ type: "entity-taken", sent, ownership: ownership(life, stamp) });
      await its.trouble();
      if (world.placement.isCalm) {
        await lag(life, 30 * random.next());
        // As whoever heeds its signal does at each wait.
        context.signal.throwIfAborted();
      }
      if (message.type === "question") message.replyTo.tell(message.name);
      if (sent === undefined) return;
      write(world, life, stamp, its.isRightful());
      world.note("entity", life.name, sent.from, sent.to, sent.manner, sent.sequence);
      world.see({ type: "handled", sent, by: servedBy(sent, life, stamp) });
      world.placement.handled(sent);
      fallAsleep(its, context);
    },
    onStop: async (reason) => {
      const { plan, isHealed, placement } = world;
      const isSlow = plan.faults.has("sleepy-entities") && !isHealed && random.chance(0.5);
      if (isSlow) await lag(life, random.oneOf(5, 50, 500) * random.next());
      if (placement.isCalm) await lag(life, 100 * random.next());
      world.note("ends", life.name, stay.id, stay.epoch, reason);
      world.placement.stays.end(running);
    },
  };
}

function fallAsleep({ world, random, stay, guest }: Stay, context: ActorContext<LedgerMessage>): void {
  const { plan, isHealed } = world;
  const isTired = plan.faults.has("sleepy-entities") && !isHealed && random.chance(0.2);
  if (!isTired && !stay.id.startsWith(SLEEPER)) return;
  guest.mayEnd = true;
  world.note("sleeps", stay.id, stay.epoch);
  if (isTired && random.chance(0.4)) context.stop();
  else stay.passivate();
}

function ownership(life: Life, { scope, token }: Stamp): string {
  return `${life.name} ${scope}@${token}`;
}

/** A message that is only told comes once at all; an acknowledged one once to each owner while it owns. */
function servedBy(sent: Sent, life: Life, stamp: Stamp): string {
  return sent.manner === "tell" ? "anybody" : ownership(life, stamp);
}

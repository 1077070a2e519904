/** Sharded entities and a singleton, which write to a sink that asks a fence. */
import type { ActorSystem, Stamp } from "@parley/actors";
import type { Sent } from "./chronicle.ts";
import type { Life } from "./host.ts";
import { acceptsLedgerMessages, troubles } from "./ledger.ts";
import type { LedgerMessage, Placed } from "./messages.ts";
import type { World } from "./world.ts";

export function openPlaced(world: World, life: Life, system: ActorSystem): Placed {
  const { actors } = world.library;
  const { consensus, sink } = world;
  const host = life.host.name;
  const accepts = acceptsLedgerMessages(world);
  const trouble = troubles(world, life, "placed");
  const leadership = consensus.leadershipOf(host, life.run);
  const members = consensus.members();
  const sharding = actors.startSharding<LedgerMessage>(system, {
    name: "entities",
    table: consensus.tableOf(host, life.run),
    leadership,
    members,
    accepts,
    behavior: (stay) => () => {
      // A new owner shows its stamp before it does anything.
      const refusal = sink.admit(stay.stamp());
      if (refusal !== undefined) throw refusal;
      const isRightful = (): boolean => consensus.ownerIn(stay.shard, stay.epoch) === sharding.region.address;
      return async (message) => {
        const stamp = stay.stamp();
        await trouble();
        if (message.type === "question") return void message.replyTo.tell(message.name);
        write(world, life, stamp, isRightful());
        const { sent } = message;
        world.note("entity", life.name, sent.from, sent.to, sent.manner, sent.sequence);
        world.see({ type: "handled", sent, by: servedBy(sent, life, stamp) });
      };
    },
  });
  const chief = actors.startSingleton<LedgerMessage>(system, {
    name: "chief",
    leadership,
    members,
    accepts,
    behavior: (term) => () => async (message) => {
      const stamp = term.stamp();
      await trouble();
      write(world, life, stamp, consensus.leaderIn(term.term) === host);
      if (message.type === "question") message.replyTo.tell(message.name);
    },
  });
  return { sharding, chief };
}

/** A message that is only told comes once at all; an acknowledged one once to each owner while it owns. */
function servedBy(sent: Sent, life: Life, { scope, token }: Stamp): string {
  return sent.manner === "tell" ? "anybody" : `${life.name} ${scope}@${token}`;
}

/** @throws ActorError `stale-epoch`, `stale-term` */
function write(world: World, life: Life, stamp: Stamp, isRightful: boolean): void {
  const refusal = world.sink.admit(stamp);
  const { scope, kind, token } = stamp;
  world.note("effect", life.name, scope, token, refusal?.code ?? "accepted");
  world.see({ type: "effect", scope, kind, token, by: life.name, isRightful, isAccepted: refusal === undefined });
  if (refusal !== undefined) throw refusal;
}

/**
 * Acts as prime does: a singleton on every member that writes, under its term, a key of its own for each thing that it does. What it
 * does once its time is over must be refused; whoever it was that was slow.
 */
import type { Life } from "../host.ts";
import type { Member, World } from "../world.ts";
import { keyOf, STEWARD } from "./deeds.ts";

const TIMEOUT_MS = 5_000;
const ACT_EVERY_MS = 400;

interface Act {
  readonly type: "own-act";
}

/** Starts it on a peer that has just become a member; it ends with the member's actors. */
export function appoint(world: World, life: Life, member: Member): void {
  const { library } = world;
  const { company, shared } = member;
  let count = 0;
  // It has ended meanwhile.
  if (life.cluster?.member !== member) return;
  library.startSingleton<Act>(company.system, {
    name: STEWARD,
    leadership: shared.consensus.leadership,
    members: company.members,
    accepts: () => {
      throw new TypeError("it comes from nowhere but itself");
    },
    behavior: (own) => (context) => {
      context.timers.once("act", 0, { type: "own-act" });
      for (const hear of world.onActing) hear(life);
      let overSinceMs: number | undefined;
      return async () => {
        count += 1;
        const { leader, term } = shared.consensus.leadership.current();
        const nowMs = performance.now();
        overSinceMs = leader === life.host.peerId && term === own.term ? undefined : (overSinceMs ?? nowMs);
        const overForMs = nowMs - (overSinceMs ?? nowMs);
        world.see({ type: "acting", acting: { life: life.name, term: own.term, overForMs } });
        const stamp = own.stamp();
        const key = keyOf({ term: own.term, peer: life.host.peerId }, `${life.name}.${count}`);
        world.note("act", life.name, own.term);
        await shared.submit({ type: "put", key, value: new Uint8Array(), stamp }, { timeoutMs: TIMEOUT_MS });
        context.timers.once("act", ACT_EVERY_MS, { type: "own-act" });
      };
    },
  });
}

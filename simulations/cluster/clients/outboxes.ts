/** Clients that give writes to a peer's outbox, some at once, each under a key that nobody else writes. */
import type { Life } from "../host.ts";
import type { World } from "../world.ts";
import { again } from "./pace.ts";
import { isTimeout } from "./registers.ts";

const DELIVERED_MS = 20_000;
/** So large that an outbox soon has more behind it than it keeps. */
const BULK = { key: "bulk", bytes: 60_000 };

export function useOutboxes(world: World, client: number): void {
  again(world, `outbox/${client}`, (random, count) => {
    const life = random.pick(world.up());
    const many = random.oneOf(1, 1, 2, 4);
    const isBulky = random.chance(0.1);
    if (life === undefined) return;
    if (isBulky) postpone(world, life, BULK.key, BULK.bytes);
    for (let each = 1; each <= many; each += 1) postpone(world, life, `later/${client}.${count}.${each}`, 1);
  });
}

function postpone(world: World, life: Life, key: string, bytes: number): void {
  life.run(() => {
    const member = life.cluster?.member;
    const later = life.face?.later;
    if (member === undefined || later === undefined) return;
    const { cluster, node } = member.roster;
    const written = { cluster, node, peer: life.host.peerId, key };
    world.note("postpone", life.name, key);
    const isOwn = key !== BULK.key;
    const run = async (): Promise<void> => {
      const { id } = await later.submit({ type: "put", key, value: new Uint8Array(bytes) });
      if (life.isOver) return;
      if (!isOwn) return;
      world.see({ type: "postponed", write: written, id });
      const delivery = await later.delivered(id, { signal: AbortSignal.timeout(DELIVERED_MS) });
      if (life.isOver) return;
      world.note("told", life.name, key, delivery.outcome);
      const value = delivery.outcome === "done" ? delivery.value : undefined;
      world.see({ type: "told", key, outcome: delivery.outcome, value });
    };
    run().catch((error: unknown) => {
      if (life.isOver || isTimeout(error)) return;
      if (!world.library.isPeerError(error)) world.fail(error, life.name);
      else if (isOwn) world.see({ type: "postponed", write: written, id: undefined });
    });
  });
}

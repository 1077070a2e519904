/** One life of a host: the shipped system and remoting on its clock and its access to the network, and what it does there. */
import type { Life } from "./host.ts";
import { openLedgers } from "./ledger.ts";
import { openMore } from "./more.ts";
import { openPlaced } from "./placed.ts";
import { lookAtRegion } from "./placement/looking.ts";
import { guarded } from "./transport.ts";
import { Tree } from "./trees/grow.ts";
import { work } from "./workload.ts";
import type { World } from "./world.ts";

/** Events. To look at all that a host holds takes longer than most of them, and what is too much is so for a while. */
const LOOK_EVERY = 4;
const SUPERVISION = { maxRestarts: Infinity, backOff: { minMs: 5, maxMs: 200, factor: 2, jitter: 0.2 } };

export function begin(world: World, life: Life): void {
  const { actors } = world.library;
  const peer = life.host.name;
  const { clock } = life;
  const chance = world.random.fork(`life/${life.name}`);
  const random = (): number => chance.next();
  const remoting = actors.createRemoting({
    transport: guarded(world.network.transport(peer), life.run),
    clock,
    random,
    limits: { maxOutboxMessages: world.plan.maxOutboxMessages },
    onPeerChange: ({ peer: other, state }) => {
      world.note("peer", life.name, other, state);
      if (state === "down") world.streams.disconnected(peer, other);
    },
  });
  const tree = new Tree(world, life);
  const system = actors.createActorSystem({
    peer,
    clock,
    random,
    log: tree.log,
    remoting: remoting.remoting,
    supervision: SUPERVISION,
  });
  life.remoting = remoting;
  life.system = system;
  const failed = (error: unknown): void => world.fail(error, life.name);
  system.stopped.then((error) => {
    if (error !== undefined) failed(error);
  }, failed);
  remoting.start().catch(failed);
  openLedgers(world, life, system);
  life.placed = openPlaced(world, life, system);
  work(world, life, system, life.placed);
  openMore(world, life, system, tree);
}

/** Looks at what a host holds, after the events that it took part in. */
export function look(world: World, life: Life): void {
  if (life.isOver) return;
  lookAtRegion(world, life);
  if (world.events % LOOK_EVERY !== 0) return;
  const { plan } = world;
  for (const { path, mailboxDepth } of life.system?.inspect() ?? []) {
    const ledger = Number(/^\/ledger-(\d+)$/.exec(path)?.[1] ?? Number.NaN);
    if (Number.isNaN(ledger)) continue;
    const { capacity } = plan.mailboxOf(ledger);
    world.see({ type: "mailbox", actor: `${life.name}${path}`, depth: mailboxDepth, capacity });
  }
  for (const { peer, outbox } of life.remoting?.peers() ?? []) {
    world.see({ type: "outbox", host: life.name, peer, size: outbox, max: plan.maxOutboxMessages });
  }
}

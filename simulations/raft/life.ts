/** Starts the shipped node on a simulated host: over its disk, its clock and its wires. */
import type { Status } from "@parley/raft";
import { environmentOf } from "./clock.ts";
import type { Host, Life } from "./host.ts";
import { Watcher, type Watching } from "./observer.ts";
import type { Plan } from "./plan.ts";
import { faultsOf, type DiskWorld } from "./storage.ts";
import { Wire, type Exchange } from "./wire.ts";

/** Ticks by which a lease may be shorter than the election timeout: one under way, and two made up for. */
const LEASE_MARGIN_TICKS = 3;
const TICKS_A_HEARTBEAT = 4;

/** What a life needs of the world. */
export interface LifeWorld extends Watching, Exchange, DiskWorld<Host, Life> {
  readonly plan: Plan;
  readonly founders: readonly number[];
  /** The process ended by itself. */
  ended(life: Life, error: Error | undefined): void;
}

/** Opens the log and starts the node; both take their time. Rejects as they do. */
export async function begin(world: LifeWorld, life: Life): Promise<void> {
  const { library, plan, timeline } = world;
  const { host } = life;
  const { heartbeatMs, electionMs } = plan.timing;
  const watcher = new Watcher(world, life, electionMs - (LEASE_MARGIN_TICKS * heartbeatMs) / TICKS_A_HEARTBEAT);
  life.watcher = watcher;
  host.disk.faults = faultsOf(world, life);
  const { view, isDoubtful } = host;
  const log = await library.openMemoryLog(host.disk, plan.storeOf(host.id));
  if (life.isOver) return;
  life.log = log;
  host.isDamaged = false;
  if (log.opened.state === "doubtful") {
    world.note("doubt", host.id, log.opened.left.lastIndex);
    world.watch(life, () => world.chronicle.doubted(view, isDoubtful || life.mayFail));
  }
  view.current = () => (life.isOver || host.isBehind ? undefined : statusOf(life));
  view.hasLivingLeader = watcher.hasLivingLeader;
  view.applied = 0;
  view.appliedBefore = 0;
  view.applying = 0;
  const random = life.chance.fork("environment");
  const node = await library.startNode({
    id: host.id,
    log,
    transport: new Wire(world, life),
    machine: life.machine,
    ...(host.id <= plan.founders && { bootstrap: world.founders }),
    environment: environmentOf({
      timeline,
      clock: host.clock,
      random,
      run: (action) => {
        watcher.shaken();
        world.run(life, action);
      },
      ticked: () => {
        host.isBehind = false;
      },
      reaction: () => (world.hasFixedLatency ? 0 : random.next() * REACTION),
    }),
    timing: plan.timing,
    limits: plan.limitsOf(host.id),
    leases: plan.leases,
    observer: watcher.observer,
  });
  if (life.isOver) return;
  life.node = node;
  world.watch(life, () => watcher.started(statusOf(life) ?? view.status));
  world.isFresh(life);
  const error = await node.stopped;
  if (!life.isOver) world.ended(life, error);
}

function statusOf({ node }: Life): Status | undefined {
  return node === undefined ? undefined : { ...node.status(), progress: new Map() };
}

/** Until sockets and timers have had their say. */
const REACTION = 50;

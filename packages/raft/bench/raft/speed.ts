/** Puts of undisturbed clusters: how fast, how many, and at what cost. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, System } from "./cluster.ts";
import { Generator } from "./generator.ts";
import type { Measured } from "./load.ts";
import { processorMs, residentMb } from "./process-figures.ts";
import type { Sweep } from "./sweep.ts";

export interface SpeedPlan {
  readonly sequentialPuts: number;
  /** One load after the other, of so many clients. */
  readonly clients: readonly number[];
  readonly msPerLoad: number;
  /** Systems are measured in turns, each time on a new cluster, so that a busy machine is unkind to all alike. */
  readonly turns: number;
}

/** Resident memory in MB; undefined where it cannot be had. */
export interface Memory {
  readonly leader: number | undefined;
  /** The largest of all nodes. */
  readonly most: number | undefined;
}

export interface Load {
  readonly clients: number;
  readonly latenciesMs: number[];
  seconds: number;
  failed: number;
  /** Processor time of all nodes. */
  nodesCpuMs: number;
  generatorCpuMs: number;
}

export interface Speed {
  readonly sequentialMs: number[];
  readonly loads: readonly Load[];
  /** Before anybody has written anything. */
  idle: Memory;
  /** The most that was seen under load. */
  loaded: Memory;
  /** Changes of term while nothing was wrong. */
  elections: number;
}

const WARM_UP_PUTS = 1000;
const WARM_UP_MS = 3000;
const IDLE_MS = 3000;
const SAMPLE_MS = 200;
const NOTHING: Memory = { leader: undefined, most: undefined };

/** @returns what was measured, in the order of `systems` */
export async function measureSpeed(
  systems: readonly System[],
  plan: SpeedPlan,
  sweep: Sweep,
): Promise<readonly Speed[]> {
  const results = systems.map((): Speed => {
    const loads = plan.clients.map((clients) => {
      return { clients, latenciesMs: [], seconds: 0, failed: 0, nodesCpuMs: 0, generatorCpuMs: 0 };
    });
    return { sequentialMs: [], loads, idle: NOTHING, loaded: NOTHING, elections: 0 };
  });
  for (let turn = 1; turn <= plan.turns; turn += 1) {
    for (const [i, system] of systems.entries()) {
      const speed = results[i];
      if (speed === undefined) continue;
      process.stderr.write(`${system.name}: speed, turn ${turn} of ${plan.turns}\n`);
      await measureTurn(system, speed, plan, sweep);
    }
  }
  return results;
}

async function measureTurn(system: System, speed: Speed, plan: SpeedPlan, outer: Sweep): Promise<void> {
  const sweep = outer.part();
  try {
    const cluster = await system.start(sweep, { cuttable: false });
    if (cluster === undefined) throw new Error(`${system.name} does not start`);
    await measureCluster(system, cluster, speed, plan, sweep);
    await cluster.stop();
  } finally {
    sweep.close();
  }
}

async function measureCluster(
  system: System,
  cluster: Cluster,
  speed: Speed,
  plan: SpeedPlan,
  sweep: Sweep,
): Promise<void> {
  const { leader, term } = await cluster.settled();
  await sleep(IDLE_MS);
  speed.idle = larger(speed.idle, memoryOf(cluster, leader));
  const generator = new Generator(cluster.endpoints, sweep);
  await generator.sequential(leader, WARM_UP_PUTS);
  const { latenciesMs, failed } = await generator.sequential(leader, Math.ceil(plan.sequentialPuts / plan.turns));
  if (failed > 0) process.stderr.write(`${system.name}: ${failed} sequential puts failed\n`);
  speed.sequentialMs.push(...latenciesMs);
  for (const load of speed.loads) {
    await generator.forTime(leader, load.clients, WARM_UP_MS);
    const stopSampling = sampling(() => {
      speed.loaded = larger(speed.loaded, memoryOf(cluster, leader));
    });
    const nodesCpuMs = processorOf(cluster);
    const measured = await generator.forTime(leader, load.clients, plan.msPerLoad / plan.turns);
    load.nodesCpuMs += processorOf(cluster) - nodesCpuMs;
    stopSampling();
    add(system, load, measured);
  }
  speed.elections += (await cluster.settled()).term - term;
  await generator.close();
}

function add({ name }: System, load: Load, { latenciesMs, seconds, failed, cpuMs }: Measured): void {
  // Spread arguments would overflow the stack.
  for (const each of latenciesMs) load.latenciesMs.push(each);
  load.seconds += seconds;
  load.failed += failed;
  load.generatorCpuMs += cpuMs;
  const perSecond = (latenciesMs.length / seconds).toFixed(0);
  process.stderr.write(`  ${name}, ${load.clients} clients: ${perSecond} puts/s, ${failed} failed\n`);
}

function sampling(sample: () => void): () => void {
  const timer = setInterval(sample, SAMPLE_MS);
  return () => {
    clearInterval(timer);
  };
}

function memoryOf({ pids }: Cluster, leader: number): Memory {
  const each = pids.map((pid) => (pid === undefined ? undefined : residentMb(pid)));
  return { leader: each[leader], most: each.reduce(largerOf, undefined) };
}

function larger(a: Memory, b: Memory): Memory {
  return { leader: largerOf(a.leader, b.leader), most: largerOf(a.most, b.most) };
}

function largerOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function processorOf({ pids }: Cluster): number {
  return pids.reduce<number>((sum, pid) => sum + (pid === undefined ? 0 : processorMs(pid)), 0);
}

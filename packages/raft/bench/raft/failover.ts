/** How long nobody can write when the leader is lost: from the fault to the first put that a survivor acknowledges. */
import { setTimeout as sleep } from "node:timers/promises";
import { NODES, type Cluster, type System } from "./cluster.ts";
import { Generator } from "./generator.ts";
import type { Sweep } from "./sweep.ts";

export interface FailoverPlan {
  /** The leader's process is killed, or its link is cut without anybody being told. */
  readonly fault: "killed" | "cut";
  /** Clients that go on writing meanwhile. */
  readonly clients: number;
  readonly rounds: number;
}

const CALM_MS = 700;
/** Added to the calm by chance, so that faults fall anywhere between two heartbeats. */
const CALM_SPREAD_MS = 300;
const LOAD_LEAD_MS = 1000;
const FAILOVER_TIMEOUT_MS = 30_000;

/** Milliseconds, one for each round; undefined where such a fault cannot be made. */
export async function measureFailover(
  system: System,
  plan: FailoverPlan,
  outer: Sweep,
): Promise<readonly number[] | undefined> {
  const sweep = outer.part();
  try {
    const cluster = await system.start(sweep, { cuttable: plan.fault === "cut" });
    if (cluster === undefined) return undefined;
    process.stderr.write(`${system.name}, ${nameOf(plan)}:`);
    const generator = new Generator(cluster.endpoints, sweep);
    const times: number[] = [];
    for (let round = 0; round < plan.rounds; round += 1) {
      times.push(await failOver(cluster, generator, plan));
      process.stderr.write(` ${times.at(-1)?.toFixed(0)}`);
    }
    process.stderr.write(" ms\n");
    await generator.close();
    await cluster.stop();
    return times;
  } finally {
    sweep.close();
  }
}

/** As it goes into a row's name. */
export function nameOf({ fault, clients }: FailoverPlan): string {
  return `leader ${fault === "cut" ? "cut off silently" : "killed"}, ${clients === 0 ? "idle" : `${clients} clients`}`;
}

async function failOver(cluster: Cluster, generator: Generator, plan: FailoverPlan): Promise<number> {
  await cluster.settled();
  await sleep(CALM_MS + Math.random() * CALM_SPREAD_MS);
  const { leader } = await cluster.settled();
  if (plan.clients > 0) {
    await generator.start(leader, plan.clients);
    await sleep(LOAD_LEAD_MS + Math.random() * CALM_SPREAD_MS);
  }
  const survivors = Array.from({ length: NODES }, (_, node) => node).filter((node) => node !== leader);
  const faultNs = process.hrtime.bigint();
  if (plan.fault === "cut") await cluster.cut(leader);
  else cluster.kill(leader);
  const firstNs = await generator.firstAcknowledged(survivors, FAILOVER_TIMEOUT_MS);
  if (plan.clients > 0) await generator.stop();
  if (plan.fault === "cut") await cluster.mend(leader);
  else await cluster.restart(leader);
  return Number(firstNs - faultNs) / 1e6;
}

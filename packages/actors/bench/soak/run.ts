/** The soak itself: hosts at work, figures taken, connections broken, leaders changed, and one host killed now and then. */
import { SoakCluster } from "./cluster.ts";
import type { Figures } from "./protocol.ts";
import type { SoakOptions } from "./options.ts";

/** These two live as long as the soak, and are looked at. */
export const LASTING = ["north", "south"] as const;
/** This one is killed and started anew. */
const MORTAL = "east";
const STEP_MS = 10_000;
const STEPS_OF_MINUTE = 6;

export interface Reading extends Figures {
  readonly peer: string;
  readonly atMinute: number;
}

/** @param report called with the figures of every minute */
export async function soak(
  { minutes }: SoakOptions,
  report: (readings: readonly Reading[]) => void,
): Promise<Reading[]> {
  const peers = [...LASTING, MORTAL];
  const cluster = new SoakCluster(peers);
  const readings: Reading[] = [];
  try {
    for (const peer of peers) await cluster.start(peer);
    cluster.elect(LASTING[0]);
    const startedMs = performance.now();
    const minute = (): number => (performance.now() - startedMs) / 60_000;
    for (let step = 1; minute() < minutes; step += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, STEP_MS);
      });
      const latest: Reading[] = [];
      for (const peer of LASTING) latest.push({ peer, atMinute: minute(), ...(await cluster.figures(peer)) });
      readings.push(...latest);
      if (step % STEPS_OF_MINUTE === 0) report(latest);
      await disturb(cluster, peers, step);
    }
    return readings;
  } finally {
    await cluster.close();
  }
}

/** One thing at each step; all of them within each minute. */
async function disturb(cluster: SoakCluster, peers: readonly string[], step: number): Promise<void> {
  const peer = peers[Math.floor(step / STEPS_OF_MINUTE) % peers.length] ?? MORTAL;
  switch (step % STEPS_OF_MINUTE) {
    case 1:
    case 3:
      return cluster.breakConnections(peer);
    case 2:
      return cluster.elect(peer);
    case 4:
      await cluster.kill(MORTAL);
      return cluster.start(MORTAL);
    case 5:
      return cluster.elect(LASTING[0]);
  }
}

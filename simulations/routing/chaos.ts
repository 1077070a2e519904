/** The faults of a run, each kind with a random stream of its own; all are over before the last jobs come. */
import { Random } from "../kit/random.ts";
import type { House } from "./house.ts";
import type { Fault, Plan } from "./plan.ts";

interface Act {
  readonly fault: Fault;
  readonly everyMs: number;
  readonly act: (house: House, random: Random) => void;
}

const ACTS: readonly Act[] = [
  {
    fault: "deaths",
    everyMs: 5_000,
    act: (house, random) => {
      house.kill(random.between(0, house.fleet.hosts.length - 1), random.between(500, 5_000));
    },
  },
  {
    fault: "broken-engines",
    everyMs: 6_000,
    act: (house, random) => {
      const engine = random.between(0, house.engines.length - 1);
      if (house.broken.has(engine)) return;
      house.broken.add(engine);
      house.after(random.between(1_000, 6_000), () => house.broken.delete(engine));
    },
  },
  {
    fault: "slow-engines",
    everyMs: 4_000,
    act: (house, random) => {
      const engine = random.pick(house.engines);
      if (engine === undefined || engine.slowness > 1) return;
      engine.slowness = random.between(3, 10);
      house.after(random.between(1_000, 4_000), () => {
        engine.slowness = 1;
      });
    },
  },
  {
    fault: "lost-reports",
    everyMs: 4_000,
    act: (house, random) => {
      house.isDeaf = true;
      house.after(random.between(300, 2_000), () => {
        house.isDeaf = false;
      });
    },
  },
];

export function unleash(house: House, { seed, faults, work }: Plan): void {
  for (const { fault, everyMs, act } of ACTS) {
    if (!faults.has(fault)) continue;
    const random = new Random(seed, `chaos/${fault}`);
    for (let atMs = 0; ;) {
      atMs += -Math.log(1 - random.next()) * everyMs;
      if (atMs > work.durationMs * 0.8) break;
      house.after(atMs, () => act(house, random));
    }
  }
}

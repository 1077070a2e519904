/** What keeps routers that know the same old adverts from all choosing the same peer: each part left out, in the larger houses. */
import { OTHERS, shipped } from "../../../../simulations/routing/compare.ts";
import { SHIPPED, type Library } from "../../../../simulations/routing/library.ts";
import { beside, informs } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { playAll, SCENES } from "./scenes.ts";

const NOTHING = { admits: false } as const;

/** Adverts that say nothing of demand. */
class WithoutDemand extends SHIPPED.Backlog {
  override demand(): number {
    return 0;
  }
}

/** A router that forgets at once what it has sent. */
class WithoutMemory extends SHIPPED.SentJobs {
  override unseen(): undefined {
    return undefined;
  }
}

const WITHOUT: Readonly<Record<string, ReturnType<typeof shipped>>> = {
  "with everything": shipped(),
  "without sending on": shipped(SHIPPED, { ...NOTHING, sendsOn: false }),
  "without spreading": shipped(SHIPPED, { ...NOTHING, spreads: false }),
  "without demand": shipped(withIn({ Backlog: WithoutDemand }), NOTHING),
  "without what it sent itself": shipped(withIn({ SentJobs: WithoutMemory }), NOTHING),
  "without any of these": shipped(withIn({ Backlog: WithoutDemand, SentJobs: WithoutMemory }), {
    ...NOTHING,
    sendsOn: false,
    spreads: false,
  }),
};

export async function* herdRows(isQuick: boolean): AsyncGenerator<BenchRow> {
  const houses = isQuick ? 1 : 3;
  const { clairvoyant } = OTHERS;
  if (clairvoyant === undefined) throw new Error("there is one who knows everything");
  for (const scene of SCENES.filter(({ hosts }) => hosts === 10 || hosts === 50)) {
    const best = playAll(scene, clairvoyant, houses);
    for (const [name, make] of Object.entries(WITHOUT)) {
      const { meanMs, sends } = playAll(scene, make, houses);
      yield beside(`${scene.name}: ${name}, mean`, meanMs, best.meanMs, "ms");
      yield informs(`${scene.name}: ${name}, sent`, sends, "times");
    }
  }
}

function withIn(parts: Partial<Library>): Library {
  return { ...SHIPPED, ...parts };
}

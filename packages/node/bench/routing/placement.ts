/** Placement regret: how much longer jobs take than if everything had been known, by router. */
import { OTHERS, shipped, type Make } from "../../../../simulations/routing/compare.ts";
import { beside, informs } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { playAll, SCENES, type Played } from "./scenes.ts";

/** Of the clairvoyant's mean. */
const GOAL = 1.1;

export async function* placementRows(isQuick: boolean): AsyncGenerator<BenchRow> {
  const houses = isQuick ? 1 : 4;
  const makes: Readonly<Record<string, Make>> = { parley: shipped(), ...OTHERS };
  for (const scene of SCENES) {
    const played = new Map(Object.entries(makes).map(([name, make]) => [name, playAll(scene, make, houses)]));
    const best = played.get("clairvoyant");
    const ours = played.get("parley");
    if (best === undefined || ours === undefined) throw new Error("both are among the routers");
    yield informs(`${scene.name}: jobs`, best.jobs, "jobs");
    for (const [name, each] of played) if (name !== "clairvoyant") yield* rowsOf(scene.name, name, each, best);
    const others = [...played].filter(([name]) => name !== "clairvoyant" && name !== "parley");
    const nearest = Math.min(...others.map(([, { meanMs }]) => meanMs));
    const ahead = beside(`${scene.name}: parley beside the best of the others, mean`, ours.meanMs, nearest, "ms");
    yield { ...ahead, goal: "less", met: ours.meanMs < nearest };
  }
}

function* rowsOf(scene: string, router: string, { meanMs, p99Ms }: Played, best: Played): Generator<BenchRow> {
  const mean = beside(`${scene}: ${router}, mean`, meanMs, best.meanMs, "ms");
  yield router === "parley" ? { ...mean, goal: `<= ${GOAL}x`, met: meanMs <= best.meanMs * GOAL } : mean;
  yield beside(`${scene}: ${router}, p99`, p99Ms, best.p99Ms, "ms");
}

/** A tree as it is drawn: who supervises whom, and how. */
import type { RestartPolicy, Strategy, SupervisionSpec } from "@parley/actors";
import type { Random } from "../../kit/random.ts";

export interface NodePlan {
  readonly name: string;
  readonly restart: RestartPolicy;
  readonly supervision: SupervisionSpec;
  readonly stopTimeoutMs: number;
  readonly children: readonly NodePlan[];
}

/** The root is permanent, so that it comes back from whatever its children do to it. */
export function drawTree(random: Random): NodePlan {
  const children = Array.from({ length: random.between(2, 4) }, (_, i) => drawNode(random, `c${i}`));
  const branch = { ...drawNode(random, "branch"), children: [drawNode(random, "d0"), drawNode(random, "d1")] };
  children.splice(random.between(0, children.length), 0, branch);
  return { ...drawNode(random, "tree"), restart: "permanent", children };
}

function drawNode(random: Random, name: string): NodePlan {
  const minMs = random.oneOf(0, 5, 60);
  return {
    name,
    restart: random.oneOf<RestartPolicy>("permanent", "permanent", "transient", "transient", "temporary"),
    supervision: {
      strategy: random.oneOf<Strategy>("one-for-one", "one-for-all", "rest-for-one"),
      maxRestarts: random.between(1, 6),
      withinMs: random.oneOf(500, 2_000, 5_000),
      backOff: { minMs, maxMs: minMs * 8, factor: 2, jitter: random.oneOf(0, 0.3) },
    },
    stopTimeoutMs: random.oneOf(50, 400, 5_000),
    children: [],
  };
}

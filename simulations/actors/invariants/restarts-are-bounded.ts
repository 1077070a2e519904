/**
 * Within its window no life of a supervisor restarts more often than it may. Between two beginnings of one child lies one
 * restart at least; one-for-one restarts each child on its own account, the other strategies several at once.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "restarts-are-bounded";

interface Beginning {
  readonly child: string;
  readonly atMs: number;
}

export function restartsAreBounded(): Invariant {
  const seen = new Map<string, readonly Beginning[]>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "child-begins") return;
      const { child, supervisor, strategy, maxRestarts, withinMs, atMs } = happening;
      const before = seen.get(supervisor) ?? [];
      const recent = [...before.filter((each) => atMs - each.atMs < withinMs), { child, atMs }];
      seen.set(supervisor, recent);
      const perChild = [...Map.groupBy(recent, (each) => each.child).values()].map(({ length }) => length - 1);
      const restarts =
        strategy === "one-for-one" ? perChild.reduce((sum, each) => sum + each, 0) : Math.max(...perChild);
      const where = `${supervisor}, which allows itself ${maxRestarts} within ${withinMs} ms`;
      demand(restarts <= maxRestarts, NAME, () => `${restarts} restarts by ${where}`);
    },
  };
}

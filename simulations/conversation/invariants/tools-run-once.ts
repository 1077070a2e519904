/** A tool that must not run twice is begun once in a turn at most; one that goes by its key has the same key each time. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "tools-run-once";

export function toolsRunOnce(): Invariant {
  const begun = new Map<string, { readonly key: string; readonly by: string }>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "tool" || happening.point !== "begun") return;
      const { tool, of, key, by } = happening;
      const name = `${tool} ${of}`;
      const before = begun.get(name);
      begun.set(name, { key, by });
      if (before === undefined) return;
      demand(tool !== "press", NAME, () => `${name} was begun by ${before.by}, and again by ${by}`);
      demand(before.key === key, NAME, () => `${name} was begun by ${before.by} and by ${by} under different keys`);
    },
  };
}

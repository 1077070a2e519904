/** Replicas of one cluster that have applied as much hold the same, byte for byte. */
import { createHash } from "node:crypto";
import { demand } from "../../kit/violation.ts";
import type { Replica, Invariant } from "../chronicle.ts";
import type { Library } from "../library.ts";

const NAME = "replicas-agree";
/** To write a state out takes longer than most of what happens. */
const EVERY = 4;

export function replicasAgree(library: Library): Invariant {
  const digests = new Map<string, { readonly life: string; readonly digest: string }>();
  const compare = ({ cluster, life, state }: Replica, every: number): void => {
    if (state.index % every !== 0 || state.index === 0) return;
    const hash = createHash("sha256");
    for (const chunk of library.snapshotOf(state)) hash.update(chunk);
    const digest = hash.digest("hex");
    const key = `${cluster}/${state.index}`;
    const known = digests.get(key) ?? { life, digest };
    digests.set(key, known);
    demand(known.digest === digest, NAME, () => `${known.life} and ${life} hold different states at ${state.index}`);
  };
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "replica") compare(happening.replica, EVERY);
      if (happening.type === "healed") for (const { replica } of happening.peers) if (replica) compare(replica, 1);
    },
  };
}

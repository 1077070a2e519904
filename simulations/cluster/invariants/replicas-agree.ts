/**
 * Replicas of one cluster that have applied as much hold the same, in all parts: also what was restored from a snapshot, whatever that
 * leaves out.
 */
import { createHash } from "node:crypto";
import { demand } from "../../kit/violation.ts";
import type { Replica, Invariant } from "../chronicle.ts";

const NAME = "replicas-agree";
/** To look through a whole state takes longer than most of what happens. */
const EVERY = 16;

export function replicasAgree(): Invariant {
  const digests = new Map<string, { readonly life: string; readonly digest: string }>();
  const compare = ({ cluster, life, state }: Replica, every: number): void => {
    if (state.index % every !== 0 || state.index === 0) return;
    const digest = digestOf(state);
    const key = `${cluster}/${state.index}`;
    const first = digests.get(key) ?? { life, digest };
    digests.set(key, first);
    demand(first.digest === digest, NAME, () => `${first.life} and ${life} hold different states at ${state.index}`);
  };
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "replica") compare(happening.replica, EVERY);
      if (happening.type === "healed") for (const { replica } of happening.peers) if (replica) compare(replica, 1);
    },
  };
}

/** Values in a state never change: what was looked at once needs not be again. */
const known = new WeakMap<object, string>();

/** Whatever it is made of, field by field: not by way of the package's own snapshot, which may be what is wrong. */
function digestOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
  const digest = known.get(value) ?? createHash("sha256").update(contentsOf(value)).digest("hex");
  known.set(value, digest);
  return digest;
}

function contentsOf(value: object): string | Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return JSON.stringify(["list", ...value.map(digestOf)]);
  if (isOrdered(value)) return JSON.stringify([...value.range()].map(([key, each]) => [key, digestOf(each)]));
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted.map(([name, each]) => [name, digestOf(each)])));
}

function isOrdered(value: object): value is { range(): Iterable<readonly [string, unknown]> } {
  return "range" in value && typeof value.range === "function";
}

/** What the owner's policy says of a service. Read once for each policy and service: a thousand of them are looked at again and again. */
import type { Capability } from "./advert.ts";
import type { Entry, Standing } from "./entry.ts";
import { policyFor, type CapabilityPolicy, type Policy, type Target } from "./policy.ts";

/** What holds for one capability, made ready. */
export interface ReadPolicy {
  readonly localOnly: boolean;
  readonly preferredOnly: boolean;
  readonly patienceMs: number | undefined;
  readonly prefer: readonly Aim[];
  readonly weights: readonly (readonly [Aim, number])[];
}

const NONE: ReadPolicy = readyOf({});
const INDIFFERENT: Standing = { tier: 0, weight: 1 };

const read = new WeakMap<Policy, Map<Capability, ReadPolicy>>();

/** The same for the same policy: a policy that was given to a decision must not be changed. */
export function policyRead(policy: Policy | undefined, capability: Capability): ReadPolicy {
  if (policy === undefined) return NONE;
  const known = read.get(policy) ?? new Map<Capability, ReadPolicy>();
  read.set(policy, known);
  const ready = known.get(capability) ?? readyOf(policyFor(policy, capability));
  known.set(capability, ready);
  return ready;
}

export function standingOf(policy: ReadPolicy, entry: Entry, self: string): Standing {
  if (policy.prefer.length === 0 && policy.weights.length === 0) return INDIFFERENT;
  const { memo } = entry;
  if (memo.policy !== policy || memo.self !== self || memo.standing === undefined) {
    memo.policy = policy;
    memo.self = self;
    memo.standing = found(policy, entry, self);
  }
  return memo.standing;
}

function found({ prefer, weights }: ReadPolicy, entry: Entry, self: string): Standing {
  const at = prefer.findIndex((aim) => isMeant(aim, entry, self));
  let weight = 1;
  for (const [aim, factor] of weights) if (isMeant(aim, entry, self)) weight *= factor;
  return { tier: at === -1 ? prefer.length : at, weight };
}

function readyOf({ localOnly, preferredOnly, patienceMs, prefer, weights }: CapabilityPolicy): ReadPolicy {
  return {
    localOnly: localOnly === true,
    preferredOnly: preferredOnly === true,
    patienceMs,
    prefer: (prefer ?? []).map(aimOf),
    weights: Object.entries(weights ?? {}).map(([target, weight]) => [aimOf(target), weight]),
  };
}

/** A target of the policy, read once. */
export interface Aim {
  readonly target: Target;
  readonly by: "here" | "elsewhere" | "tag" | "model" | "name";
  /** In lower case, without what says how it is meant. */
  readonly wanted: string;
}

function aimOf(target: Target): Aim {
  const lower = target.toLowerCase();
  if (lower === "here" || lower === "elsewhere") return { target, by: lower, wanted: lower };
  for (const by of ["tag", "model"] as const) {
    if (lower.startsWith(`${by}:`)) return { target, by, wanted: lower.slice(by.length + 1) };
  }
  return { target, by: "name", wanted: lower };
}

/** Whether the policy means a service, for a router on the peer `self`. */
export function isMeant({ target, by, wanted }: Aim, { advert, name, hardware, model }: Entry, self: string): boolean {
  switch (by) {
    case "here":
      return advert.peer === self;
    case "elsewhere":
      return advert.peer !== self;
    case "tag":
      return hardware.has(wanted);
    case "model":
      return isModel(model, wanted);
    case "name":
      return name === wanted || advert.peer === target;
  }
}

/** Whether a service's model is the one that is asked for; both in lower case. A name without a tag means any. */
export function isModel(model: string, wanted: string): boolean {
  return (
    model === wanted || model.endsWith(`:${wanted}`) || model.startsWith(`${wanted}:`) || model.includes(`:${wanted}:`)
  );
}

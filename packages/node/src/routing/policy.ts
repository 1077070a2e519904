/**
 * What the owner of a house wants of its router, for each capability: who is to do the work, who rather, and that nothing of it
 * leaves the host. One JSON value under one key of the replicated settings, checked here.
 */
import { CAPABILITIES, type Capability } from "./advert.ts";

/** The key among the replicated settings. */
export const POLICY_SETTING = "routing/policy";

/**
 * Who is meant: a peer's name or id; `here` and `elsewhere`, seen from the peer that was asked; `tag:gpu`, whoever has that
 * hardware; `model:llama3`, whoever offers that model.
 */
export type Target = string;

export interface CapabilityPolicy {
  /** Privacy: nothing of it ever leaves the host that was asked, whatever the request says. */
  readonly localOnly?: boolean;
  /** Who does it if they can begin in time, in this order; behind them everybody else. */
  readonly prefer?: readonly Target[];
  /** Nobody but those under `prefer`. */
  readonly preferredOnly?: boolean;
  /** 2 counts as twice as fast, 0.5 as half as fast. Where several fit they multiply. */
  readonly weights?: Readonly<Record<Target, number>>;
  /** When an interactive job has to have begun. */
  readonly patienceMs?: number;
}

/** `*` holds for every capability that says nothing itself, item by item. */
export type Policy = Readonly<Partial<Record<Capability | "*", CapabilityPolicy>>>;

/** As long as a value of the replicated settings may be. */
const MOST_CHARS = 4_096;
const MOST_TARGETS = 64;
const TARGET_CHARS = 128;
const WEIGHTS = { least: 0.01, most: 100 };
const MOST_PATIENCE_MS = 3_600_000;

export type PolicyReading =
  | { readonly ok: true; readonly policy: Policy }
  /** One sentence for each thing that is wrong. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the setting's value; without one there is no policy. Never throws. */
export function parsePolicy(text: string | undefined): PolicyReading {
  if (text === undefined) return { ok: true, policy: {} };
  if (text.length > MOST_CHARS) return failed(`the policy is longer than ${MOST_CHARS} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failed("the policy is no JSON");
  }
  return readPolicy(value);
}

/** Checks a policy that was read from JSON. Never throws. */
export function readPolicy(value: unknown): PolicyReading {
  if (!isRecord(value)) return failed("a policy is an object with a capability for each key");
  const problems: string[] = [];
  const policy: Partial<Record<Capability | "*", CapabilityPolicy>> = {};
  for (const [key, part] of Object.entries(value)) {
    const capability = CAPABILITIES.find((each) => each === key) ?? (key === "*" ? key : undefined);
    if (capability === undefined) problems.push(`"${shown(key)}" is no capability: ${CAPABILITIES.join(", ")} or *`);
    else policy[capability] = readPart(capability, part, problems);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, policy };
}

/** As it is written to the settings. */
export function formatPolicy(policy: Policy): string {
  return JSON.stringify(policy);
}

/** What holds for `capability`. */
export function policyFor(policy: Policy | undefined, capability: Capability): CapabilityPolicy {
  return { ...policy?.["*"], ...policy?.[capability] };
}

function readPart(name: string, value: unknown, problems: string[]): CapabilityPolicy {
  if (!isRecord(value)) {
    problems.push(`"${name}" takes an object`);
    return {};
  }
  const refuse = (key: string, takes: string): undefined => {
    problems.push(`"${name}.${shown(key)}" takes ${takes}`);
    return undefined;
  };
  const part: { -readonly [Key in keyof CapabilityPolicy]: CapabilityPolicy[Key] } = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === "localOnly" || key === "preferredOnly") {
      if (typeof item === "boolean") part[key] = item;
      else refuse(key, "true or false");
    } else if (key === "prefer") {
      if (isTargets(item)) part.prefer = item;
      else refuse(key, `a list of at most ${MOST_TARGETS} names of peers, here, elsewhere, tag:… or model:…`);
    } else if (key === "weights") {
      if (isWeights(item)) part.weights = item;
      else
        refuse(
          key,
          `numbers from ${WEIGHTS.least} to ${WEIGHTS.most} by name of a peer, here, elsewhere, tag:…, model:…`,
        );
    } else if (key === "patienceMs") {
      if (isWithin(item, 0, MOST_PATIENCE_MS)) part.patienceMs = item;
      else refuse(key, `milliseconds from 0 to ${MOST_PATIENCE_MS}`);
    } else {
      problems.push(`"${name}.${shown(key)}" is unknown: localOnly, prefer, preferredOnly, weights, patienceMs`);
    }
  }
  if (part.preferredOnly === true && (part.prefer ?? []).length === 0) {
    problems.push(`"${name}.preferredOnly" without anybody in "${name}.prefer" leaves nobody`);
  }
  return part;
}

function failed(...problems: readonly string[]): PolicyReading {
  return { ok: false, problems };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTargets(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MOST_TARGETS && value.every((each) => isTarget(each));
}

function isTarget(value: unknown): boolean {
  return typeof value === "string" && value.trim().length > 0 && value.length <= TARGET_CHARS;
}

function isWeights(value: unknown): value is Readonly<Record<string, number>> {
  if (!isRecord(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MOST_TARGETS &&
    entries.every(([key, weight]) => isTarget(key) && isWithin(weight, WEIGHTS.least, WEIGHTS.most))
  );
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && value >= least && value <= most;
}

function shown(key: string): string {
  return key.length > 40 ? `${key.slice(0, 40)}…` : key;
}

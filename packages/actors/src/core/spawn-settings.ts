/** What spawn options may say, and what holds where they say nothing. */
import { ActorError, mustBeOneOf, textOf } from "../errors.ts";
import { RESTART_POLICIES, type RestartPolicy } from "../supervision/spec.ts";
import { isActorName } from "./address.ts";
import type { SpawnOptions } from "./behavior.ts";
import { mustBeTimeout } from "./deadlines.ts";
import type { Runtime } from "./runtime.ts";

const DEFAULT_STASH = 1000;

/** The name that was wanted, or one by number that nobody can want. @throws ActorError `bad-option` */
export function nameOf(wanted: string | undefined, incarnation: number): string {
  if (wanted === undefined) return `$${incarnation.toString(36)}`;
  if (isActorName(wanted) && !wanted.startsWith("$")) return wanted;
  throw new ActorError("bad-option", `an actor cannot be called ${JSON.stringify(textOf(wanted).slice(0, 200))}`);
}

/** @throws ActorError `bad-option` */
export function restartOf({ restart = "transient" }: Pick<SpawnOptions<never>, "restart">): RestartPolicy {
  return mustBeOneOf(RESTART_POLICIES, restart, "restart");
}

/** What cannot be called would only show so later, again and again. @throws ActorError `bad-option` */
export function mustBeFunction<Wanted>(value: Wanted, what: string): Wanted {
  if (typeof value === "function") return value;
  throw new ActorError("bad-option", `${what} is a function, not ${textOf(value)}`);
}

/** @throws ActorError `bad-option` */
export function stashCapacityOf({ stashCapacity = DEFAULT_STASH }: Pick<SpawnOptions<never>, "stashCapacity">): number {
  if (Number.isSafeInteger(stashCapacity) && stashCapacity >= 0) return stashCapacity;
  throw new ActorError("bad-option", `a stash holds a whole number of messages, not ${textOf(stashCapacity)}`);
}

/** @throws ActorError `bad-option` */
export function stopTimeoutOf(
  { stopTimeoutMs }: Pick<SpawnOptions<never>, "stopTimeoutMs">,
  { stopTimeoutMs: usual }: Pick<Runtime, "stopTimeoutMs">,
): number {
  return mustBeTimeout(stopTimeoutMs ?? usual, "stopTimeoutMs");
}

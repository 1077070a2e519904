/** What spawn options may say, and what holds where they say nothing. */
import { ActorError } from "../errors.ts";
import { isActorName } from "./address.ts";
import type { SpawnOptions } from "./behavior.ts";
import { mustBeTimeout } from "./deadlines.ts";
import type { Runtime } from "./runtime.ts";

const DEFAULT_STASH = 1000;

/** The name that was wanted, or one by number that nobody can want. @throws ActorError `bad-option` */
export function nameOf(wanted: string | undefined, incarnation: number): string {
  if (wanted === undefined) return `$${incarnation.toString(36)}`;
  if (isActorName(wanted) && !wanted.startsWith("$")) return wanted;
  throw new ActorError("bad-option", `an actor cannot be called ${JSON.stringify(wanted.slice(0, 200))}`);
}

/** @throws ActorError `bad-option` */
export function stashCapacityOf({ stashCapacity = DEFAULT_STASH }: Pick<SpawnOptions<never>, "stashCapacity">): number {
  if (Number.isSafeInteger(stashCapacity) && stashCapacity >= 0) return stashCapacity;
  throw new ActorError("bad-option", `a stash holds a whole number of messages, not ${stashCapacity}`);
}

/** @throws ActorError `bad-option` */
export function stopTimeoutOf(
  { stopTimeoutMs }: Pick<SpawnOptions<never>, "stopTimeoutMs">,
  { stopTimeoutMs: usual }: Pick<Runtime, "stopTimeoutMs">,
): number {
  return mustBeTimeout(stopTimeoutMs ?? usual, "stopTimeoutMs");
}

/** What became of a command, as actors want to hear it. */
import { ActorError } from "@parley/actors";
import type { Submitted } from "../consensus/shared-state.ts";

/** Of a command that was refused for good, the ActorError that says why; undefined when it was done. @throws ActorError when nobody knows. */
export function refusalOf(outcome: Submitted): ActorError | undefined {
  if (outcome.outcome === "done") return undefined;
  if (outcome.outcome === "unknown") throw new ActorError("peer-gone", outcome.detail);
  const { reason, detail } = outcome;
  if (reason === "stale-term" || reason === "stale-epoch") return new ActorError(reason, detail);
  if (reason === "full" || reason === "too-large") return new ActorError("too-large", detail);
  if (reason === "no-quorum" || reason === "overloaded" || reason === "stopped") {
    throw new ActorError("peer-gone", detail);
  }
  return new ActorError("bad-message", detail);
}

/** `promise`, or ActorError `cancelled` as soon as the signal says so. */
export async function unlessCancelled<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const cancelled = (): ActorError => new ActorError("cancelled", "nobody waits for it any more");
  if (signal.aborted) throw cancelled();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(cancelled());
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

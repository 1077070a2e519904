/** An actor as its supervisor handles it. */
import type { ActorError } from "../errors.ts";
import type { LifecycleState } from "../supervision/lifecycle-state.ts";
import type { RestartPolicy } from "../supervision/spec.ts";
import type { ActorRef, TerminationReason } from "./ref.ts";

/** It reports back when it is cleared, and when it is gone. */
export interface Child {
  readonly name: string;
  readonly ref: ActorRef<never>;
  readonly path: string;
  readonly restart: RestartPolicy;
  readonly state: LifecycleState;
  /** Puts the old life away and waits for {@link resume}. */
  clear(): void;
  resume(): void;
  /** @param finishWithinMs how long the message at hand may go on before its life ends under it. Default 0 */
  stop(reason: TerminationReason, error: ActorError | undefined, finishWithinMs?: number): void;
  /** Calls `watcher` once it has ended for good. */
  watch(watcher: { terminated(): void }): void;
  /** Ends at once, and leaves behind what does not. */
  abandon(error: ActorError): void;
}

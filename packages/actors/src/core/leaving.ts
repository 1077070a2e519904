/** The end of a life that is under way: the actor's own hook, which runs once, and the time that all of it may take. */
import type { Actor } from "./behavior.ts";
import type { Clock, Timer } from "./ports.ts";
import { isThenable } from "./thenable.ts";

export class Leaving {
  readonly #reason: "stop" | "restart";
  #hasHookRun = false;
  #timer: Timer | undefined;

  constructor(reason: "stop" | "restart") {
    this.#reason = reason;
  }

  /** @returns what to wait for. Throws what the hook throws */
  runHook(actor: Actor<unknown> | undefined): PromiseLike<void> | undefined {
    if (this.#hasHookRun) return undefined;
    this.#hasHookRun = true;
    const pending = actor?.onStop?.(this.#reason);
    return pending !== undefined && isThenable(pending) ? pending : undefined;
  }

  /** There is no time left for it. */
  skipHook(): void {
    this.#hasHookRun = true;
  }

  /** Calls `late` unless it is over by then. */
  limit(clock: Clock, timeoutMs: number, late: () => void): void {
    this.#timer = clock.after(timeoutMs, late);
  }

  over(): void {
    this.#timer?.cancel();
  }
}

/** Time that passes for one life of a host. */
import type { Life } from "./host.ts";

/** Fulfilled after a while by the clock of `life`; never when that is over. */
export function waitIn({ clock }: Life, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

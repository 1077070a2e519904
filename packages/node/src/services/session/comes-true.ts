/** Waits for something that others bring about, and not for long. */
import { systemClock, type Clock } from "@parley/actors";

export interface ComesTrueOptions {
  readonly withinMs: number;
  /** Calls `changed` whenever it may have come about. @returns what ends that */
  readonly watch: (changed: () => void) => () => void;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** Whether it has come about in time. */
export async function comesTrue(
  condition: () => boolean,
  { withinMs, watch, clock = systemClock() }: ComesTrueOptions,
): Promise<boolean> {
  if (condition()) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const stop = watch(() => {
    if (condition()) resolve(true);
  });
  const timer = clock.after(withinMs, () => resolve(false));
  const came = await promise;
  stop();
  timer.cancel();
  return came;
}

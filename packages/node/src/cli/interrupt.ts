/** Ctrl-C in a command that runs to an end by itself. */
import { PeerError } from "../errors.ts";

/**
 * Runs `body` with a signal that Ctrl-C aborts.
 * @throws PeerError `interrupted` with `nextStep` when it was, else what `body` throws.
 */
export async function withInterrupt(nextStep: string, body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort(new PeerError("interrupted", "interrupted", { nextStep }));
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  try {
    await body(interrupt.signal);
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

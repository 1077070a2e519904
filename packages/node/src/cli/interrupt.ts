/** Ctrl-C, a kill and a closed terminal, in a command that runs to an end by itself. */
import { PeerError } from "../errors.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `body` with a signal that Ctrl-C aborts, as do SIGTERM and SIGHUP.
 * @throws PeerError `interrupted` with `nextStep` when it was, else what `body` throws.
 */
export async function withInterrupt(nextStep: string, body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort(new PeerError("interrupted", "interrupted", { nextStep }));
  for (const each of SIGNALS) process.once(each, onInterrupt);
  try {
    await body(interrupt.signal);
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    for (const each of SIGNALS) process.off(each, onInterrupt);
  }
}

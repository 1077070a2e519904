/** Ctrl-C, a kill and a closed terminal, in a command that runs to an end by itself. */
import { PeerError } from "../errors.ts";

/** npm sends again what the terminal has sent already: it is no second Ctrl-C. */
const ECHO_MS = 1_000;
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

/**
 * Runs `body`, which puts right what it has done before it ends, also after Ctrl-C: only a second one, later than an echo of the first, ends
 * the process at once. For use within {@link withInterrupt}.
 */
export async function withPatience<T>(body: () => Promise<T>): Promise<T> {
  let firstMs: number | undefined;
  const onSignal = (): void => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    if (nowMs - firstMs > ECHO_MS) process.exit(130);
  };
  for (const each of SIGNALS) process.on(each, onSignal);
  try {
    return await body();
  } finally {
    for (const each of SIGNALS) process.off(each, onSignal);
  }
}

/** Starts an engine in a child process and answers for its life: health, memory ceiling, end. */
import { AudioError } from "../../errors.ts";
import { HostProcess } from "./host-process.ts";
import type { EngineHost, EngineHostOptions } from "./contracts.ts";

/**
 * Starts a host and resolves when its engine is ready.
 * @throws AudioError `engine-start-failed`, or what the engine's module threw (`model-missing`, `model-corrupt`,
 * `input-refused`), `engine-out-of-memory`, `job-cancelled` or `job-timed-out` when `signal` ended it.
 */
export async function startEngineHost(options: EngineHostOptions): Promise<EngineHost> {
  const { signal, name } = options;
  if (signal?.aborted === true) throw gaveUp(name, signal);
  const host = new HostProcess(options);
  const giveUp = () => host.kill(gaveUp(name, signal));
  const timer = setTimeout(() => host.kill(startTimedOut(options)), startTimeoutMs(options));
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await host.ready;
    return host;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function startTimeoutMs(options: EngineHostOptions): number {
  return options.startTimeoutMs ?? 120_000;
}

function startTimedOut(options: EngineHostOptions): AudioError {
  const timeoutMs = startTimeoutMs(options);
  return new AudioError("engine-start-failed", `${options.name}: the engine was not ready within ${timeoutMs} ms`, {
    nextStep: "Close other programs, choose a smaller model, or allow a longer start.",
    details: { host: options.name, timeoutMs },
  });
}

function gaveUp(name: string, signal: AbortSignal | undefined): AudioError {
  const reason: unknown = signal?.reason;
  const timedOut = reason instanceof Error && reason.name === "TimeoutError";
  return new AudioError(timedOut ? "job-timed-out" : "job-cancelled", `${name}: starting the engine was given up`, {
    nextStep: timedOut ? "Allow a longer start." : "Nothing to do: the caller asked for it.",
    details: { host: name },
    cause: reason,
  });
}

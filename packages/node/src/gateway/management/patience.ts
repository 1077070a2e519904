/** How long a request for something that needs other peers, or people, is kept waiting. */
import type { FastifyReply } from "fastify";
import { PeerError } from "../../errors.ts";

/**
 * Runs `work` for `timeoutMs` at most. Its signal is aborted, with `late` as the reason, when that is over, or with the
 * connection's end when whoever asked has gone.
 */
export async function patiently<T>(
  reply: FastifyReply,
  timeoutMs: number,
  late: Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(late), timeoutMs);
  const onClose = (): void => ending.abort(gone());
  reply.raw.once("close", onClose);
  try {
    return await work(ending.signal);
  } finally {
    clearTimeout(timer);
    reply.raw.off("close", onClose);
  }
}

function gone(): PeerError {
  return new PeerError("interrupted", "whoever asked has gone", { nextStep: "Ask again, and wait for the answer." });
}

/** What `work` gives; undefined when it takes longer than `timeoutMs`, and goes on. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asking the cluster to let a newcomer in, with a deadline and an answer that the newcomer may see. */
import { isPeerError, messageOf, PeerError } from "../../../errors.ts";
import { MAX_WELCOME_BYTES, type Refused, type Verdict } from "../protocol/messages.ts";

/**
 * What became of what `ask` asks of the cluster, after `timeoutMs` at the latest. Never throws: what is not known for sure is
 * `unknown`.
 */
export async function verdictOf(
  ask: (signal: AbortSignal) => Promise<Uint8Array>,
  { timeoutMs, closing }: { readonly timeoutMs: number; readonly closing: AbortSignal },
): Promise<Verdict> {
  const deadline = AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]);
  try {
    const welcome = await beforeAbort(ask(deadline), deadline);
    if (welcome.length === 0 || welcome.length > MAX_WELCOME_BYTES) {
      return { outcome: "unknown", reason: `the cluster's welcome has ${welcome.length} bytes` };
    }
    return { outcome: "welcome", welcome };
  } catch (error) {
    const isRefused = isPeerError(error, "admission-refused");
    return { outcome: isRefused ? "refused" : "unknown", reason: shown(error) };
  }
}

/** The verdict as a refusal, for who is not welcome. */
export function refusalOf({ outcome, reason }: Exclude<Verdict, { outcome: "welcome" }>): Omit<Refused, "type"> {
  return { code: outcome === "refused" ? "admission-refused" : "admission-unknown", reason };
}

/** What `promise` gives. @throws PeerError `peer-silent` when `signal` is aborted first, or the error it was aborted with. */
export function beforeAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(isPeerError(signal.reason) ? signal.reason : noAnswer(signal.reason));
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", stop));
}

function noAnswer(cause: unknown): PeerError {
  return new PeerError("peer-silent", "there was no answer in time", { nextStep: "Try again.", cause });
}

/** One line, as messages carry it. */
function shown(error: unknown): string {
  const text = messageOf(error).replaceAll(/[\p{Cc}\p{Bidi_Control}]+/gu, " ");
  return text.slice(0, 256) || "no reason was given";
}

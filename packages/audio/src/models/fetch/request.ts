import { throwIfAborted } from "./file-errors.ts";
import type { FetchLimits } from "./limits.ts";
import { retryAfterMs } from "./limits.ts";
import type { Dispatcher } from "./network.ts";

/** An answer that will not get better by asking again, or one that may. */
export type Refusal =
  | { readonly kind: "hopeless"; readonly reason: string; readonly status?: number }
  | { readonly kind: "again"; readonly reason: string; readonly afterMs?: number };

/** A running answer and its stall alarm. */
export interface Answer {
  readonly kind: "answer";
  readonly response: Response;
  /** The body in pieces. Ends early with a {@link Refusal} when the connection breaks or goes silent. */
  read(onChunk: (chunk: Uint8Array) => Promise<void>): Promise<Refusal | undefined>;
  /** Hangs up. */
  cancel(): void;
}

/** How to ask. */
export interface RequestOptions {
  readonly limits: FetchLimits;
  readonly signal: AbortSignal;
  /** The way through a proxy. */
  readonly dispatcher?: Dispatcher | undefined;
}

const TRY_LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * GET with deadlines: for the headers, and for every silence in the body. Never rejects for a network failure.
 * @throws AudioError `job-cancelled` or `job-timed-out` when `signal` is aborted.
 */
export async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  { limits, signal, dispatcher }: RequestOptions,
): Promise<Answer | Refusal> {
  const hangUp = new AbortController();
  const abort = AbortSignal.any([signal, hangUp.signal]);
  let alarm = setTimeout(() => hangUp.abort(), limits.connectTimeoutMs);
  const failed = (error: unknown, silentMs: number): Refusal => {
    throwIfAborted(signal, `fetching ${url}`);
    return { kind: "again", reason: hangUp.signal.aborted ? `silent for ${silentMs / 1000} s` : networkReason(error) };
  };
  let response: Response;
  try {
    // Identity: the sizes and ranges the catalogue speaks of are those of the file itself.
    response = await fetch(url, {
      headers: { "accept-encoding": "identity", ...headers },
      signal: abort,
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
  } catch (error) {
    return failed(error, limits.connectTimeoutMs);
  } finally {
    clearTimeout(alarm);
  }
  if (!response.ok && response.status !== 416) {
    hangUp.abort();
    return refusalOf(response, limits);
  }
  return {
    kind: "answer",
    response,
    cancel: () => hangUp.abort(),
    async read(onChunk) {
      const body: AsyncIterator<Uint8Array> | undefined = response.body?.[Symbol.asyncIterator]();
      if (body === undefined) return undefined;
      for (;;) {
        // Armed only while waiting for the network: a slow disk is not a silent server.
        alarm = setTimeout(() => hangUp.abort(), limits.idleTimeoutMs);
        let next: IteratorResult<Uint8Array>;
        try {
          next = await body.next();
        } catch (error) {
          return failed(error, limits.idleTimeoutMs);
        } finally {
          clearTimeout(alarm);
        }
        if (next.done === true) return undefined;
        await onChunk(next.value);
      }
    },
  };
}

function refusalOf(response: Response, limits: FetchLimits): Refusal {
  const reason = `answered ${response.status}${response.statusText === "" ? "" : ` ${response.statusText}`}`;
  if (!TRY_LATER.has(response.status)) return { kind: "hopeless", reason, status: response.status };
  const asked = retryAfterMs(response.headers.get("retry-after"), Date.now());
  return asked === undefined
    ? { kind: "again", reason }
    : { kind: "again", reason, afterMs: Math.min(asked, limits.maxRetryAfterMs) };
}

/** `fetch failed` says nothing; its cause does. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  if (!(cause instanceof Error)) return error.message;
  return "code" in cause && typeof cause.code === "string" ? `${cause.code} ${cause.message}`.trim() : cause.message;
}

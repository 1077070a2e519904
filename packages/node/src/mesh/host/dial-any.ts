/** Dials several addresses of one peer: the next begins when the one before failed or takes long (RFC 8305's idea). */
import { codeOf, messageOf, PeerError } from "../../errors.ts";

/** An address is given this start before the next one is tried beside it. */
const HEAD_START_MS = 150;

export interface DialAnyOptions<Result> {
  /** The best first; at least one. */
  readonly addresses: readonly string[];
  readonly attempt: (address: string, signal: AbortSignal) => Promise<Result>;
  /** Called with what came too late to be of use. */
  readonly discard: (late: Result) => void;
  readonly signal: AbortSignal;
}

/**
 * The first that succeeds.
 * @throws PeerError `unreachable` when all have failed or `signal` was aborted; {@link refusedBy} reads it.
 */
export function dialAny<Result>({ addresses, attempt, discard, signal }: DialAnyOptions<Result>): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const underWay = new Set<AbortController>();
  const failures: { readonly address: string; readonly error: unknown }[] = [];
  let begun = 0;
  let isSettled = false;
  let headStart: NodeJS.Timeout | undefined;
  const settle = (end: () => void): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(headStart);
    signal.removeEventListener("abort", giveUp);
    end();
    for (const other of underWay) other.abort();
  };
  const giveUp = (): void => settle(() => reject(failure(addresses, failures, signal.reason)));
  const startNext = (): void => {
    clearTimeout(headStart);
    const address = addresses[begun];
    if (isSettled || address === undefined) return;
    begun += 1;
    headStart = setTimeout(startNext, HEAD_START_MS);
    // One for each: libp2p holds a connection that came about to its signal.
    const control = new AbortController();
    underWay.add(control);
    attempt(address, control.signal).then(
      (result) => {
        underWay.delete(control);
        if (isSettled) discard(result);
        else settle(() => resolve(result));
      },
      (error: unknown) => {
        underWay.delete(control);
        failures.push({ address, error });
        if (failures.length === addresses.length) settle(() => reject(failure(addresses, failures, error)));
        else startNext();
      },
    );
  };
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted || addresses.length === 0) giveUp();
  else startNext();
  return promise;
}

/** The addresses of a failed dial whose hosts answered that nobody listens there (ECONNREFUSED). */
export function refusedBy(error: unknown): readonly string[] {
  const refused = error instanceof PeerError ? error.details["refused"] : undefined;
  return typeof refused === "string" && refused !== "" ? refused.split(" ") : [];
}

function failure(
  addresses: readonly string[],
  failures: readonly { readonly address: string; readonly error: unknown }[],
  cause: unknown,
): PeerError {
  const refused = failures.filter(({ error }) => codeOf(error) === "ECONNREFUSED").map(({ address }) => address);
  const where = addresses.length === 0 ? "no address is known" : `tried ${addresses.join(", ")}`;
  return new PeerError("unreachable", `a peer cannot be reached: ${where} (${messageOf(cause)})`, {
    nextStep: "Check that the peer runs and that both hosts are on one network.",
    details: { refused: refused.join(" ") },
    cause,
  });
}

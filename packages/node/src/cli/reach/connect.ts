/** A client of a peer for as long as a command runs. */
import { connect, ParleyError, type ParleyClient } from "@parley/sdk";
import { isPeerError } from "../../errors.ts";
import { askHttp } from "./http.ts";
import type { Target } from "./target.ts";
import { refusedBy } from "./why.ts";

export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether the work goes on at another peer of the house when this one is lost. */
  readonly movesOn?: boolean | undefined;
  /** A session of the same account to go on with. */
  readonly session?: string | undefined;
}

const PROBE_MS = 5_000;

/** @throws ParleyError of the peer's refusal; `cannot-connect`; PeerError `unreachable`, `peer-untrusted` where a person has named it */
export async function connectTo(
  target: Target,
  { signal, movesOn = false, session }: ConnectOptions = {},
): Promise<ParleyClient> {
  const { address, token, ca, home } = target;
  try {
    return await connect({
      url: address.socket,
      token,
      // Elsewhere another machine's command may have the same number.
      clientId: home === undefined ? `cli-${crypto.randomUUID()}` : `cli-${process.pid}`,
      passing: true,
      ...(session === undefined ? {} : { continue: session }),
      ...(movesOn ? {} : { reconnect: false }),
      ...(signal === undefined ? {} : { signal }),
      ...(ca === undefined ? {} : { openSocket: await trusting(ca) }),
    });
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error;
    if (error.code === "refused") throw refusedBy(target, error);
    if (error.code === "cannot-connect" && home === undefined) await sayWhy(target);
    throw error;
  }
}

async function trusting(ca: readonly string[]) {
  const { trustingSockets } = await import("@parley/sdk/node");
  return trustingSockets({ ca });
}

/** A WebSocket does not say what was wrong with its connection; HTTP to the same port does. */
async function sayWhy(target: Target): Promise<void> {
  try {
    await askHttp(target, { method: "GET", path: "/health", signal: AbortSignal.timeout(PROBE_MS) });
  } catch (error) {
    // Else what the client has found has to do.
    if (isPeerError(error)) throw error;
  }
}

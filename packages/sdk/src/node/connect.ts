/** Connecting on Node: peers are found on the LAN, and a house's own certificate authority is trusted. */
import { connect as connectAnywhere, type ParleyClient } from "../client/client.ts";
import type { ConnectOptions as AnywhereOptions, Discover } from "../client/link/options.ts";
import { discoverPeers } from "./discover.ts";
import { trustingSockets, type TrustOptions } from "./sockets.ts";

/** Options of {@link connect}. */
export interface NodeConnectOptions extends Omit<AnywhereOptions, "discover">, TrustOptions {
  /** `true`: peers on the LAN are looked for by DNS-SD. Of what is found only TLS, and this machine's own peers, are used. */
  readonly discover?: boolean | Discover;
}

/**
 * As `connect` of `@parley/sdk`.
 * @throws ParleyError as there; `cannot-connect` also when `ca` is given and the package `ws` is not there
 */
export async function connect({ discover, ca, ...options }: NodeConnectOptions): Promise<ParleyClient> {
  const search = discover === true ? discoverPeers() : discover;
  const openSocket = options.openSocket ?? (ca === undefined ? undefined : await trustingSockets({ ca }));
  return connectAnywhere({
    ...options,
    ...(openSocket === undefined ? {} : { openSocket }),
    ...(search === undefined || search === false ? {} : { discover: search }),
  });
}

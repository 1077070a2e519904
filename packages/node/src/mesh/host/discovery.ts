/**
 * Peers that show themselves on the LAN by mDNS. Not given to libp2p as its discovery: that would write every name that
 * anybody calls out into its peer store, and tell of each only once.
 */
import { mdns } from "@libp2p/mdns";
import type { PeerDiscovery, PeerInfo, Startable } from "@libp2p/interface";
import type { Inside } from "./guard.ts";
import { MAX_ADDRESS_LENGTH, plainAddress } from "./addresses.ts";

const MAX_ADDRESSES = 16;

/** Somebody says that `peer` can be reached there. Nothing of it is proven. Comes again and again. */
export type OnDiscovered = (peer: string, addresses: readonly string[]) => void;

export interface DiscoveryOptions {
  readonly onDiscovered: OnDiscovered;
  /** Default 10,000. */
  readonly intervalMs?: number;
  /** The name peers look for; default libp2p's. */
  readonly serviceTag?: string;
}

/** Begins to look and to be seen. */
export async function startDiscovery(inside: Inside, options: DiscoveryOptions): Promise<{ close(): Promise<void> }> {
  const discovery: PeerDiscovery & Partial<Startable> = mdns({
    ...(options.intervalMs === undefined ? {} : { interval: options.intervalMs }),
    ...(options.serviceTag === undefined ? {} : { serviceTag: options.serviceTag }),
  })(inside);
  const found = ({ detail }: CustomEvent<PeerInfo>): void => {
    const addresses = detail.multiaddrs
      .slice(0, MAX_ADDRESSES)
      .map(plainAddress)
      .filter((address) => address.length <= MAX_ADDRESS_LENGTH);
    if (addresses.length > 0) options.onDiscovered(detail.id.toString(), addresses);
  };
  discovery.addEventListener("peer", found);
  await discovery.start?.();
  return {
    async close() {
      discovery.removeEventListener("peer", found);
      await discovery.stop?.();
    },
  };
}

/** Peers on the LAN, for clients on Node. */
import { isIPv6 } from "node:net";
import type { Discover } from "../client/link/options.ts";
import { startBrowser, type Browser, type BrowserOptions } from "./dns-sd/browser.ts";
import type { FoundService } from "./dns-sd/service-cache.ts";

/** A peer that was found. All of it is its word only: its certificate is what proves it. */
export interface FoundPeer {
  readonly name: string | undefined;
  readonly peerId: string | undefined;
  /** The house that it belongs to; undefined while it belongs to none. */
  readonly clusterId: string | undefined;
  readonly version: string | undefined;
  /** Where clients reach it, IPv4 first: TLS, but for this machine itself. */
  readonly urls: readonly string[];
}

/** Options of {@link discoverPeers}. */
export interface DiscoverOptions {
  /** Only peers of this house. */
  readonly clusterId?: string;
  /** An interface cannot be used for multicast. */
  readonly onTrouble?: (error: Error) => void;
  /** Looks; DNS-SD when absent. */
  readonly browse?: (options: BrowserOptions) => Browser;
}

/** Peers that may wait to be looked at. */
const MOST_WAITING = 256;

/** Peers as they are found, until `signal` aborts. One that changes comes again. */
export async function* findPeers(signal: AbortSignal, options: DiscoverOptions = {}): AsyncGenerator<FoundPeer> {
  const { clusterId, onTrouble, browse = startBrowser } = options;
  const found: FoundPeer[] = [];
  let wake: (() => void) | undefined;
  const onFound = (service: FoundService): void => {
    const peer = peerOf(service);
    if (clusterId !== undefined && peer.clusterId !== clusterId) return;
    if (found.length < MOST_WAITING) found.push(peer);
    wake?.();
  };
  const browser = browse({ onFound, ...(onTrouble === undefined ? {} : { onTrouble }) });
  const onAbort = (): void => wake?.();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      const peer = found.shift();
      if (peer !== undefined) yield peer;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    await browser.close();
  }
}

/** For `connect({ discover: discoverPeers() })`. */
export function discoverPeers(options: DiscoverOptions = {}): Discover {
  return async function* (signal) {
    for await (const { urls } of findPeers(signal, options)) yield* urls;
  };
}

/** What a TXT record (RFC 6763, section 6) says of a peer; keys are in any case, the first of several counts. */
function peerOf({ addresses, port, txt }: FoundService): FoundPeer {
  const fields = new Map<string, string>();
  for (const pair of txt) {
    const text = new TextDecoder().decode(pair);
    const at = text.indexOf("=");
    const key = text.slice(0, at).toLowerCase();
    if (at > 0 && !fields.has(key)) fields.set(key, text.slice(at + 1));
  }
  return {
    name: fields.get("name"),
    peerId: fields.get("peer"),
    clusterId: fields.get("cluster"),
    version: fields.get("version"),
    // One that takes no clients of other machines is there for other peers alone.
    urls: fields.get("clients") === "none" ? [] : addresses.map((address) => urlOf(address, port)),
  };
}

function urlOf(address: string, port: number): string {
  const host = isIPv6(address) ? `[${address}]` : address;
  return `${/^(?:127\.|::1$)/.test(address) ? "ws" : "wss"}://${host}:${port}/ws`;
}

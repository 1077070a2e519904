/**
 * All that tells where peers may be, as one stream of sightings: a list that a person wrote, libp2p's mDNS, DNS-SD adverts.
 * Nothing of a sighting is proven; who dials finds out.
 */
import { isPeerError, messageOf } from "../../errors.ts";
import { addressOf } from "../host/addresses.ts";
import type { Advert } from "./advert.ts";
import type { Browser, BrowserOptions, FoundPeer } from "./browser.ts";
import { locate, type KnownHost, type Resolve } from "./known-hosts.ts";

/** Somebody may be there. */
export interface Sighting {
  /** Undefined when only an address is known. */
  readonly peerId: string | undefined;
  /** Multiaddrs over TCP, without the peer id. */
  readonly addresses: readonly string[];
  readonly source: "list" | "mdns" | "dns-sd";
  /** What the peer says of itself; only with DNS-SD. */
  readonly advert: Advert | undefined;
}

export interface DiscoveryOptions {
  /** This peer's own id: it does not sight itself. */
  readonly self: string;
  readonly knownHosts: readonly KnownHost[];
  readonly resolve: Resolve;
  /** Begins to browse; undefined where adverts are not looked for. */
  readonly browse: ((options: BrowserOptions) => Browser) | undefined;
  readonly onSighting: (sighting: Sighting) => void;
  /** Something that keeps a source from working, for a log. The same is not told again while it lasts. */
  readonly onTrouble?: (what: string) => void;
  /** How often names are asked for anew. Default 30 s. */
  readonly listEveryMs?: number;
  /** Monotonic, in ms. */
  readonly nowMs?: () => number;
}

export interface Discovery {
  /** mDNS of the mesh host has heard of a peer. */
  heard(peerId: string, addresses: readonly string[]): void;
  /** Looks everywhere now. */
  look(): void;
  close(): Promise<void>;
}

const LIST_EVERY_MS = 30_000;
/** The same sighting is not told again within this time: mDNS repeats itself. */
const REPEAT_AFTER_MS = 5000;
const MAX_REMEMBERED = 1024;

/** Begins to look. */
export function startDiscovery(options: DiscoveryOptions): Discovery {
  return new Sources(options);
}

class Sources implements Discovery {
  readonly #options: DiscoveryOptions;
  readonly #nowMs: () => number;
  readonly #told = new Map<string, number>();
  readonly #troubles = new Set<string>();
  readonly #browser: Browser | undefined;
  readonly #relisting: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#browser = options.browse?.({
      onFound: (peer) => this.#found(peer),
      onTrouble: (error) => this.#trouble("dns-sd", messageOf(error)),
    });
    this.#relisting = setInterval(() => this.#list(), options.listEveryMs ?? LIST_EVERY_MS);
    this.#relisting.unref();
    this.#list();
  }

  heard(peerId: string, addresses: readonly string[]): void {
    this.#tell({ peerId, addresses, source: "mdns", advert: undefined });
  }

  look(): void {
    this.#list();
    this.#browser?.look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#relisting);
    await this.#browser?.close();
  }

  #list(): void {
    for (const known of this.#options.knownHosts) void this.#locate(known);
  }

  async #locate(known: KnownHost): Promise<void> {
    const { host, peerId } = known;
    try {
      const addresses = await locate(known, this.#options.resolve);
      this.#troubles.delete(host);
      this.#tell({ peerId, addresses, source: "list", advert: undefined });
    } catch (error) {
      this.#trouble(host, `${host} cannot be found: ${messageOf(error)}`);
    }
  }

  #found({ advert, addresses }: FoundPeer): void {
    const { peerId, meshPort: port } = advert;
    if (port === undefined) return;
    this.#tell({ peerId, addresses: multiaddrs(addresses, port), source: "dns-sd", advert });
  }

  #tell(sighting: Sighting): void {
    const { peerId, addresses, source, advert } = sighting;
    if (this.#isClosed || peerId === this.#options.self || addresses.length === 0) return;
    const key = JSON.stringify([source, peerId, addresses.toSorted(), advert]);
    const nowMs = this.#nowMs();
    const toldAtMs = this.#told.get(key);
    if (toldAtMs !== undefined && nowMs - toldAtMs < REPEAT_AFTER_MS) return;
    this.#told.delete(key);
    this.#told.set(key, nowMs);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
    this.#options.onSighting(sighting);
  }

  #trouble(source: string, what: string): void {
    if (this.#isClosed || this.#troubles.has(source)) return;
    this.#troubles.add(source);
    this.#options.onTrouble?.(what);
  }
}

/** Addresses that cannot be written as such are passed over. */
function multiaddrs(hosts: readonly string[], port: number): readonly string[] {
  return hosts.flatMap((host) => {
    try {
      return [addressOf({ host, port })];
    } catch (error) {
      if (isPeerError(error, "usage")) return [];
      throw error;
    }
  });
}

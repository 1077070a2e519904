/** How a peer is found and how it finds others: what it calls out, what it listens for, whom it asks. */
import type { Logger } from "pino";
import { messageOf } from "../../errors.ts";
import { startAdvertiser, type Advertiser } from "../../mesh/discovery/advertiser.ts";
import type { Advert } from "../../mesh/discovery/advert.ts";
import { startBrowser } from "../../mesh/discovery/browser.ts";
import { startDiscovery, type Discovery } from "../../mesh/discovery/discovery.ts";
import { resolveBySystem } from "../../mesh/discovery/known-hosts.ts";
import type { DiscoveryMode } from "./options.ts";

export interface OutsideOptions {
  readonly self: string;
  readonly mode: DiscoveryMode;
  readonly log: Logger;
  /** What everybody may see now. */
  readonly advert: () => Advert;
  readonly onHeard: (peer: string | undefined, addresses: readonly string[]) => void;
}

export class Outside {
  readonly #options: OutsideOptions;
  #discovery: Discovery | undefined;
  #advertiser: Advertiser | undefined;
  #advertising: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  start(): void {
    const { self, mode, log, onHeard } = this.#options;
    this.#discovery = startDiscovery({
      self,
      knownHosts: mode.knownHosts,
      resolve: resolveBySystem,
      browse: mode.local === undefined ? undefined : startBrowser,
      onSighting: ({ peerId, addresses }) => onHeard(peerId, addresses),
      onTrouble: (what) => log.warn({ what }, "a way of finding peers does not work"),
    });
    if (mode.local !== undefined) this.#advertising = this.#advertise(mode.local.clientPort());
  }

  /** mDNS of the mesh host. */
  heard(peer: string, addresses: readonly string[]): void {
    this.#discovery?.heard(peer, addresses);
  }

  look(): void {
    this.#discovery?.look();
  }

  /** What everybody may see may have changed. */
  update(): void {
    this.#advertiser?.update(this.#advert());
  }

  #advert(): Advert {
    const { advert, mode } = this.#options;
    const { clientPort, takesClients } = mode.local ?? {};
    return clientPort?.() === undefined || takesClients?.() === false ? { ...advert(), clients: "none" } : advert();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#discovery?.close();
    await this.#advertising;
    await this.#advertiser?.close();
  }

  /** Never rejects: a peer that nobody can find on the network still works. */
  async #advertise(port: number | undefined): Promise<void> {
    const { log } = this.#options;
    const warn = (what: string): void => log.warn({ what }, "this peer is not called out on the network");
    try {
      const advertiser = await startAdvertiser({ port, advert: this.#advert(), onTrouble: warn });
      this.#advertiser = advertiser;
      if (!this.#isClosed) advertiser.update(this.#advert());
    } catch (error) {
      warn(messageOf(error));
    }
  }
}

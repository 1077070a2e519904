/** Looks for peers by DNS-SD, on every interface, and reads what they call out. */
import { startBrowser as startServiceBrowser, type Browser, type BrowserOptions as Looking } from "@parley/sdk/node";
import { readTxt, type Advert } from "./advert.ts";

export type { Browser };

/** A peer that calls itself out. All of it is its word only. */
export interface FoundPeer {
  /** Such as `kitchen._parley._tcp.local`. */
  readonly instance: string;
  readonly advert: Advert;
  /** IP addresses, IPv4 first. */
  readonly addresses: readonly string[];
  /** Where clients reach it. */
  readonly port: number;
}

export interface BrowserOptions extends Omit<Looking, "onFound"> {
  /** A peer is there, or what it says has changed. */
  readonly onFound: (peer: FoundPeer) => void;
}

/** Begins to look, and asks at once. What is no advert of a peer is passed over. */
export function startBrowser({ onFound, ...looking }: BrowserOptions): Browser {
  return startServiceBrowser({
    ...looking,
    onFound: ({ txt, ...place }) => {
      const advert = readTxt(txt);
      if (advert !== undefined) onFound({ ...place, advert });
    },
  });
}

/** How clients come in to this peer, and what it shows them: put together. */
import { hostname, networkInterfaces } from "node:os";
import type { Logger } from "pino";
import type { Cluster } from "../../cluster/face.ts";
import { clientAccessOf, type ClientAccess, type Config } from "../../config/index.ts";
import { hostLabelOf, SERVICE_TYPES } from "../../mesh/discovery/advert.ts";
import { Entry } from "../guard.ts";
import { Authorities } from "./authorities.ts";
import { Credentials } from "./credentials.ts";
import { HomeAuthority } from "./home-authority.ts";
import { namesOf } from "./names.ts";
import type { OnePortOptions } from "./one-port.ts";
import { addressesOf, trustSourceOf, type TrustSource } from "./trust.ts";

/** Asking the system for its addresses takes longer than answering most requests. */
const NAMES_HOLD_MS = 5_000;

export interface HouseTlsOptions {
  readonly config: Config;
  /** Files of the home. */
  readonly paths: { readonly authority: string; readonly caCertificate: string };
  readonly cluster: Cluster;
  /** The port that clients reach this peer at; 0 until it listens. */
  readonly port: () => number;
  readonly log: Logger;
}

/** Open until it is closed. */
export interface HouseTls {
  readonly access: ClientAccess;
  readonly entry: Entry;
  readonly credentials: OnePortOptions["credentials"];
  readonly trust: TrustSource;
  /** Where clients on other machines reach this peer, such as `https://kitchen.local:8765`; none where it keeps to its own. */
  readonly addresses: () => readonly string[];
  /** It is known whether this peer belongs to a cluster: from now on what that says counts, and all is renewed when it is due. */
  readonly begin: () => void;
  close(): Promise<void>;
}

/** Opens it. @throws PeerError `config-invalid` for a certificate of one's own that cannot be used */
export async function openHouseTls({ config, paths, cluster, port, log }: HouseTlsOptions): Promise<HouseTls> {
  const access = clientAccessOf(config);
  const home = new HomeAuthority({ path: paths.authority, publicPath: paths.caCertificate });
  const authorities = new Authorities({ home, cluster, log });
  const called = SERVICE_TYPES.map((type) => `${hostLabelOf(type, cluster.peerId)}.local`);
  const names = held(() => {
    const machine = { hostname: hostname(), interfaces: networkInterfaces() };
    return namesOf(config.name, access, machine, called);
  });
  const credentials = new Credentials({ authorities, names, name: config.name, files: config.tls, log });
  await credentials.open();
  const addresses = (): readonly string[] => (access.isLocalOnly ? [] : addressesOf(names(), port()));
  const { origins, isProxy } = access;
  let isBegun = false;
  const begin = (): void => {
    if (isBegun) return;
    isBegun = true;
    authorities.follow();
    credentials.follow();
  };
  // Who serves this machine alone is rarely asked for TLS: what it takes is looked after once it was.
  const isRarelyAsked = access.isLocalOnly && cluster.belonging === "off";
  return {
    access,
    entry: new Entry({ names, origins, isProxy }),
    credentials: {
      current: async () => {
        if (isRarelyAsked) begin();
        return credentials.current();
      },
      watch: (changed) => credentials.watch(changed),
    },
    trust: trustSourceOf({ authorities, credentials, home, addresses }),
    addresses,
    begin: () => void (isRarelyAsked || begin()),
    close: async () => {
      await credentials.close();
      await authorities.close();
    },
  };
}

function held<T>(read: () => T): () => T {
  let last: { readonly value: T; readonly untilMs: number } | undefined;
  return () => {
    if (last === undefined || performance.now() > last.untilMs) {
      last = { value: read(), untilMs: performance.now() + NAMES_HOLD_MS };
    }
    return last.value;
  };
}

/** What a peer's part in a cluster is made with. */
import type { ElectionTiming } from "@parley/raft";
import type { Logger } from "pino";
import type { Identity } from "../../mesh/identity.ts";
import type { HostAndPort } from "../../mesh/host/addresses.ts";
import type { AdvertDetails } from "../../mesh/discovery/advert.ts";
import type { KnownHost } from "../../mesh/discovery/known-hosts.ts";
import type { FormingTimes } from "../forming/words.ts";
import type { Ground } from "./ground.ts";
import type { WatchSleep } from "../sleep/watch.ts";
import type { NodeRecord } from "../state/schemas.ts";

/** What a peer says of itself to its cluster; where it is reached is added. */
export type SelfDescription = Omit<NodeRecord, "addresses">;

export interface ClusterOptions {
  readonly identity: Identity;
  /** What people call this peer. */
  readonly name: string;
  /** Of its software. */
  readonly version: string;
  /** Its home, which is there, private, and nobody else's. */
  readonly folder: string;
  /** Where other peers reach it. Port 0: any that is free. */
  readonly listen: readonly HostAndPort[];
  /** Whether it takes any free port where those are in use; others find it all the same. Default false. */
  readonly mayListenElsewhere?: boolean;
  readonly discovery: DiscoveryMode;
  /** As it was given; with it peers come in, and are let in, without a person. */
  readonly joinSecret?: string | undefined;
  /** Asked now and then: what has changed is told to the cluster. */
  readonly describe: () => SelfDescription;
  /** Kinds of service that strangers may see, such as `stt`. */
  readonly services: () => readonly string[];
  /** Whether it holds what must not be given up for another cluster: a client, a memory. Default: never. */
  readonly isInUse?: () => boolean;
  /** Tells when this host goes to sleep, or was asleep. Default: nobody does. */
  readonly watchSleep?: WatchSleep;
  /** Hands over what is not the cluster's own before this host sleeps. Never rejects, and takes no longer than `timeoutMs`. */
  readonly beforeSleep?: ((options: { readonly timeoutMs: number }) => Promise<void>) | undefined;
  /** The host is awake, or did not sleep after all. */
  readonly afterSleep?: (() => void) | undefined;
  readonly log: Logger;
  /** A sentence for people about what became of it. */
  readonly onNews?: (sentence: string) => void;
  /** Default: that of `@parley/raft` for local networks. */
  readonly timing?: ElectionTiming;
  readonly forming?: FormingTimes;
  /** Default: the machine that this process runs on. */
  readonly ground?: Ground;
}

/** How others are found. */
export interface DiscoveryMode {
  /** Peers that a person has named; asked in every mode. */
  readonly knownHosts: readonly KnownHost[];
  /** Calls out and listens on the local network. Undefined: does not. */
  readonly local?: LocalDiscovery | undefined;
}

export interface LocalDiscovery {
  /** The port where clients of other machines reach this peer; told by DNS-SD. Undefined: they do not. */
  readonly clientPort: () => number | undefined;
  /** Whether new clients are to come to it, as long as it has a port for them. Default: they are. */
  readonly takesClients?: (() => boolean) | undefined;
  /** Only with `advertise = "full"`. */
  readonly details?: () => AdvertDetails;
}

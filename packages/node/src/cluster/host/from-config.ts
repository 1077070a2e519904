/** A peer's part in a cluster as its configuration asks for it. */
import { hostname, loadavg } from "node:os";
import type { Logger } from "pino";
import { joinListOf, rolesOf, type Config } from "../../config/index.ts";
import { readKnownHost } from "../../mesh/discovery/known-hosts.ts";
import type { Identity } from "../../mesh/identity.ts";
import { LIMITS } from "../state/limits.ts";
import { VERSION } from "../../version.ts";
import { watchSleep } from "../sleep/watch.ts";
import { DEFAULT_MESH_PORT } from "./joining/join.ts";
import { hardwareTags, machineFacts } from "./machine.ts";
import type { ClusterOptions, DiscoveryMode, SelfDescription } from "./options.ts";
import { ELECTION_TIMINGS } from "./timing.ts";

/** A service of the peer that can be asked now. */
export interface ReadyService {
  /** Such as `stt`. */
  readonly kind: string;
  readonly model: string;
  /** BCP 47, that it understands or speaks. */
  readonly languages: readonly string[];
  /** That it can speak with. */
  readonly voices: readonly string[];
}

export interface FromConfig {
  readonly config: Config;
  readonly identity: Identity;
  /** As it was given. */
  readonly joinSecret: string | undefined;
  readonly services: () => readonly ReadyService[];
  /** Where clients of other machines reach the peer; undefined: they do not. */
  readonly clientPort: () => number | undefined;
  /** Whether new clients are to come to it. Default: they are. */
  readonly takesClients?: () => boolean;
  /** What else is to be handed over before the host sleeps, and taken back after it; see {@link ClusterOptions}. */
  readonly beforeSleep?: ClusterOptions["beforeSleep"];
  readonly afterSleep?: ClusterOptions["afterSleep"];
  /** Whether clients are there: then it gives up no cluster of its own. */
  readonly isInUse: () => boolean;
  readonly log: Logger;
  readonly onNews?: ((sentence: string) => void) | undefined;
}

/** @throws PeerError `config-invalid`, `usage` for a list of peers that cannot be used */
export function clusterOptionsFor(given: FromConfig): ClusterOptions {
  const { config, identity, joinSecret, services, log, onNews } = given;
  const { mesh, cluster, name, home } = config;
  const machine = machineFacts(cluster.power);
  const platform = `${process.platform}-${process.arch}`;
  const description: Omit<SelfDescription, "models" | "languages" | "voices"> = {
    host: fit(hostname()),
    platform,
    version: VERSION,
    roles: [...rolesOf(config)],
    // Who has ears of its own may be asked to answer.
    hardware: [...hardwareTags(machine), ...(config.ears.enabled ? ["ears"] : [])],
  };
  const models = (): readonly string[] => listed(services().map(({ model }) => model));
  const languages = (): readonly string[] => listed(services().flatMap((service) => service.languages));
  const voices = (): readonly string[] => listed(services().flatMap((service) => service.voices));
  return {
    identity,
    name,
    version: VERSION,
    folder: home,
    listen: [mesh],
    // Somebody who chose a port wants that one, for a firewall perhaps.
    mayListenElsewhere: mesh.port === DEFAULT_MESH_PORT,
    discovery: discoveryOf(given, () => ({
      models: models(),
      load: Math.min(9.99, (loadavg()[0] ?? 0) / machine.cores),
      platform,
    })),
    joinSecret,
    describe: () => ({ ...description, models: models(), languages: languages(), voices: voices() }),
    services: () => [...new Set(services().map(({ kind }) => kind))].toSorted(),
    isInUse: given.isInUse,
    watchSleep,
    beforeSleep: given.beforeSleep,
    afterSleep: given.afterSleep,
    log,
    ...(onNews === undefined ? {} : { onNews }),
    timing: ELECTION_TIMINGS[cluster.timing],
  };
}

/** What a machine is good for, as its peer says to those who choose among several. */
export function machineOf(power: Config["cluster"]["power"]): {
  readonly hardware: readonly string[];
  readonly power: "mains" | "battery";
} {
  const facts = machineFacts(power);
  return { hardware: hardwareTags(facts), power: facts.hasBattery ? "battery" : "mains" };
}

function discoveryOf(
  { config, clientPort, takesClients }: FromConfig,
  details: () => { readonly models: readonly string[]; readonly load: number; readonly platform: string },
): DiscoveryMode {
  const { discovery, advertise } = config.cluster;
  const knownHosts = joinListOf(config).map((item) => readKnownHost(item, DEFAULT_MESH_PORT));
  if (discovery !== "mdns") return { knownHosts };
  return { knownHosts, local: { clientPort, takesClients, ...(advertise === "full" ? { details } : {}) } };
}

/** Each once, in order, and no more than a record takes. */
function listed(items: readonly string[]): readonly string[] {
  return [...new Set(items.map(fit))].toSorted().slice(0, LIMITS.recordItems);
}

/** What a node record takes: short, on one line. */
function fit(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]+/gu, " ").slice(0, 64) || "unknown";
}

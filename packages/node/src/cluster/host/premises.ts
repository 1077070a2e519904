/** What lives as long as the peer does, whether it belongs or not: its place on the network, its door, its way out. */
import { join } from "node:path";
import { isPeerError } from "../../errors.ts";
import { openDoorOn } from "../../mesh/door/over-libp2p.ts";
import type { About, Application } from "../../mesh/door/protocol/messages.ts";
import { Door } from "../../mesh/door/server/door.ts";
import type { DoorCluster, DoorEvent } from "../../mesh/door/server/ports.ts";
import type { Advert } from "../../mesh/discovery/advert.ts";
import { addressesForOthers, hostAndPortOf } from "../../mesh/host/addresses.ts";
import type { MeshHost } from "../../mesh/host/mesh-host.ts";
import type { StandingOf } from "../../mesh/host/standing.ts";
import type { SealingKey } from "../../mesh/keys/sealing-key.ts";
import type { Ground } from "./ground.ts";
import { Arrival } from "./joining/arrival.ts";
import { Knocker } from "./joining/knocker.ts";
import { newsOf } from "./joining/news.ts";
import { Seeker, type SeekerOwner } from "./joining/seeker.ts";
import { Visits, type Place } from "./joining/visits.ts";
import type { Welcome } from "./joining/welcome.ts";
import { KNOWN_VERSION } from "../state/versions.ts";
import { LIFE_TOPIC } from "./member/life.ts";
import type { ClusterOptions } from "./options.ts";
import { Outside } from "./outside.ts";

export interface Premises {
  readonly host: MeshHost;
  readonly sealingKey: SealingKey;
  readonly visits: Visits;
  readonly seeker: Seeker;
  readonly knocker: Knocker;
  /** Whether it may have been let in without knowing. */
  readonly arrival: Arrival;
  readonly outside: Outside;
  readonly door: Door;
  close(): Promise<void>;
}

export interface PremisesOptions {
  readonly options: ClusterOptions;
  readonly listen: Ground["listen"];
  readonly files: Ground["files"];
  /** As `readJoinSecret` gave it. */
  readonly secret: string | undefined;
  readonly sealingKey: SealingKey;
  readonly standingOf: StandingOf;
  readonly hasCompany: () => boolean;
  /** The cluster as strangers see it. */
  readonly cluster: (host: MeshHost) => DoorCluster;
  readonly owner: Omit<SeekerOwner, "look" | "knock" | "withdraw" | "report">;
  readonly enter: (welcome: Welcome) => Promise<void>;
  /** It was not let in by whom it had asked. */
  readonly cameToNothing: () => void;
  readonly atDoor: (event: DoorEvent) => void;
  /** Somebody may be there. */
  readonly heard: (peer: string | undefined, addresses: readonly string[]) => void;
}

/** @throws PeerError `port-in-use` */
export async function openPremises(given: PremisesOptions): Promise<Premises> {
  const { options, secret, sealingKey, standingOf, owner } = given;
  const { identity, discovery, log } = options;
  const { peerId: self } = identity;
  const advert = (): Advert => advertOf(options, door.about(), host.addresses());
  const outside = new Outside({ self, mode: discovery, log, advert, onHeard: given.heard });
  const onDiscovered = (peer: string, addresses: readonly string[]): void => outside.heard(peer, addresses);
  const host = await listening(options, (listen) =>
    given.listen({
      identity,
      listen,
      standingOf,
      log,
      topics: [LIFE_TOPIC],
      ...(discovery.local === undefined ? {} : { discovery: { onDiscovered } }),
    }),
  );
  const visits = new Visits({
    host,
    application: () => applicationOf(options, sealingKey, host),
    mayBeIn: (member) => arrival.expect(member),
    isUnsettled: () => arrival.pursue(),
  });
  const arrival = new Arrival({
    files: given.files,
    path: join(options.folder, "joining.json"),
    log,
    ask: (place, signal) => visits.welcome(place, signal),
    addressesOf: (peer) => placeOf(peer)?.addresses ?? [],
    enter: given.enter,
    cameToNothing: given.cameToNothing,
  });
  await arrival.recall();
  const placeOf = (peer: string): Place | undefined => {
    const neighbour = seeker.neighbours.get(peer);
    return neighbour && seeker.neighbours.placeOf(neighbour);
  };
  const seeker = new Seeker({
    self,
    secret,
    visits,
    log,
    times: options.forming,
    isMember: (peer) => standingOf(peer) === "member",
    hasCompany: given.hasCompany,
    owner: {
      ...owner,
      enter: async (welcome) => {
        await owner.enter(welcome);
        await arrival.settled();
      },
      look: () => outside.look(),
      knock: (peer, cluster) => knocker.knock(peer, cluster),
      withdraw: () => knocker.withdraw(),
      report: reporting(options),
    },
  });
  const knocker = new Knocker({
    visits,
    log,
    placeOf,
    peersOf: (cluster) => peersShowing(cluster, seeker),
    enter: given.enter,
    onNews: (sentence) => options.onNews?.(sentence),
    changed: owner.changed,
  });
  const door = new Door({ cluster: given.cluster(host), joinSecret: secret, onEvent: given.atDoor });
  await openDoorOn(host, door);
  outside.start();
  return {
    host,
    sealingKey,
    visits,
    seeker,
    knocker,
    arrival,
    outside,
    door,
    close: async () => {
      knocker.stop();
      arrival.stop();
      door.close();
      await seeker.close();
      await outside.close();
      await host.close();
    },
  };
}

function applicationOf({ name, version }: ClusterOptions, { publicKey }: SealingKey, host: MeshHost): Application {
  const addresses = addressesForOthers(host.addresses()).slice(0, 16);
  return { name, version, sealingKey: publicKey, addresses, knows: KNOWN_VERSION };
}

function peersShowing(cluster: string, { neighbours }: Seeker): readonly string[] {
  return neighbours.all().flatMap(({ peer, about }) => (about?.cluster?.id === cluster ? [peer] : []));
}

function reporting({ log, onNews }: ClusterOptions): SeekerOwner["report"] {
  return (about, cluster, remote) => {
    log.info({ about, cluster, remote }, "another cluster was met");
    const news = newsOf(about, cluster);
    if (news !== undefined) onNews?.(news);
  };
}

/** @throws PeerError `port-in-use` */
async function listening(
  { listen, mayListenElsewhere, onNews }: ClusterOptions,
  create: (listen: ClusterOptions["listen"]) => Promise<MeshHost>,
): Promise<MeshHost> {
  try {
    return await create(listen);
  } catch (error) {
    if (mayListenElsewhere !== true || !isPeerError(error, "port-in-use")) throw error;
    const ports = listen.map(({ port }) => port).join(", ");
    onNews?.(`The port ${ports} for other peers is in use; this one takes another.`);
    return create(listen.map(({ host }) => ({ host, port: 0 })));
  }
}

function advertOf({ discovery }: ClusterOptions, about: About, addresses: readonly string[]): Advert {
  const { name, peerId, version, cluster, pairing, services } = about;
  const [first] = addresses;
  const meshPort = first === undefined ? undefined : hostAndPortOf(first)?.port;
  const details = discovery.local?.details?.();
  return { name, peerId, version, clusterId: cluster?.id, pairing, services, meshPort, details };
}

/** A peer's life, as a table of contents: who it is, what it can do, where clients reach it, whom it works with, how it ends. */
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { CATALOGUE, type ModelStore } from "@parley/audio/models";
import type { Cluster } from "./cluster/face.ts";
import { clusterOptionsFor, machineOf, type ReadyService } from "./cluster/host/from-config.ts";
import { clusterOff } from "./cluster/host/off.ts";
import { openCluster, type OpenedCluster } from "./cluster/host/start.ts";
import { clientAccessOf, prepareHome, type Config, type HomePaths } from "./config/index.ts";
import { openHouseAccess, type HouseAccess } from "./gateway/access/house.ts";
import { sendLimitsOf } from "./gateway/access/send-limits.ts";
import { AppCommands, checkExtension, growActors, type Extension } from "./extend/index.ts";
import { openHouseClients, type HouseClients, type HouseClientsOptions } from "./gateway/house-clients.ts";
import { recallPort } from "./gateway/recall.ts";
import { startGateway, type Gateway } from "./gateway/server.ts";
import { openHouseTls, type HouseTls } from "./gateway/tls/house-tls.ts";
import { isPeerError } from "./errors.ts";
import { contextLogger, createLogger } from "./log.ts";
import { loadIdentity, type Identity } from "./mesh/identity.ts";
import { capabilitiesOf, clusterReportOf, healthOf, statusOf } from "./report.ts";
import { modelSources, type EngineSources } from "./services/engine-sources.ts";
import { modelStoreFor } from "./services/model-store.ts";
import { openChaos } from "./services/chaos/open.ts";
import type { HouseChaos } from "./services/chaos/remote.ts";
import { Drain } from "./services/drain/drain.ts";
import { HouseDrains } from "./services/drain/remote.ts";
import { Arbitration } from "./services/arbitration/arbitration.ts";
import { joinMesh } from "./services/arbitration/mesh.ts";
import { HostEars } from "./services/ears/ears.ts";
import { HouseLoad } from "./services/load/house-load.ts";
import { serveMemory } from "./services/memory/actor.ts";
import { HouseMemory, MEMORY_LIMITS } from "./services/memory/house-memory.ts";
import { Rooms } from "./services/rooms.ts";
import { SessionHouse } from "./services/session/house.ts";
import { HouseSessions } from "./services/session/house-sessions.ts";
import { whyMoved } from "./services/session/hand-over.ts";
import { Services, type TurnReport } from "./services/services.ts";
import type { OtherRooms } from "./services/session/notice.ts";
import { serviceNames, type ServiceName, type Stage } from "./services/stage.ts";
import { VERSION } from "./version.ts";

/** Who comes back waits no longer for what was said elsewhere. */
const FRESH_MS = 500;
const NO_PART = "this peer takes part in no cluster";

/** Options of {@link createPeer}. */
export interface PeerOptions {
  readonly config: Config;
  /** It lives for one command, perhaps beside others with the same home: it writes nothing down. */
  readonly isBrief?: boolean;
  /** Whether requests wait for downloads. A peer of its own answers at once how far they are; an embedded one waits. */
  readonly patient?: boolean;
  readonly onStage?: (service: ServiceName, stage: Stage) => void;
  /** A sentence for people about a choice the peer made. */
  readonly onNews?: (sentence: string) => void;
  /** A question was answered, here or in a conversation; must not throw. */
  readonly onTurn?: ((turn: TurnReport) => void) | undefined;
  /** What the program that the peer is embedded in adds to it. */
  readonly extend?: Extension | undefined;
  /** Engines from elsewhere than the model store; for tests. */
  readonly sources?: EngineSources;
  readonly log?: Logger;
  /** As it was given: lets peers in, and this one into clusters, without a code. At least 16 characters. */
  readonly joinSecret?: string | undefined;
}

/** A running peer. */
export interface Peer {
  readonly identity: Identity;
  readonly config: Config;
  readonly paths: HomePaths;
  readonly store: ModelStore;
  readonly services: Services;
  /** Its part in a cluster. It begins by itself, and nothing here waits for it. */
  readonly cluster: Cluster;
  /** How it hands over what it does, and stays a member. */
  readonly drain: Drain;
  /** Its own ears and mouth; shut unless `ears.enabled`. */
  readonly ears: HostEars;
  /** Where programs on this machine reach it, such as `http://127.0.0.1:8765`. */
  readonly url: string;
  /** Where clients on other machines do, over TLS, such as `https://kitchen.local:8765`; nowhere if `listen.local_only`. */
  readonly addresses: () => readonly string[];
  /** The token that lets a client in; 256 random bits, new at every start. */
  readonly token: string;
  /** Ends everything: clients, engines, port. Does nothing the second time. */
  close(): Promise<void>;
}

/**
 * Starts a peer. It answers at once; its services come up by {@link Services.start}, or each when first needed, and whether there is
 * a cluster makes no difference to them.
 * @throws PeerError `home-unusable`, `port-in-use`, `config-invalid`; `usage` for what cannot be added.
 */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  const { config, extend = {} } = options;
  checkExtension(extend);
  const log = options.log ?? createLogger(config);
  const paths = await prepareHome(config.home);
  const identity = await loadIdentity(paths.identityKey);
  const store = modelStoreFor(config);
  const arbitration = createArbitration(identity, log);
  const services = createServices(options, store, { identity, arbitration, log });
  const others: OtherRooms = { say: (...what) => rooms.say(...what) };
  const ears: HostEars = new HostEars({ config, services, log, rooms: others });
  const token = randomBytes(32).toString("base64url");
  const front: { gateway?: Gateway; drain?: Drain } = {};
  const { cluster, start } = openPart({ options, identity, services, log, front });
  const leaveMesh = joinMesh(arbitration, cluster);
  const stopActors = growActors(extend.actors ?? {}, cluster);
  const commands = new AppCommands(extend.commands ?? {});
  const access = await openHouseAccess({ cluster, paths, token, log, isBrief: options.isBrief ?? false });
  const connected = (): number => front.gateway?.clients ?? 0;
  const away = (): Gateway["away"] | undefined => front.gateway?.away;
  const house = joinHouse({ config, cluster, access, services, ears, connected, away, log });
  const { rooms, drain } = house;
  front.drain = drain;
  const tls = await openHouseTls({ config, paths, cluster, port: () => front.gateway?.port ?? 0, log });
  const about = { peerId: identity.peerId, name: config.name, version: VERSION };
  const status = (): Record<string, unknown> => statusOf(about, { services, cluster, ears, drain });
  const { pairs, gate, book, refusals } = access;
  const clients = openHouseClients({
    about,
    cluster,
    pairs,
    gate,
    book,
    refusals,
    status,
    memory: recallPort(house.memory),
    addresses: tls.addresses,
    limits: sendLimitsOf(config),
    commands,
    log,
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    commands.close();
    await ears.close();
    await front.gateway?.close();
    clients.close();
    await tls.close();
    leaveMesh();
    stopActors();
    await house.leave();
    await access.close();
    await cluster.close();
    await services.close();
    log.info("peer stopped");
  };
  const parts = { ...house, about, services, cluster, ears, access, clients, tls, status, commands, log };
  const gateway = await listen(parts, config.limits).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  front.gateway = gateway;
  log.info({ url: gateway.url, peerId: identity.peerId, version: VERSION }, "peer started");
  start().then(tls.begin, (error: unknown) => {
    // What a person can mend is no defect.
    if (isPeerError(error)) log.warn({ code: error.code, why: error.message, nextStep: error.nextStep }, NO_PART);
    else log.error({ err: error }, NO_PART);
  });

  if (config.ears.enabled) ears.open();

  const { url } = gateway;
  return {
    identity,
    config,
    paths,
    store,
    services,
    cluster,
    ears,
    drain,
    url,
    addresses: tls.addresses,
    token,
    close: () => (closing ??= close()),
  };
}

function createArbitration({ peerId }: Identity, log: Logger): Arbitration {
  return new Arbitration({
    peer: peerId,
    onSettled: (settled) => log.info({ ...settled }, "who answers to a wake word is settled"),
  });
}

function createServices(
  options: PeerOptions,
  store: ModelStore,
  about: { readonly identity: Identity; readonly arbitration: Arbitration; readonly log: Logger },
): Services {
  const { identity, arbitration, log } = about;
  const { config } = options;
  const told = new Map<ServiceName, string | undefined>();
  return new Services({
    config,
    sources: options.sources ?? modelSources(config, store),
    given: options.extend?.services,
    tools: options.extend?.tools,
    onTurn: options.onTurn,
    arbitration,
    peer: identity.peerId,
    machine: machineOf(config.cluster.power),
    patient: options.patient ?? false,
    onMoved: ({ error, ...moved }) => log.info({ ...moved, err: error }, "work goes on at another engine"),
    onBadPolicy: (problems) => log.warn({ problems }, "who does what cannot be read: what held before holds"),
    onStage: (service, stage) => {
      if (stage.state === "failed") {
        // Each attempt to mend it fails alike: said once, until something else is wrong.
        if (told.get(service) === stage.failure.message) return;
        log.warn({ service, ...stage.failure }, "service is not available");
      }
      if (stage.state === "failed" || stage.state === "ready") {
        told.set(service, stage.state === "failed" ? stage.failure.message : undefined);
      }
      options.onStage?.(service, stage);
    },
    onEngine: (service, event) => {
      if (event.type === "exited")
        log.warn({ service, reason: event.reason, why: event.error.message }, "engine ended; starting it again");
      if (event.type === "start-failed")
        log.error({ service, err: event.error, retryInMs: event.retryInMs }, "engine did not start");
    },
    onNews: (sentence) => {
      log.info(sentence);
      options.onNews?.(sentence);
    },
  });
}

/** Its part in a cluster, which is none where that is switched off. @throws PeerError `config-invalid`, `usage` */
function openPart(parts: {
  readonly options: PeerOptions;
  readonly identity: Identity;
  readonly services: Services;
  readonly log: Logger;
  /** Each once it is there. */
  readonly front: { readonly gateway?: Gateway; readonly drain?: Drain };
}): OpenedCluster {
  const { options, identity, services, log, front } = parts;
  const { config, joinSecret } = options;
  const { peerId } = identity;
  if (!config.cluster.enabled) return { cluster: clusterOff(peerId), start: async () => undefined };
  const opened: OpenedCluster = openCluster(
    clusterOptionsFor({
      config,
      identity,
      joinSecret,
      services: () => readyServices(services),
      clientPort: () => (clientAccessOf(config).isLocalOnly ? undefined : front.gateway?.port),
      takesClients: () => front.drain?.isDraining !== true,
      isInUse: () => (front.gateway?.clients ?? 0) > 0,
      beforeSleep: async (how) => front.drain?.beforeSleep(how),
      afterSleep: () => front.drain?.afterSleep(),
      log: contextLogger(log, () => ({ peerId, term: opened.cluster.consensus?.leadership.current().term })),
      // A console tells it from the cluster's face, in its own words.
      onNews: (sentence) => log.info(sentence),
    }),
  );
  return opened;
}

function readyServices(services: Services): readonly ReadyService[] {
  const status = services.status();
  return serviceNames.flatMap((kind): readonly ReadyService[] => {
    const { stage } = status[kind];
    if (stage.state !== "ready") return [];
    const { model } = stage;
    if (kind === "tts") {
      const languages = [...new Set(services.ownVoices.map(({ language }) => language))];
      return [{ kind, model, languages, voices: services.ownVoices.map(({ name }) => name) }];
    }
    const { languages = [], voices = [] } = CATALOGUE.find(({ name }) => name === model) ?? {};
    return [{ kind, model, languages, voices }];
  });
}

interface HousePart {
  readonly memory: HouseMemory;
  readonly conversations: SessionHouse;
  readonly houseSessions: HouseSessions;
  readonly rooms: Rooms;
  readonly load: HouseLoad;
  readonly drain: Drain;
  readonly drains: HouseDrains;
  readonly chaos: HouseChaos;
  readonly leave: () => Promise<void>;
}

/** What the peer has in common with its house beside its engines: clients' sessions, what is remembered of those that want that, rooms to speak in. */
function joinHouse(parts: {
  readonly config: Config;
  readonly cluster: Cluster;
  readonly access: HouseAccess;
  readonly services: Services;
  readonly ears: HostEars;
  /** Clients of this peer. */
  readonly connected: () => number;
  /** Once it listens. */
  readonly away: () => Gateway["away"] | undefined;
  readonly log: Logger;
}): HousePart {
  const { config, cluster, access, services, ears, connected, away, log } = parts;
  const memory = new HouseMemory({
    pairs: access.pairs,
    wants: (account) => access.book.find(account)?.remembers === true,
    later: () => cluster.later,
    fresh: async () => cluster.shared?.read({ timeoutMs: FRESH_MS }),
    limits: { ...MEMORY_LIMITS, accountBytes: config.memory.client_kib * 1024 },
  });
  const rooms = new Rooms({ name: config.name, cluster, announce: (text) => ears.announce(text) });
  const load = new HouseLoad({
    name: config.name,
    cluster,
    own: () => services.routing.list().filter(({ isHere }) => isHere),
    turns: () => services.turns.figures(performance.now()),
    clients: connected,
  });
  const moved = { whyMoved: (from: string) => whyMoved(cluster.peers(), from) };
  const conversations = new SessionHouse({ cluster, services, memory, rooms, ...moved, log });
  const houseSessions = new HouseSessions({ name: config.name, cluster, own: conversations });
  const drain = new Drain({ cluster, services, conversations, clients: away, log });
  const drains = new HouseDrains({ name: config.name, cluster, own: drain });
  const chaos = openChaos({ ...parts, conversations, drain });
  const stopSharing = services.share(cluster, (spawn) => {
    serveMemory(memory)(spawn);
    rooms.serve(spawn);
    load.serve(spawn);
    drains.serve(spawn);
    houseSessions.serve(spawn);
    chaos.serve(spawn);
  });
  const leave = async (): Promise<void> => {
    // What was said in them is kept first.
    await conversations.close();
    stopSharing();
    chaos.close();
    memory.close();
  };
  return { memory, conversations, houseSessions, rooms, load, drain, drains, chaos, leave };
}

/** What clients may count on here. */
const CLIENTS_GET = { streaming: true, binary: true, groups: true, echo: true, resume: true, continues: true };

interface ListenParts {
  readonly about: HouseClientsOptions["about"];
  readonly services: Services;
  readonly cluster: Cluster;
  readonly ears: HostEars;
  readonly access: HouseAccess;
  readonly clients: HouseClients;
  readonly memory: HouseMemory;
  readonly conversations: SessionHouse;
  readonly houseSessions: HouseSessions;
  readonly load: HouseLoad;
  readonly drain: Drain;
  readonly drains: HouseDrains;
  readonly chaos: HouseChaos;
  readonly tls: HouseTls;
  readonly status: () => Record<string, unknown>;
  readonly commands: AppCommands;
  readonly log: Logger;
}

function listen(parts: ListenParts, limits: Config["limits"]): Promise<Gateway> {
  const { about, services, cluster, ears, access, clients, memory, conversations, load, tls, status, commands, log } =
    parts;
  const { drain, drains, chaos } = parts;
  const { book, audit, refusals } = access;
  return startGateway({
    host: tls.access.host,
    port: tls.access.port,
    connections: limits.connections,
    entry: tls.entry,
    credentials: tls.credentials,
    trust: tls.trust,
    log,
    serverInfo: { ...about, capabilities: CLIENTS_GET },
    health: () => ({ ...healthOf(services), draining: drain.isDraining }),
    isDraining: () => drain.isDraining,
    capabilities: () => capabilitiesOf(about, services),
    status,
    conversations,
    voice: services,
    commands,
    ...clients,
    management: {
      cluster,
      ears,
      report: () => clusterReportOf(cluster),
      access: { book, audit, refusals, memory },
      memory: { memory, book, audit },
      drains,
      chaos,
      look: { routing: () => services.routing, load },
      clients: { ...clients, conversations },
      sessions: parts.houseSessions,
      trust: tls.trust,
    },
  });
}

/**
 * The sessions of the house, as one of its peers reaches them. In a cluster each session is an entity, `sessions/ID`, that lives at one
 * peer and is found from all; without one, sessions live at this peer alone. Where the house is apart, or a session cannot be
 * reached, the conversation goes on here, and is handed to the house later.
 */
import {
  ActorError,
  startSharding,
  type ActorRef,
  type ActorSystem,
  type Clock,
  type PlacementTable,
  type Sharding,
  type ShardingOptions,
} from "@parley/actors";
import type { Logger } from "pino";
import type { Cluster } from "../../cluster/face.ts";
import type { Journals } from "../../cluster/journal/port.ts";
import { actorLog } from "../../cluster/host/member/actor-log.ts";
import { inEachMembership } from "../../cluster/memberships.ts";
import { membersOf } from "../../cluster/placement/members.ts";
import { placementTableOf } from "../../cluster/placement/placement-table.ts";
import type { Memory } from "../memory/port.ts";
import type { Services } from "../services.ts";
import { sessionBehavior, type SessionActor, type SessionGround } from "./actor.ts";
import { comesTrue } from "./comes-true.ts";
import { LocalSessions } from "./local.ts";
import { Lonely } from "./lonely.ts";
import type { Branch, Fork, Merged } from "./branch.ts";
import { isAlone, Quorum } from "./quorum.ts";
import { Reunion } from "./reunion.ts";
import { forkFrom } from "./sides.ts";
import type { OtherRooms } from "./notice.ts";
import { Visit, type Place, type VisitHearer } from "./visit.ts";
import { acceptsSessionMessage, readMerged, type SessionMessage, type VisitCard } from "./wire.ts";
import type { HandOverReason } from "./hand-over.ts";
import { readReport, type SessionReport } from "./report.ts";

/** Their kind; also the name of the placement table. */
export const SESSIONS = "sessions";
/** For ever: a session's shard is the hash of its id by this number. */
const SHARDS = 64;
/** A session is asked so often, and so long each time; then the conversation goes on at this peer by itself. */
const OPEN_TRIES = 3;
const OPEN_MS = 2_000;
/** A first word waits so long for a house that has just begun. */
const EARLY_MS = 150;
const HAND_OVER_MS = 3_000;
const MOST_QUIET = 1_024;
const LOOK_MS = 2_000;
/** Ids that are drawn in search of one whose session lives here. */
const MOST_DRAWS = 200;

export interface SessionHouseOptions {
  readonly cluster: Pick<Cluster, "actors" | "shared" | "journals" | "onChange" | "peerId"> &
    Partial<Pick<Cluster, "peers" | "silenceMs">>;
  readonly services: Services;
  /** Where the conversations of clients that want that are kept; nowhere, when absent. */
  readonly memory?: Memory | undefined;
  readonly rooms?: OtherRooms | undefined;
  /** Why a session is here that lived at another peer. Default: that one is gone. */
  readonly whyMoved?: ((from: string) => HandOverReason) | undefined;
  readonly log: Logger;
  /** Who lives where, in each membership. Default: as the cluster has agreed. */
  readonly placement?: (() => SessionPlacement | undefined) | undefined;
  /** Of sessions whose clients are away, and of those without a cluster. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** What sharding needs of the cluster. */
export type SessionPlacement = Pick<ShardingOptions<SessionMessage>, "table" | "leadership" | "members">;

/** Which session is visited. */
export interface VisitRequest {
  readonly sessionId: string;
  /** The id was just drawn by {@link SessionHouse.newId}: there is no such session yet. */
  readonly isNew: boolean;
  readonly card: VisitCard;
  readonly hearer: VisitHearer;
}

interface Shared {
  readonly system: ActorSystem;
  readonly sharding: Sharding<SessionMessage>;
  readonly quorum: Quorum;
  readonly table: PlacementTable;
}

export class SessionHouse {
  readonly #options: SessionHouseOptions;
  readonly #living = new Set<SessionActor>();
  /** Those of {@link #near}. */
  readonly #besides = new Set<SessionActor>();
  /** Of a peer that has no house to share them with. */
  readonly #local: LocalSessions;
  /** Of one whose house cannot be asked now: the house's own sessions are told of these later. */
  readonly #apart: LocalSessions;
  /** What must not leave this host, beside sessions that live at another one: who comes again is led to those all the same. */
  readonly #near: LocalSessions;
  readonly #reunion: Reunion;
  /** Ids of which nobody knows yet who has them: no client has lost anything by that. */
  readonly #quiet = new Set<string>();
  readonly #visits = new Set<Visit>();
  readonly #stop: () => void;
  /** While this peer belongs to a cluster. */
  #shared: Shared | undefined;
  #isDraining = false;

  constructor(options: SessionHouseOptions) {
    const { cluster, services, memory, rooms, whyMoved, log, clock } = options;
    this.#options = options;
    const host = cluster.peerId;
    const ground: SessionGround = {
      host,
      services,
      memory,
      rooms,
      whyMoved,
      log,
      living: this.#living,
      lonely: new Lonely({ clock }),
      left: (id, branch) => this.#reunion.leave(id, branch),
    };
    this.#local = new LocalSessions({ ground, log: actorLog(log), clock });
    this.#near = new LocalSessions({ ground: { ...ground, living: this.#besides }, log: actorLog(log), clock });
    const apart = {
      fork: (id: string) => this.#forkOf(id),
      isQuiet: (id: string) => this.#quiet.has(id),
    };
    this.#apart = new LocalSessions({ ground: { ...ground, apart }, log: actorLog(log), clock });
    this.#reunion = new Reunion({
      living: () => [...this.#living].filter(({ isApart }) => isApart),
      hand: (id, branch) => this.#hand(id, branch),
      isWhole: () => this.#shared !== undefined && !this.isApart,
      log,
      clock,
    });
    this.#stop = inEachMembership(cluster, (system) => this.#enter(system, ground));
  }

  /** Of a session that is not yet: one that would live at this peer, where there is one. */
  newId(): string {
    let id: string = crypto.randomUUID();
    const { sharding } = this.#shared ?? {};
    if (sharding === undefined || this.#isDraining) return id;
    for (let draws = 1; draws < MOST_DRAWS && !sharding.isOwn(id); draws += 1) id = crypto.randomUUID();
    return id;
  }

  /** A visit; the session itself is looked for, or begun, when something is said. */
  open({ sessionId, isNew, card, hearer }: VisitRequest): Visit {
    const places = (): readonly Place[] => this.#placesOf(sessionId, isNew);
    const closed = (over: Visit): void => void this.#visits.delete(over);
    const { cluster, log } = this.#options;
    const silenceMs = (peer: string): number | undefined => cluster.silenceMs?.(peer);
    const visit = new Visit({ sessionId, card, places, near: this.#near, hearer, closed, silenceMs, log });
    this.#visits.add(visit);
    return visit;
  }

  /** Most peers of the house cannot be reached: conversations go on at this one by itself. */
  get isApart(): boolean {
    return this.#shared?.quorum.isApart === true;
  }

  /** The sessions that live at this peer. */
  list(): readonly SessionReport[] {
    return [...this.#living, ...this.#besides].map(({ report }) => report);
  }

  /**
   * Ends one of them, wherever it lives: its client is told, and nothing of it is kept. @returns whether there was one
   * @throws ActorError when it does not answer in time
   */
  async end(sessionId: string): Promise<boolean> {
    const make = (replyTo: ActorRef<boolean>): SessionMessage => ({ type: "end", replyTo });
    const wasBeside = this.#near.has(sessionId) && (await this.#near.ask(sessionId, make));
    const near = this.#nearOf(sessionId);
    if (near !== undefined || this.#shared === undefined) {
      return (await (near ?? this.#local).ask(sessionId, make)) || wasBeside;
    }
    const how = { timeoutMs: LOOK_MS, accepts: (reply: unknown): boolean => reply === true };
    return (await this.#shared.sharding.entity(sessionId).ask<boolean>(make, how)) || wasBeside;
  }

  /** One of them, wherever it lives; it begins to, where there is none. @throws ActorError when it does not answer in time */
  async look(sessionId: string): Promise<SessionReport> {
    const near = this.#nearOf(sessionId);
    if (near !== undefined || this.#shared === undefined) {
      return (near ?? this.#local).ask<SessionReport>(sessionId, (replyTo) => ({ type: "look", replyTo }));
    }
    const how = { timeoutMs: LOOK_MS, accepts: readReport };
    return this.#shared.sharding.entity(sessionId).ask<SessionReport>((replyTo) => ({ type: "look", replyTo }), how);
  }

  /**
   * Those that live here go to other peers, and none comes here until {@link stay}; where there is no house, nothing happens.
   * @throws ActorError as `Sharding.drain`
   */
  async drain(options: { readonly timeoutMs: number }): Promise<void> {
    this.#isDraining = true;
    await this.#shared?.sharding.drain(options);
  }

  /** Sessions live here as before. */
  stay(): void {
    this.#isDraining = false;
    this.#shared?.sharding.stay();
  }

  /** Ends those that live here, once what was said in them is kept. */
  async close(): Promise<void> {
    const shared = this.#shared;
    this.#reunion.close();
    this.#stop();
    if (shared !== undefined) await ended(shared);
    await Promise.all([this.#local, this.#apart, this.#near].map((sessions) => sessions.close()));
  }

  #enter(system: ActorSystem, ground: SessionGround): () => void {
    const { cluster, placement = () => placementIn(cluster) } = this.#options;
    const agreed = placement();
    if (agreed === undefined) return () => undefined;
    const journals = this.#journals;
    const written: SessionGround =
      journals === undefined
        ? ground
        : { ...ground, journal: ({ id, stamp }) => (stamp === undefined ? undefined : journals.open(id, stamp)) };
    const sharding = startSharding<SessionMessage>(system, {
      name: SESSIONS,
      ...agreed,
      ...(journals === undefined ? {} : { memory: journals.memory }),
      behavior: (stay) => sessionBehavior(written, stay),
      isBusy: (id) => [...this.#living].some((each) => each.id === id && !each.isApart && each.isInTheMidst),
      accepts: acceptsSessionMessage,
    });
    const { clock } = this.#options;
    const quorum = new Quorum({
      leadership: agreed.leadership,
      isAlone: () => isAlone(cluster.peers?.() ?? []),
      clock,
      changed: (isApart) => this.#changed(isApart),
    });
    this.#shared = { system, sharding, quorum, table: agreed.table };
    this.#reunion.wake();
    return () => {
      quorum.close();
      this.#shared = undefined;
    };
  }

  /** Who is there is led to a session of this side; what was said to that goes to the house once it is whole. */
  #changed(isApart: boolean): void {
    const { log } = this.#options;
    if (!isApart) {
      log.info("most peers of the house can be reached again");
      return this.#reunion.wake();
    }
    log.warn("most peers of the house cannot be reached: conversations go on at this peer by itself");
    for (const visit of [...this.#visits].filter(({ isShared }) => isShared)) visit.move();
  }

  /** @throws ActorError */
  async #hand(id: string, branch: Branch): Promise<Merged> {
    if (this.#shared === undefined) throw new ActorError("ask-timeout", "there is no house to tell");
    const how = { timeoutMs: HAND_OVER_MS, accepts: readMerged };
    const entity = this.#shared.sharding.entity(id);
    return entity.ask<Merged>((replyTo) => ({ type: "merge", branch, replyTo }), how);
  }

  /** What this host knows of a session: as it lives here, or as it is written down. */
  async #forkOf(id: string): Promise<Fork | undefined> {
    const living = [...this.#living].find((each) => each.id === id && !each.isApart)?.fork;
    const found = living === undefined ? await this.#journals?.known(id) : undefined;
    return living ?? (found && forkFrom(found));
  }

  get #journals(): Journals | undefined {
    return this.#options.services.config.memory.journal ? this.#options.cluster.journals : undefined;
  }

  #nearOf(id: string): LocalSessions | undefined {
    return [this.#apart, this.#local].find((sessions) => sessions.has(id));
  }

  #placesOf(id: string, isNew: boolean): readonly Place[] {
    const shared = this.#shared;
    // What this peer's owner keeps on its host is not said at another one.
    const isKeptHere = Object.values(this.#options.services.config.privacy).includes("host");
    if (shared === undefined || isKeptHere || this.#local.has(id)) return [this.#local];
    const { system, sharding, quorum, table } = shared;
    const isEarly = isNew && !quorum.isApart && !sharding.isPlaced(id);
    const alone = this.#alonePlace(isEarly || (this.#quiet.has(id) && !quorum.isApart));
    // Until the house knows what was said in it.
    if (this.#apart.has(id)) return [alone];
    const house: Place = {
      system,
      isShared: true,
      ask: (each, make) => {
        if (quorum.isApart) throw new ActorError("ask-timeout", "most peers of the house cannot be reached");
        return sharding.entity(each).ask(make, { timeoutMs: OPEN_MS });
      },
    };
    if (!isEarly) return [...Array.from({ length: OPEN_TRIES }, () => house), alone];
    // Its house has yet to agree on who has which: with a first word nobody is to wait for that long.
    const how = {
      withinMs: EARLY_MS,
      clock: this.#options.clock,
      watch: (changed: () => void) => table.watch(changed),
    };
    const soon: Place = {
      ...house,
      ask: async (each, make) => {
        const isSoon = await comesTrue(() => sharding.isPlaced(each), how);
        if (isSoon) return house.ask(each, make);
        throw new ActorError("ask-timeout", "the house has yet to agree on who has which session");
      },
    };
    return [soon, alone];
  }

  #keepQuiet(id: string): void {
    this.#quiet.add(id);
    const [oldest] = this.#quiet;
    if (this.#quiet.size > MOST_QUIET && oldest !== undefined) this.#quiet.delete(oldest);
  }

  #alonePlace(isQuiet: boolean): Place {
    return {
      system: this.#apart.system,
      ask: (id, make) => {
        if (isQuiet) this.#keepQuiet(id);
        else this.#quiet.delete(id);
        this.#reunion.wake();
        return this.#apart.ask(id, make);
      },
    };
  }
}

function placementIn({ shared }: Pick<Cluster, "shared">): SessionPlacement | undefined {
  if (shared === undefined) return undefined;
  return {
    table: placementTableOf(shared, { kind: SESSIONS, shards: SHARDS }),
    leadership: shared.consensus.leadership,
    members: membersOf(shared),
  };
}

/** Never rejects: a system that has stopped has taken them along. */
async function ended({ system, sharding }: Shared): Promise<void> {
  await system.stopActor(sharding.region).catch(() => undefined);
}

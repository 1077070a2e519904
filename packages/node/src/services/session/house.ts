/**
 * The sessions of the house, as one of its peers reaches them. In a cluster each session is an entity, `sessions/ID`, that lives at one
 * peer and is found from all; without one, sessions live at this peer alone.
 */
import { startSharding, type ActorSystem, type Clock, type Sharding, type ShardingOptions } from "@parley/actors";
import type { Logger } from "pino";
import type { Cluster } from "../../cluster/face.ts";
import { actorLog } from "../../cluster/host/member/actor-log.ts";
import { inEachMembership } from "../../cluster/memberships.ts";
import { membersOf } from "../../cluster/placement/members.ts";
import { placementTableOf } from "../../cluster/placement/placement-table.ts";
import type { Memory } from "../memory/port.ts";
import type { Services } from "../services.ts";
import { sessionBehavior, type SessionActor, type SessionGround } from "./actor.ts";
import { LocalSessions } from "./local.ts";
import { Lonely } from "./lonely.ts";
import type { OtherRooms } from "./notice.ts";
import { Visit, type Place, type VisitHearer } from "./visit.ts";
import { acceptsSessionMessage, type SessionMessage, type VisitCard } from "./wire.ts";
import type { HandOverReason } from "./hand-over.ts";
import { readReport, type SessionReport } from "./report.ts";

/** Their kind; also the name of the placement table. */
export const SESSIONS = "sessions";
/** For ever: a session's shard is the hash of its id by this number. */
const SHARDS = 64;
/** Without an answer for so long, a session is begun at this peer: its house cannot agree on where it lives. */
const OPEN_MS = 2_000;
const LOOK_MS = 2_000;
/** Ids that are drawn in search of one whose session lives here. */
const MOST_DRAWS = 200;

export interface SessionHouseOptions {
  readonly cluster: Pick<Cluster, "actors" | "shared" | "journals" | "onChange" | "peerId">;
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
}

export class SessionHouse {
  readonly #options: SessionHouseOptions;
  readonly #living = new Set<SessionActor>();
  readonly #local: LocalSessions;
  readonly #stop: () => void;
  /** While this peer belongs to a cluster. */
  #shared: Shared | undefined;
  #isDraining = false;

  constructor(options: SessionHouseOptions) {
    const { cluster, services, memory, rooms, whyMoved, log, clock } = options;
    this.#options = options;
    const host = cluster.peerId;
    const own = { living: this.#living, lonely: new Lonely({ clock }) };
    const ground = { host, services, memory, rooms, whyMoved, log, ...own };
    this.#local = new LocalSessions({ ground, log: actorLog(log), clock });
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
    return new Visit({ sessionId, card, places, near: this.#local, hearer, log: this.#options.log });
  }

  /** The sessions that live at this peer. */
  list(): readonly SessionReport[] {
    return [...this.#living].map(({ report }) => report);
  }

  /**
   * Ends one of them, wherever it lives: its client is told, and nothing of it is kept. @returns whether there was one
   * @throws ActorError when it does not answer in time
   */
  async end(sessionId: string): Promise<boolean> {
    if (this.#shared === undefined || this.#local.has(sessionId)) {
      return this.#local.ask<boolean>(sessionId, (replyTo) => ({ type: "end", replyTo }));
    }
    const how = { timeoutMs: LOOK_MS, accepts: (reply: unknown): boolean => reply === true };
    return this.#shared.sharding.entity(sessionId).ask<boolean>((replyTo) => ({ type: "end", replyTo }), how);
  }

  /** One of them, wherever it lives; it begins to, where there is none. @throws ActorError when it does not answer in time */
  async look(sessionId: string): Promise<SessionReport> {
    if (this.#shared === undefined || this.#local.has(sessionId)) {
      return this.#local.ask<SessionReport>(sessionId, (replyTo) => ({ type: "look", replyTo }));
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
    this.#stop();
    if (shared !== undefined) await ended(shared);
    await this.#local.close();
  }

  #enter(system: ActorSystem, ground: SessionGround): () => void {
    const { cluster, placement = () => placementIn(cluster) } = this.#options;
    const agreed = placement();
    if (agreed === undefined) return () => undefined;
    const journals = this.#options.services.config.memory.journal ? cluster.journals : undefined;
    const written: SessionGround =
      journals === undefined
        ? ground
        : { ...ground, journal: ({ id, stamp }) => (stamp === undefined ? undefined : journals.open(id, stamp)) };
    const sharding = startSharding<SessionMessage>(system, {
      name: SESSIONS,
      ...agreed,
      ...(journals === undefined ? {} : { memory: journals.memory }),
      behavior: (stay) => sessionBehavior(written, stay),
      accepts: acceptsSessionMessage,
    });
    this.#shared = { system, sharding };
    return () => (this.#shared = undefined);
  }

  #placesOf(id: string, isNew: boolean): readonly Place[] {
    const shared = this.#shared;
    // What this peer's owner keeps on its host is not said at another one.
    const isKeptHere = Object.values(this.#options.services.config.privacy).includes("host");
    if (shared === undefined || isKeptHere || this.#local.has(id)) return [this.#local];
    // Its house has yet to agree on who has which: nobody is to wait for that with a first word.
    if (isNew && !this.#isDraining && !shared.sharding.isOwn(id)) return [this.#local];
    const { system, sharding } = shared;
    return [{ system, ask: (each, make) => sharding.entity(each).ask(make, { timeoutMs: OPEN_MS }) }, this.#local];
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

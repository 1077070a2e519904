/**
 * The sessions of the whole house: each peer is asked for those that live there, `parley://PEER/services/sessions`, when somebody
 * looks. Those whose host is gone are known by their journals.
 */
import { isActorError, messageKinds, type ActorRef } from "@parley/actors";
import * as z from "zod";
import type { Cluster } from "../../cluster/face.ts";
import type { JournalPosition, JournalSummary } from "../../cluster/journal/port.ts";
import type { SpawnService } from "../mesh/offer/tree.ts";
import { ownRef, without } from "../mesh/wire.ts";
import type { SessionHouse } from "./house.ts";
import { readReport, type SessionReport } from "./report.ts";

/**
 * `visited`: its client is there; `waiting`: it is not, and is waited for; `homeless`: the session's host is gone, and no other has
 * gone on with it yet.
 */
export type HouseSessionState = "visited" | "waiting" | "homeless";

/** One session, for people. Of one that is homeless it is known what its journal says in clear: how much, and since when. */
export interface HouseSession extends Omit<SessionReport, "host" | "journal"> {
  readonly state: HouseSessionState;
  /** Null: it is gone. */
  readonly host: { readonly peerId: string; readonly name: string } | null;
  readonly journal: (Omit<JournalPosition, "why"> & { readonly why?: JournalPosition["why"] }) | null;
}

/** What was found, and who did not answer: of what lives there only the journals are known. */
export interface SessionsOfHouse {
  readonly sessions: readonly HouseSession[];
  readonly silent: readonly string[];
  /** By the ids of the members, of those as well that are away: sessions came from them. */
  readonly names: Readonly<Record<string, string>>;
}

export interface HouseSessionsOptions {
  readonly name: string;
  readonly cluster: Pick<Cluster, "actors" | "peers" | "peerId" | "journals">;
  readonly own: Pick<SessionHouse, "list" | "end">;
}

type SessionsRequest =
  | { readonly type: "list"; readonly replyTo: ActorRef<readonly SessionReport[]> }
  | { readonly type: "end"; readonly session: string; readonly replyTo: ActorRef<boolean> };

const ANSWER_MS = 1_500;
/** Longer than its host waits for it. */
const END_MS = 4_000;
const WAITING = 32;
/** Of one peer; of more, those that came last. */
const MOST = 2_000;

const list = z.object({ type: z.literal("list") });
const end = z.object({ type: z.literal("end"), session: z.string().min(1).max(128) });

/** @throws ActorError `bad-message` */
export function acceptsSessionsRequest(given: unknown, from: string): SessionsRequest {
  return messageKinds<SessionsRequest>("who asks for sessions", {
    list: (each) => ({ ...list.parse(without(each, "replyTo")), replyTo: ownRef(each, "replyTo", from) }),
    end: (each) => ({ ...end.parse(without(each, "replyTo")), replyTo: ownRef(each, "replyTo", from) }),
  })(given);
}

interface Neighbour {
  readonly peerId: string;
  readonly name: string;
  readonly isHere: boolean;
  readonly isOnline: boolean;
}

export class HouseSessions {
  readonly #options: HouseSessionsOptions;

  constructor(options: HouseSessionsOptions) {
    this.#options = options;
  }

  /** Spawns what the other peers ask. */
  serve(spawn: SpawnService): void {
    const answer = async (request: SessionsRequest): Promise<void> => {
      if (request.type === "list") request.replyTo.tell(this.#own());
      else request.replyTo.tell(await this.#options.own.end(request.session));
    };
    spawn<SessionsRequest>(() => answer, {
      name: "sessions",
      restart: "permanent",
      mailbox: { capacity: WAITING },
      accepts: acceptsSessionsRequest,
    });
  }

  /** All of them, who was visited last first. @param account of this one only: those that nobody has are of nobody */
  async all(account?: string): Promise<SessionsOfHouse> {
    const peers = this.#peers();
    const asked = await Promise.all(peers.map(async (peer) => ({ peer, reports: await this.#listOf(peer) })));
    const living = asked.flatMap(({ peer, reports }) => (reports ?? []).map((report) => livingAt(report, peer)));
    const silent = asked.flatMap(({ peer, reports }) => (reports === undefined && peer.isOnline ? [peer.name] : []));
    const known = new Set(living.map(({ sessionId }) => sessionId));
    const homeless = (this.#options.cluster.journals?.all() ?? [])
      .filter(({ session }) => !known.has(session))
      .map(homelessOf);
    const sessions = [...living, ...homeless].filter((each) => account === undefined || each.account === account);
    const names = Object.fromEntries(peers.map(({ peerId, name }) => [peerId, name]));
    return { sessions: sessions.toSorted((a, b) => lastMs(b) - lastMs(a)), silent, names };
  }

  /** Ends it, wherever it lives; its client is told. @returns whether there was one @throws ActorError when its host does not answer */
  async end({ sessionId, host }: Pick<HouseSession, "sessionId" | "host">): Promise<boolean> {
    const { cluster, own } = this.#options;
    const there = host === null || host.peerId === cluster.peerId ? undefined : this.#at(host.peerId);
    if (there === undefined) return own.end(sessionId);
    const how = { timeoutMs: END_MS, accepts: (reply: unknown): boolean => reply === true };
    return there.ask<boolean>((replyTo) => ({ type: "end", session: sessionId, replyTo }), how);
  }

  #own(): readonly SessionReport[] {
    return this.#options.own.list().slice(-MOST);
  }

  /** Undefined: it is away, or did not answer in time. */
  async #listOf({ peerId, isHere, isOnline }: Neighbour): Promise<readonly SessionReport[] | undefined> {
    if (isHere) return this.#own();
    const there = isOnline ? this.#at(peerId) : undefined;
    if (there === undefined) return undefined;
    const accepts = (reply: unknown): readonly SessionReport[] =>
      z.array(z.unknown()).max(MOST).parse(reply).map(readReport);
    try {
      return await there.ask<readonly SessionReport[]>((replyTo) => ({ type: "list", replyTo }), {
        timeoutMs: ANSWER_MS,
        accepts,
      });
    } catch (error) {
      // Away, too busy, or of a version that does not know the question.
      if (isActorError(error)) return undefined;
      throw error;
    }
  }

  #at(peerId: string): ActorRef<SessionsRequest> | undefined {
    return this.#options.cluster.actors?.resolve<SessionsRequest>(`parley://${peerId}/services/sessions`);
  }

  #peers(): readonly Neighbour[] {
    const { name, cluster } = this.#options;
    const peers = cluster.peers().map((peer) => ({ ...peer, isHere: peer.isSelf || peer.peerId === cluster.peerId }));
    return peers.some(({ isHere }) => isHere)
      ? peers
      : [{ peerId: cluster.peerId, name, isHere: true, isOnline: true }, ...peers];
  }
}

function livingAt(report: SessionReport, { peerId, name }: Neighbour): HouseSession {
  return { ...report, state: report.visit === null ? "waiting" : "visited", host: { peerId, name } };
}

function homelessOf({ session, turn, isInTurn, entries, bytes, atMs }: JournalSummary): HouseSession {
  return {
    sessionId: session,
    state: "homeless",
    host: null,
    account: undefined,
    clientId: undefined,
    sinceMs: atMs,
    turns: turn,
    doing: isInTurn ? "cut" : "idle",
    timers: 0,
    visit: null,
    journal: { turn: isInTurn ? turn : undefined, records: entries, bytes, commits: entries, state: "written" },
    handOvers: [],
  };
}

function lastMs({ sinceMs, visit, handOvers }: HouseSession): number {
  return Math.max(sinceMs, visit?.sinceMs ?? 0, handOvers.at(-1)?.atMs ?? 0);
}

/** QUERYs that a peer answers itself: how it fares, which peers there are, what became of a message, what was remembered. */
import type {
  MemoryHit,
  MessageStatus,
  NodeDetails,
  NodeSummary,
  Payload,
  ProtocolErrorCode,
  QueryType,
  SessionSummary,
} from "@parley/sdk";
import { queryTypes } from "@parley/sdk";
import type { Cluster, PeerReport } from "../cluster/face.ts";
import { isPeerError, messageOf, PeerError } from "../errors.ts";
import { failureOf } from "../services/stage.ts";
import type { SessionReport } from "./sessions/sessions.ts";

/** What was kept of conversations, as far as it is asked here. */
export interface MemoryPort {
  /** What has to do with `query`, the best first, with where it comes from. @throws PeerError */
  recall(asked: RecallQuery): Promise<{
    readonly hits: readonly MemoryHit[];
    readonly sources: readonly Readonly<Record<string, unknown>>[];
  }>;
}

export interface RecallQuery {
  /** Whose memory. */
  readonly account: string;
  readonly query: string;
  readonly limit: number;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly includeContext: boolean;
  readonly signal: AbortSignal;
}

/** Who asks. */
export interface Asker {
  readonly account: string;
  readonly clientId: string;
}

export interface QueryDeps {
  readonly status: () => Record<string, unknown>;
  readonly about: { readonly peerId: string; readonly name: string; readonly version: string };
  readonly cluster: Pick<Cluster, "belonging" | "peers">;
  /** Where clients reach a peer; empty: nobody knows. */
  readonly urlsOf: (peerId: string) => readonly string[];
  readonly messageStatus: (messageId: string, from: string) => Promise<readonly MessageStatus[]>;
  /** Those of this peer, and those that ended, the latest first. */
  readonly sessions: () => readonly SessionReport[];
  /** Undefined while the peer has no memory. */
  readonly memory?: MemoryPort | undefined;
}

/** An answer without what every answer has; an error of the protocol's own travels as ERROR. */
export type Answered =
  | Pick<Payload<"RESPONSE">, "success" | "data" | "error" | "sources">
  | {
      readonly errorCode: ProtocolErrorCode;
      readonly errorMessage: string;
      readonly details?: Record<string, unknown>;
    };

const LIMIT = 20;
const TIMEOUT_MS = 30_000;

const KNOWN: ReadonlySet<string> = new Set(queryTypes);

export class Queries {
  readonly #deps: QueryDeps;

  constructor(deps: QueryDeps) {
    this.#deps = deps;
  }

  /** Answers, within the time that the query gives. Never rejects. */
  async answer(query: Payload<"QUERY">, asker: Asker): Promise<Answered> {
    const { queryType, timeout = TIMEOUT_MS } = query;
    if (!isKnown(queryType)) {
      const errorMessage = `payload.queryType: known queries are ${queryTypes.join(", ")}`;
      return { errorCode: "INVALID_MESSAGE", errorMessage };
    }
    const over = new AbortController();
    const late = Promise.withResolvers<Answered>();
    const timer = setTimeout(() => {
      over.abort();
      late.resolve(overdue(timeout));
    }, timeout);
    try {
      return await Promise.race([this.#answer(queryType, query, asker, over.signal), late.promise]);
    } catch (error) {
      return { success: false, error: failureOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(type: QueryType, query: Payload<"QUERY">, asker: Asker, signal: AbortSignal): Promise<Answered> {
    switch (type) {
      case "get_status":
        return { success: true, data: this.#deps.status(), sources: [this.#source] };
      case "get_active_nodes":
        return { success: true, data: this.#nodes(query), sources: [this.#source] };
      case "get_node_details":
        return { success: true, data: this.#details(query.query), sources: [this.#source] };
      case "get_message_status":
        return { success: true, data: await this.#deps.messageStatus(query.query ?? "", asker.clientId) };
      case "get_sessions":
        return { success: true, data: this.#sessions(query), sources: [this.#source] };
      case "recall_memory":
        return this.#recall(query, asker, signal);
    }
  }

  get #source(): Readonly<Record<string, unknown>> & { peerId: string } {
    return { peerId: this.#deps.about.peerId };
  }

  #nodes({ filter = {}, limit }: Payload<"QUERY">): readonly NodeSummary[] {
    const all = filter["status"] === "all";
    const nodes = this.#peers().map((peer) => this.#summaryOf(peer));
    return nodes.filter(({ status }) => all || status === (filter["status"] ?? "online")).slice(0, limit);
  }

  #sessions({ limit }: Payload<"QUERY">): readonly SessionSummary[] {
    return this.#deps
      .sessions()
      .slice(0, limit)
      .map(({ clientId, clientType, reason, ...session }) => ({
        ...session,
        since: { ...session.since },
        ...(clientId === undefined ? {} : { clientId }),
        ...(clientType === undefined ? {} : { clientType }),
        ...(reason === undefined ? {} : { reason }),
      }));
  }

  /** @throws PeerError `no-such-peer` */
  #details(who: string | undefined): NodeDetails {
    const found = this.#peers().find(({ peerId, name, isSelf }) => {
      return who === undefined ? isSelf : peerId === who || name === who;
    });
    if (found !== undefined) return { ...detailsOf(found), ...this.#summaryOf(found) };
    throw new PeerError("no-such-peer", `no peer is called ${who ?? "this"}`, {
      nextStep: "Ask which there are: get_active_nodes.",
    });
  }

  #summaryOf(peer: PeerReport): NodeSummary {
    const urls = this.#deps.urlsOf(peer.peerId);
    return { ...summaryOf(peer), ...(urls.length === 0 ? {} : { urls: [...urls] }) };
  }

  /** Those of the house; one that is alone knows itself. */
  #peers(): readonly PeerReport[] {
    const { cluster, about } = this.#deps;
    const peers = cluster.belonging === "off" ? [] : cluster.peers();
    return peers.some(({ isSelf }) => isSelf) ? peers : [alone(about), ...peers];
  }

  async #recall(query: Payload<"QUERY">, { account }: Asker, signal: AbortSignal): Promise<Answered> {
    const { memory } = this.#deps;
    if (memory === undefined) {
      return { errorCode: "MEMORY_ERROR", errorMessage: "this peer keeps no memory", details: { code: "no-memory" } };
    }
    try {
      const { hits, sources } = await memory.recall({
        account,
        query: query.query ?? "",
        limit: query.limit ?? LIMIT,
        filter: query.filter ?? {},
        includeContext: query.includeContext ?? false,
        signal,
      });
      return { success: true, data: [...hits], sources: [...sources] };
    } catch (error) {
      if (signal.aborted) throw error;
      const code = isPeerError(error) ? error.code : "internal";
      return { errorCode: "MEMORY_ERROR", errorMessage: messageOf(error), details: { code } };
    }
  }
}

function isKnown(type: string): type is QueryType {
  return KNOWN.has(type);
}

function overdue(timeoutMs: number): Answered {
  const error = { code: "timed-out", message: `it took longer than ${timeoutMs} ms`, nextStep: "Give it more time." };
  return { success: false, error };
}

function summaryOf(peer: PeerReport): NodeSummary {
  const { peerId, name, isPrime, isSelf, isOnline, isDraining, roundTripMs, lastSeenMs } = peer;
  return {
    nodeId: peerId,
    name,
    status: isOnline || isSelf ? "online" : "offline",
    isPrime,
    isSelf,
    ...(isDraining === true ? { isDraining } : {}),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    ...(lastSeenMs === undefined ? {} : { lastSeenMs }),
  };
}

function detailsOf(peer: PeerReport): Omit<NodeDetails, keyof NodeSummary> {
  const { role, host, platform, version, roles, hardware, models, languages, voices, addresses } = peer;
  return {
    role,
    ...(host === undefined ? {} : { host }),
    ...(platform === undefined ? {} : { platform }),
    ...(version === undefined ? {} : { version }),
    roles: [...roles],
    hardware: [...hardware],
    models: [...models],
    languages: [...languages],
    voices: [...voices],
    addresses: [...addresses],
  };
}

/** A peer that belongs to no cluster, as it would be listed in one. */
function alone({ peerId, name, version }: QueryDeps["about"]): PeerReport {
  return {
    peerId,
    nodeId: 0,
    name,
    role: "voter",
    isPrime: true,
    isSelf: true,
    isOnline: true,
    lastSeenMs: undefined,
    roundTripMs: undefined,
    addresses: [],
    host: undefined,
    version,
    platform: undefined,
    roles: [],
    hardware: [],
    models: [],
    languages: [],
    voices: [],
  };
}

/** Which node a client talks to: the leader as far as it has heard, else one after the other. */
import { setTimeout as delay } from "node:timers/promises";
import { isRaftError, RaftError } from "../../errors.ts";
import type { NodeId } from "../../core/types.ts";
import type { RefusalReason } from "../../driver/outcome.ts";
import { NodeConnection, type WireReadOutcome } from "./node-connection.ts";
import type { WireOutcome } from "./protocol.ts";

/** Where nodes listen for clients; asked before every try, because nodes come and go. */
export type ClientPorts = () => ReadonlyMap<NodeId, number>;

/** One try's answer. */
type Answered = WireOutcome | WireReadOutcome;

export interface RouteOptions {
  /** `performance.now()` after which nothing more is tried. */
  readonly deadline: number;
  /** Given up for another node after this long without an answer; Infinity when asking twice is not safe. */
  readonly attemptMs: number;
  /** Asked first; default: who leads, as far as is known. */
  readonly node?: NodeId | undefined;
  /** Only `node` is asked. */
  readonly pinned?: boolean | undefined;
}

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;
const LEAST_ATTEMPT_MS = 10;

export class Router {
  readonly #ports: ClientPorts;
  readonly #connections = new Map<NodeId, Promise<NodeConnection>>();
  #leader: NodeId | undefined;
  #turn = 0;
  #isClosed = false;

  constructor(ports: ClientPorts) {
    this.#ports = ports;
  }

  /** Who leads, as far as this client has heard. */
  get leader(): NodeId | undefined {
    return this.#leader;
  }

  /**
   * Asks one node after the other until `ask` brings something else than that nothing was done, or the deadline passes:
   * the last answer then. Undefined: nobody could be asked at all.
   */
  async route<T extends Answered>(
    { deadline, attemptMs, node, pinned = false }: RouteOptions,
    ask: (connection: NodeConnection, timeoutMs: number) => Promise<T>,
  ): Promise<T | undefined> {
    let last: T | undefined;
    let pauseMs = FIRST_PAUSE_MS;
    let isHintFresh = true;
    let wish = node;
    while (!this.#isClosed && performance.now() < deadline) {
      const id = wish ?? this.#leader ?? this.#next();
      wish = pinned ? node : undefined;
      const connection = id === undefined ? undefined : await this.#connect(id);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      let isHinted = false;
      if (connection === undefined || id === undefined) {
        if (id === this.#leader) this.#leader = undefined;
      } else {
        last = await ask(connection, Math.ceil(Math.max(LEAST_ATTEMPT_MS, Math.min(leftMs, attemptMs))));
        isHinted = this.#learn(id, last);
        if (!isNothingDone(last)) return last;
      }
      // A hint is followed at once, but two nodes that name each other must not be asked in a tight loop.
      if (isHinted && isHintFresh && !pinned) {
        isHintFresh = false;
        continue;
      }
      isHintFresh = true;
      await delay(Math.min(pauseMs, Math.max(0, deadline - performance.now())));
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
    return last;
  }

  /** A connection to the wished node, or else to any. @throws RaftError `unreachable` after the deadline. */
  async reach({ deadline, node, pinned = false }: RouteOptions): Promise<NodeConnection> {
    for (let wish = node; !this.#isClosed; wish = pinned ? node : undefined) {
      const id = wish ?? this.#leader ?? this.#next();
      const connection = id === undefined ? undefined : await this.#connect(id);
      if (connection !== undefined) return connection;
      if (id === this.#leader) this.#leader = undefined;
      if (performance.now() >= deadline) break;
      await delay(LONGEST_PAUSE_MS);
    }
    throw new RaftError("unreachable", "no node could be reached in time");
  }

  /** The connection to a node, made if need be; undefined when it cannot be reached now. */
  async #connect(id: NodeId): Promise<NodeConnection | undefined> {
    const port = this.#ports().get(id);
    if (port === undefined) return undefined;
    const known = this.#connections.get(id);
    const opened = known === undefined ? undefined : await reached(known);
    if (opened !== undefined && !opened.isClosed && opened.port === port) return opened;
    if (this.#connections.get(id) === known) {
      opened?.close();
      this.#connections.set(id, NodeConnection.open(port));
    }
    const opening = this.#connections.get(id);
    return opening === undefined ? undefined : reached(opening);
  }

  /** Takes in what an answer tells of the leader; whether it named one. */
  #learn(asked: NodeId, answer: Answered): boolean {
    if (answer.outcome === "committed" || answer.outcome === "opened") {
      this.#leader = asked;
    } else if (answer.outcome === "not-leader" && answer.leader !== asked) {
      this.#leader = answer.leader;
      return answer.leader !== undefined;
    } else if (answer.outcome !== "value" && this.#leader === asked) {
      this.#leader = undefined;
    }
    return false;
  }

  #next(): NodeId | undefined {
    const ids = [...this.#ports().keys()];
    this.#turn += 1;
    return ids[this.#turn % ids.length];
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) {
      void reached(connection).then((open) => open?.close());
    }
    this.#connections.clear();
  }
}

/** Refusals that another node, or the same one later, may not repeat. */
const PASSING: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  "overloaded",
  "superseded",
  "transferring",
  "deadline",
  "stopped",
]);

/** Nothing was done, and it may be tried again. Reads never do anything. */
function isNothingDone(answer: Answered): boolean {
  if (answer.outcome === "lost" || answer.outcome === "not-leader") return true;
  return answer.outcome === "refused" && PASSING.has(answer.reason);
}

async function reached(connection: Promise<NodeConnection>): Promise<NodeConnection | undefined> {
  try {
    return await connection;
  } catch (error) {
    if (!isRaftError(error, "unreachable")) throw error;
    return undefined;
  }
}

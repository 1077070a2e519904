/** What a peer has of the clients of its house: put together. */
import type { Logger } from "pino";
import type { Cluster } from "../cluster/face.ts";
import type { Pairs } from "../cluster/pairs/port.ts";
import type { AppCommands } from "../extend/index.ts";
import { withoutCorrelation } from "../log.ts";
import { Allowances, type SendLimits } from "./access/allowances.ts";
import type { ClientBook } from "./access/client-book.ts";
import { Doorman } from "./access/doorman.ts";
import type { Gate } from "./access/gate.ts";
import type { Refusals } from "./access/refusals.ts";
import { refusalOf } from "./access/rights.ts";
import type { ConnectionDeps } from "./connection.ts";
import type { FrontOptions } from "./front.ts";
import { GateAccess } from "./gate-access.ts";
import { Hub } from "./hub/hub.ts";
import type { Accounts } from "./hub/known.ts";
import { joinMesh } from "./hub/mesh.ts";
import { Queries, type MemoryPort } from "./queries.ts";
import { Sessions } from "./sessions/sessions.ts";

export interface HouseClientsOptions {
  readonly about: { readonly peerId: string; readonly name: string; readonly version: string };
  readonly cluster: Cluster;
  readonly pairs: Pairs;
  readonly gate: Gate;
  readonly book: Pick<ClientBook, "find">;
  /** Where what was refused is written down; undefined: nowhere. */
  readonly refusals?: Refusals | undefined;
  readonly status: () => Record<string, unknown>;
  /** Where clients on other machines reach this peer, such as `https://kitchen.local:8765`. */
  readonly addresses?: (() => readonly string[]) | undefined;
  readonly memory?: MemoryPort | undefined;
  /** How much a client may send. */
  readonly limits: SendLimits;
  /** What the program that the peer is embedded in does for clients. */
  readonly commands?: AppCommands | undefined;
  readonly log: Logger;
}

/** Open until it is closed. */
export interface HouseClients extends Pick<
  ConnectionDeps & FrontOptions,
  "access" | "doorman" | "sessions" | "queries"
> {
  readonly hub: Hub;
  close(): void;
}

/** How long what a client sends may wait for this peer to have caught up with its house. */
const SETTLE_MS = 1_000;

/** Opens it. */
export function openHouseClients(options: HouseClientsOptions): HouseClients {
  const { about, cluster, pairs, gate, book, status, memory, log } = options;
  const urls = (): readonly string[] => (options.addresses?.() ?? []).map(socketUrl);
  const hub = withoutCorrelation(() => {
    const accounts = accountsOf(gate, book);
    return new Hub({ self: about.peerId, pairs, settled: () => settled(cluster), accounts, urls, log });
  });
  const leaveMesh = joinMesh(hub, cluster);
  const sessions = new Sessions();
  const queries = new Queries({
    sessions: () => sessions.list(),
    status,
    about,
    cluster,
    memory,
    messageStatus: (messageId, from) => hub.statusOf(messageId, from),
    urlsOf: (peerId) => (peerId === about.peerId ? urls() : hub.urlsOf(peerId)),
  });
  const doorman = new Doorman({ gate, allowances: new Allowances(options.limits), refusals: options.refusals });
  return {
    access: new GateAccess(doorman, book, (name) => options.commands?.rightOf(name)),
    doorman,
    sessions,
    queries,
    hub,
    close: () => {
      leaveMesh();
      hub.close();
    },
  };
}

function accountsOf(gate: Gate, book: Pick<ClientBook, "find">): Accounts {
  return {
    has: (name) => book.find(name) !== undefined,
    // Who is locked out may come back, and what it belongs to waits for it.
    mayBelong: (account, group) => {
      const holder = book.find(account) ?? gate.holder(account);
      return "role" in holder && refusalOf(holder, "message", { kind: "group", id: group }) === undefined;
    },
    watch: (changed) => gate.watch(changed),
  };
}

/** Without a quorum what is known here has to do. */
async function settled({ shared }: Cluster): Promise<void> {
  await shared?.read({ timeoutMs: SETTLE_MS });
}

/** `wss://kitchen.local:8765/ws` for `https://kitchen.local:8765`. */
function socketUrl(address: string): string {
  return `${address.replace(/^http/, "ws").replace(/\/$/, "")}/ws`;
}

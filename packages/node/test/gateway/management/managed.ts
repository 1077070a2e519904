/** A gateway over a cluster that the test plays. */
import path from "node:path";
import { expect, onTestFinished } from "vitest";
import type { Logger } from "pino";
import { HomePairs } from "../../../src/cluster/pairs/home-pairs.ts";
import type { SendLimits } from "../../../src/gateway/access/allowances.ts";
import { AuditLog } from "../../../src/gateway/access/audit.ts";
import { ClientBook } from "../../../src/gateway/access/client-book.ts";
import { Gate } from "../../../src/gateway/access/gate.ts";
import { Refusals } from "../../../src/gateway/access/refusals.ts";
import { ResumeTokens } from "../../../src/gateway/access/resume.ts";
import { openHouseClients, type HouseClients } from "../../../src/gateway/house-clients.ts";
import type { ManagementTimes } from "../../../src/gateway/management/routes.ts";
import type { MemoryPort } from "../../../src/gateway/queries.ts";
import { startGateway, type Gateway, type GatewayOptions } from "../../../src/gateway/server.ts";
import { clusterReportOf, statusOf } from "../../../src/report.ts";
import type { EngineSources } from "../../../src/services/engine-sources.ts";
import { Drain } from "../../../src/services/drain/drain.ts";
import { HouseDrains } from "../../../src/services/drain/remote.ts";
import { HostEars } from "../../../src/services/ears/ears.ts";
import { HouseMemory } from "../../../src/services/memory/house-memory.ts";
import { Services } from "../../../src/services/services.ts";
import { SessionHouse } from "../../../src/services/session/house.ts";
import { FakeCluster } from "../../fake-cluster.ts";
import { fixedDelaySources, noLog, temporaryFolder, testConfig } from "../../support.ts";

export const TOKEN = "a-token-of-some-length";

export interface Managed {
  readonly cluster: FakeCluster;
  readonly book: ClientBook;
  readonly gateway: Gateway;
  readonly clients: HouseClients;
  readonly audit: AuditLog;
  readonly refusals: Refusals;
  /** What is remembered of them. */
  readonly kept: HouseMemory;
  /** Asks as a program on this machine does, unless `init` says otherwise. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** Ends with the test. */
export async function managed(
  options: {
    readonly times?: ManagementTimes;
    readonly home?: string;
    readonly log?: Logger;
    readonly health?: GatewayOptions["health"];
    readonly memory?: MemoryPort;
    readonly sources?: EngineSources;
    /** Of its house, for resume tokens. Default: there is none yet. */
    readonly key?: Uint8Array;
    /** Default: clients may send as much as they like. */
    readonly limits?: SendLimits;
    /** Of the gateway itself, in place of what it has else. */
    readonly gateway?: Partial<GatewayOptions>;
  } = {},
): Promise<Managed> {
  const cluster = new FakeCluster();
  const config = testConfig(options.home ?? "/nowhere");
  const services = new Services({ config, sources: options.sources ?? fixedDelaySources({}), patient: false });
  const ears = new HostEars({ config, services, log: noLog });
  const about = { peerId: cluster.peerId, name: "attic", version: "0.1.0" };
  const folder = await temporaryFolder();
  const pairs = await HomePairs.open(path.join(folder.path, "pairs"));
  const book = new ClientBook(pairs);
  const kept = new HouseMemory({ pairs, wants: (account) => book.find(account)?.remembers === true });
  const audit = new AuditLog({
    path: path.join(folder.path, "audit.jsonl"),
    onFailure: (error) => expect.unreachable(String(error)),
  });
  const refusals = new Refusals({ audit });
  const gate = new Gate({
    token: TOKEN,
    book,
    resume: new ResumeTokens(() => (options.key === undefined ? [] : [options.key])),
  });
  const log = options.log ?? noLog;
  const conversations = new SessionHouse({ cluster, services, log });
  const drain = new Drain({ cluster, services, conversations, clients: () => undefined, log });
  const drains = new HouseDrains({ name: "attic", cluster, own: drain });
  const status = (): Record<string, unknown> => statusOf(about, { services, cluster, ears, drain });
  const clients = openHouseClients({
    about,
    cluster,
    pairs,
    gate,
    book,
    refusals,
    status,
    memory: options.memory,
    limits: options.limits ?? { messagesPerMinute: 0, audioBytesPerMinute: 0 },
    log,
  });
  const gateway = await startGateway({
    host: "127.0.0.1",
    port: 0,
    conversations,
    ...clients,
    log,
    serverInfo: { ...about, capabilities: { streaming: true, binary: true, groups: true } },
    health: options.health ?? (() => ({ healthy: true, checks: { stt: true } })),
    capabilities: () => ({}),
    status,
    management: {
      cluster,
      ears,
      report: () => clusterReportOf(cluster),
      access: { book, audit, refusals, memory: kept },
      memory: { memory: kept, book, audit },
      clients: { ...clients, conversations },
      drains,
      ...(options.times === undefined ? {} : { times: options.times }),
    },
    ...options.gateway,
  });
  onTestFinished(async () => {
    await ears.close();
    await gateway.close();
    clients.close();
    await conversations.close();
    await services.close();
    kept.close();
    book.close();
    await audit.close();
    await pairs.close();
    await folder.remove();
  });
  const ask: Managed["ask"] = async (method, path, body, headers = {}) => {
    const hasBody = body !== undefined;
    const response = await fetch(`${gateway.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(hasBody ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      ...(hasBody ? { body: typeof body === "string" ? body : JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  return { cluster, book, audit, refusals, gateway, clients, kept, ask };
}

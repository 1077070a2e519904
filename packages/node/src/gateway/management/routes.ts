/**
 * `/api/v1`: what the person whose machine this is may do with its cluster. Behind the same guard as everything (Host, Origin,
 * token), and only for admins: programs on this machine, and clients of that role.
 *
 *     GET    /cluster            belonging, status, clusters met, who waits
 *     GET    /peers              who belongs
 *     GET    /peers/departed     who left or was revoked, the latest first
 *     GET    /pairing            the window that is open, or why the last one closed
 *     POST   /pairing            opens a window, or shows the one that is open
 *     DELETE /pairing            closes it
 *     GET    /waiting            who knocks
 *     POST   /waiting/approve    {who}                           202: asked, its person has yet to agree
 *     POST   /join               {code | fingerprint, address?}  202: nobody there has approved yet; ask again
 *     POST   /peers/revoke       {peer}
 *     POST   /leave              {isForced?: true}
 *     POST   /recover            {isLastResort: true}
 *     GET    /ears               what the peer's own ears do
 *     POST   /ears               {do: "on" | "off" | "press" | "release" | "strike" | "cancel"}
 *     GET    /sessions           who is connected to this peer, and was
 *     GET    /clients/connected  who is connected to any peer of the house
 *     GET    /trust              the certificate that clients are to trust, and the steps for each platform
 *     POST   /trust/renew        another authority takes its place
 *
 * The sessions of the whole house, of which each client may ask for its own, are in `../sessions/house-routes.ts`.
 * What shows who does what and how busy each is, for every client that may look, is in `look.ts`. What writes is in `writes.ts`; who may come in, and what was done, in `../access/routes.ts`; what is remembered, which each client
 * may ask of itself, in `../memory-routes.ts`.
 *
 * Failures are `{error: {code, message, nextStep, details?}}` with the codes of `PeerError`.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Logger } from "pino";
import type { Cluster } from "../../cluster/face.ts";
import { messageOf, PeerError } from "../../errors.ts";
import { addAccessRoutes, type AccessParts } from "../access/routes.ts";
import { addMemoryRoutes, type MemoryRouteParts } from "../memory-routes.ts";
import { addHouseSessionRoutes } from "../sessions/house-routes.ts";
import { addSessionRoutes, type SessionRouteParts } from "../sessions/routes.ts";
import type { TrustSource } from "../tls/trust.ts";
import { addTrustManagement } from "../tls/trust-routes.ts";
import type { HostEars } from "../../services/ears/ears.ts";
import type { HouseSessions } from "../../services/session/house-sessions.ts";
import type { EarsReport } from "../../services/ears/report.ts";
import { addAudit } from "./audited.ts";
import { approveBody, earsBody, emptyBody, joinBody, leaveBody, readBody, recoverBody, revokeBody } from "./bodies.ts";
import { addChaosRoutes, type ChaosRouteParts } from "./chaos.ts";
import { addDrainRoutes, type DrainRouteParts } from "./drain.ts";
import { addLookRoutes, type LookParts } from "./look.ts";
import { patiently, within } from "./patience.ts";
import { Writes } from "./writes.ts";

/** What the routes work on. */
export interface Management {
  readonly cluster: Cluster;
  /** Of the peer itself. */
  readonly ears: ManagedEars;
  /** What `GET /cluster` says. */
  readonly report: () => Record<string, unknown>;
  readonly times?: ManagementTimes;
  /** Who may come in, and what was done; `access/routes.ts`. */
  readonly access?: AccessParts | undefined;
  /** Who is connected; `sessions/routes.ts`. */
  readonly clients?: SessionRouteParts | undefined;
  /** Those of the whole house; `sessions/house-routes.ts`. */
  readonly sessions?: Pick<HouseSessions, "all" | "end"> | undefined;
  /** What is remembered; `../memory-routes.ts`. */
  readonly memory?: MemoryRouteParts | undefined;
  /** Who of the house does what, and how busy each is. */
  readonly look?: LookParts | undefined;
  /** Peers that hand over what they do. */
  readonly drains?: DrainRouteParts | undefined;
  /** Peers that are hurt on purpose. */
  readonly chaos?: ChaosRouteParts | undefined;
  /** What clients are to trust. */
  readonly trust?: Pick<TrustSource, "trust" | "renew"> | undefined;
}

/** What may be done with a peer's own ears. */
export type ManagedEars = Pick<HostEars, "open" | "shut" | "key" | "report">;

/** How long one request may wait. By code it is the cluster that takes its time, otherwise it is people. */
export interface ManagementTimes {
  readonly joinMs: number;
  readonly peopleMs: number;
  /** For what is written down to be delivered. Default 3,000. */
  readonly deliveryMs?: number;
}

const DELIVERY_MS = 3_000;
const TIMES: ManagementTimes = { joinMs: 120_000, peopleMs: 50_000 };

/** The largest body: a code, a name, an address. */
const MAX_BODY_BYTES = 4096;

const PREFIX = "/api/v1";

/** Adds the routes to `app`, whose hooks have let the request in. */
export function addManagement(app: FastifyInstance, management: Management, log: Logger): void {
  const routes = new Routes(management, log);
  app.register(
    async (api) => {
      if (management.access !== undefined) addAudit(api, PREFIX, management.access);
      routes.addTo(api);
      if (management.access !== undefined) addAccessRoutes(api, management.access);
      if (management.clients !== undefined) addSessionRoutes(api, management.clients);
      if (management.sessions !== undefined) addHouseSessionRoutes(api, management.sessions);
      if (management.memory !== undefined) addMemoryRoutes(api, management.memory);
      if (management.look !== undefined) addLookRoutes(api, management.look);
      if (management.drains !== undefined) addDrainRoutes(api, management.drains);
      if (management.chaos !== undefined) addChaosRoutes(api, management.chaos);
      if (management.trust !== undefined) addTrustManagement(api, management.trust, management.access?.audit);
    },
    { prefix: PREFIX },
  );
}

class Routes {
  readonly #cluster: Cluster;
  readonly #ears: ManagedEars;
  readonly #report: Management["report"];
  readonly #log: Logger;
  readonly #times: ManagementTimes;

  constructor({ cluster, ears, report, times = TIMES }: Management, log: Logger) {
    this.#cluster = cluster;
    this.#ears = ears;
    this.#report = report;
    this.#log = log;
    this.#times = times;
  }

  addTo(api: FastifyInstance): void {
    const small = { bodyLimit: MAX_BODY_BYTES };
    api.get("/cluster", async () => this.#report());
    api.get("/peers", async () => ({ peers: this.#running().peers() }));
    api.get("/peers/departed", async () => ({ departed: this.#running().departed() }));
    api.get("/pairing", async () => this.#pairing());
    api.post("/pairing", small, async ({ body }) => this.#open(body));
    api.delete("/pairing", small, async ({ body }) => this.#close(body));
    api.get("/waiting", async () => ({ waiting: this.#running().waiting() }));
    api.post("/waiting/approve", small, async ({ body }, reply) => this.#approve(body, reply));
    api.post("/join", small, async ({ body }, reply) => this.#join(body, reply));
    api.post("/peers/revoke", small, async ({ body }) => this.#revoke(body));
    api.post("/leave", small, async ({ body }) => this.#leave(body));
    api.post("/recover", small, async ({ body }) => this.#recover(body));
    api.get("/ears", async () => this.#ears.report);
    api.post("/ears", small, async ({ body }) => this.#do(body));
    new Writes({ running: () => this.#running(), deliveryMs: this.#times.deliveryMs ?? DELIVERY_MS }).addTo(api);
  }

  /** @throws PeerError `cluster-off` */
  #running(): Cluster {
    if (this.#cluster.belonging !== "off") return this.#cluster;
    throw new PeerError("cluster-off", "this peer takes part in no cluster: that is switched off", {
      nextStep: "Start it without --no-cluster (parley config shows where cluster.enabled is set).",
    });
  }

  #pairing(): Record<string, unknown> {
    const { pairing, pairingEnd } = this.#running();
    return { pairing: pairing ?? null, ended: pairingEnd ?? null };
  }

  async #open(body: unknown): Promise<Record<string, unknown>> {
    readBody(emptyBody, body);
    return { pairing: await this.#running().openPairing(), ended: null };
  }

  #close(body: unknown): Record<string, unknown> {
    readBody(emptyBody, body);
    this.#running().closePairing();
    return this.#pairing();
  }

  async #approve(body: unknown, reply: FastifyReply): Promise<Record<string, unknown>> {
    const { who } = readBody(approveBody, body);
    const approving = this.#running().approve(who);
    // What becomes of it later is told by who belongs then.
    approving.catch((error: unknown) => this.#log.info({ why: messageOf(error) }, "an approved peer did not come in"));
    const peer = await within(this.#times.peopleMs, approving);
    if (peer === undefined) reply.code(202);
    return { peer: peer ?? null };
  }

  async #join(body: unknown, reply: FastifyReply): Promise<Record<string, unknown>> {
    const { address, ...proof } = readBody(joinBody, body);
    const cluster = this.#running();
    const isByCode = "code" in proof;
    const late = new PeerError("peer-silent", "the other peer took too long", { nextStep: "Try again." });
    const { joinMs, peopleMs } = this.#times;
    try {
      await patiently(reply, isByCode ? joinMs : peopleMs, late, (signal) =>
        cluster.join({ proof, signal, ...(address === undefined ? {} : { address }) }),
      );
    } catch (error) {
      if (error !== late || isByCode) throw error;
      reply.code(202);
    }
    const { belonging, clusterId = null } = cluster;
    return { belonging, clusterId };
  }

  async #revoke(body: unknown): Promise<Record<string, unknown>> {
    const { peer } = readBody(revokeBody, body);
    return { revocation: await this.#running().revoke(peer) };
  }

  async #do(body: unknown): Promise<EarsReport> {
    const order = readBody(earsBody, body).do;
    if (order === "on") this.#ears.open();
    else if (order === "off") await this.#ears.shut();
    else this.#ears.key(order);
    return this.#ears.report;
  }

  async #leave(body: unknown): Promise<Record<string, unknown>> {
    const { isForced = false } = readBody(leaveBody, body) ?? {};
    const cluster = this.#running();
    const { isAgreed, dropped } = await cluster.leave({ isForced });
    return { belonging: cluster.belonging, isAgreed, dropped };
  }

  async #recover(body: unknown): Promise<Record<string, unknown>> {
    readBody(recoverBody, body);
    const cluster = this.#running();
    if (cluster.recover === undefined) {
      throw new PeerError("usage", "this peer cannot begin anew from what it has", {
        nextStep: "Bring back the peers that are missing (parley status), or leave (parley leave) and pair anew.",
      });
    }
    await cluster.recover();
    const { belonging, clusterId = null } = cluster;
    return { belonging, clusterId };
  }
}

/**
 * The part of `/api/v1` that says who may come in, and what was done to the house.
 *
 *     GET    /clients              who there is; never their tokens
 *     POST   /clients              {name, role, groups?, targets?, expiresInMs?, remembers?}  201: {client, token}, the token this once
 *     PATCH  /clients/NAME         {role?, groups?, targets?, isActive?, remembers?}; targets null: anybody
 *     POST   /clients/NAME/token   a new token; the old one holds no more
 *     DELETE /clients/NAME
 *     GET    /audit?limit=N        what was done at this peer, the newest first
 */
import type { FastifyInstance } from "fastify";
import * as z from "zod";
import { failureOf } from "../../services/stage.ts";
import { emptyBody, readBody } from "../management/bodies.ts";
import type { AuditEntry, AuditLog } from "./audit.ts";
import type { ClientBook, ClientChange } from "./client-book.ts";
import type { ClientRecord } from "./client-record.ts";
import type { Principal } from "./gate.ts";
import type { Refusals } from "./refusals.ts";
import { roles } from "./rights.ts";
import { changesOf, toldOf } from "./told.ts";

const LONGEST_MS = 10 * 365 * 86_400_000;
const name = z.string().min(1).max(64);
const labels = z.array(z.string().min(1).max(128)).max(64);

const addBody = z.strictObject({
  name,
  role: z.enum(roles),
  groups: labels.optional(),
  targets: labels.optional(),
  expiresInMs: z.int().min(1_000).max(LONGEST_MS).optional(),
  remembers: z.boolean().optional(),
});
const changeBody = z.strictObject({
  role: z.enum(roles).optional(),
  groups: labels.optional(),
  targets: labels.nullish(),
  isActive: z.boolean().optional(),
  remembers: z.boolean().optional(),
});
const auditQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(10_000).optional() });
const DEFAULT_ENTRIES = 100;

/** What the routes work on. */
export interface AccessParts {
  readonly book: ClientBook;
  readonly audit: AuditLog;
  /** Where what was refused is written down; undefined: nowhere. */
  readonly refusals?: Refusals | undefined;
  /** What is kept of a client goes with it, and nobody finds what another of its name has left. */
  readonly memory?: { forget(account: string): Promise<number> } | undefined;
  readonly nowMs?: () => number;
}

type Named = { readonly Params: { readonly name: string } };

/** Adds the routes to `api`, whose hooks have let the request in and know whose it is. */
export function addAccessRoutes(api: FastifyInstance, parts: AccessParts): void {
  new AccessRoutes(parts).addTo(api);
}

class AccessRoutes {
  readonly #parts: AccessParts;

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  addTo(api: FastifyInstance): void {
    const small = { bodyLimit: 32_768 };
    api.get("/clients", async () => ({ clients: this.#parts.book.list().map(shown) }));
    api.post("/clients", small, async ({ body, principal }, reply) => {
      const added = await this.#add(body, actorOf(principal));
      reply.code(201);
      return added;
    });
    api.patch<Named>("/clients/:name", small, async ({ params, body, principal }) =>
      this.#change(params.name, body, actorOf(principal)),
    );
    api.post<Named>("/clients/:name/token", small, async ({ params, body, principal }) =>
      this.#renew(params.name, body, actorOf(principal)),
    );
    api.delete<Named>("/clients/:name", small, async ({ params, principal }) =>
      this.#remove(params.name, actorOf(principal)),
    );
    api.get("/audit", async ({ query }) => this.#audit(query));
  }

  async #add(body: unknown, actor: string): Promise<Record<string, unknown>> {
    const { expiresInMs, ...wanted } = readBody(addBody, body);
    const { book, memory, nowMs = Date.now } = this.#parts;
    const expiresMs = expiresInMs === undefined ? undefined : nowMs() + expiresInMs;
    const { role, groups = [], targets, remembers = false } = wanted;
    const details = toldOf({ role, groups, targets, remembers, expiresMs });
    const about = { actor, action: "client.add", target: wanted.name, details };
    const { client, token } = await this.#audited(about, async () => {
      if (book.find(wanted.name) === undefined) await memory?.forget(wanted.name);
      return book.add({ ...wanted, expiresMs, by: actor });
    });
    return { client: shown(client), token };
  }

  async #change(target: string, body: unknown, actor: string): Promise<Record<string, unknown>> {
    const { role, groups, targets, isActive, remembers } = readBody(changeBody, body);
    const change: ClientChange = {
      ...(role === undefined ? {} : { role }),
      ...(groups === undefined ? {} : { groups }),
      ...(targets === undefined ? {} : { targets: targets ?? undefined }),
      ...(isActive === undefined ? {} : { isActive }),
      ...(remembers === undefined ? {} : { remembers }),
    };
    const { book } = this.#parts;
    const details = changesOf(book.find(target), change);
    const client = await this.#audited({ actor, action: "client.change", target, details }, () =>
      book.change(target, change),
    );
    return { client: shown(client) };
  }

  async #renew(target: string, body: unknown, actor: string): Promise<Record<string, unknown>> {
    readBody(emptyBody, body);
    const { book } = this.#parts;
    const { role } = book.find(target) ?? {};
    const about = { actor, action: "client.renew", target, details: toldOf({ role }) };
    const { client, token } = await this.#audited(about, () => book.renew(target));
    return { client: shown(client), token };
  }

  async #remove(target: string, actor: string): Promise<Record<string, unknown>> {
    const { book, memory } = this.#parts;
    const { role, groups, targets } = book.find(target) ?? {};
    const details = toldOf({ role, groups, targets });
    await this.#audited({ actor, action: "client.remove", target, details }, async () => {
      await book.remove(target);
      await memory?.forget(target);
    });
    return { removed: target };
  }

  async #audit(query: unknown): Promise<Record<string, unknown>> {
    const { limit = DEFAULT_ENTRIES } = readBody(auditQuery, query);
    return { entries: await this.#parts.audit.read(limit) };
  }

  /** Does it, and writes down who did what, however it ended. */
  async #audited<T>(about: Omit<AuditEntry, "at" | "outcome">, work: () => Promise<T>): Promise<T> {
    const { audit } = this.#parts;
    try {
      const result = await work();
      await audit.note({ ...about, outcome: "done" });
      return result;
    } catch (error) {
      const details = { ...about.details, code: failureOf(error).code };
      await audit.note({ ...about, outcome: "failed", details });
      throw error;
    }
  }
}

function actorOf(principal: Principal | undefined): string {
  return principal?.account ?? "nobody";
}

/** All of it but its proof. */
function shown(client: ClientRecord): Record<string, unknown> {
  return Object.fromEntries(Object.entries(client).filter(([field]) => field !== "proof"));
}

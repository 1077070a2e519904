/**
 * The part of `/api/v1` that shows what is remembered: to a client its own, to admins anybody's (`?account=NAME`). A bridge or guest
 * has no memory. What is read of somebody else, and what is forgotten, is written into the audit log.
 *
 *     GET    /memory/search?text=…&thread=…&from=…&before=…&limit=…&offset=…   {matched, total, found}
 *     GET    /memory/threads                                                   {threads}
 *     GET    /memory/threads/ID?limit=…&before=…                               {turns}
 *     GET    /memory/export                                                    all of it, as lines of JSON, one for each turn
 *     DELETE /memory/threads/ID                                                {forgotten}: turns
 *     DELETE /memory                                                           {forgotten}: all turns
 *
 * Times are milliseconds since 1970, or ISO 8601.
 */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { KeptTurn, Memory, MemoryFindings } from "../services/memory/port.ts";
import { failureOf } from "../services/stage.ts";
import type { AuditLog } from "./access/audit.ts";
import type { ClientBook } from "./access/client-book.ts";
import { hasRight } from "./access/rights.ts";
import { sendRefusal } from "./failure.ts";
import { readBody } from "./management/bodies.ts";

const account = z.string().min(1).max(64).optional();
const text = z.string().max(512);
const count = (most: number) => z.coerce.number().int().min(0).max(most).optional();
/** Whole numbers come as text. */
const instant = z
  .union([z.string().regex(/^\d{1,15}$/), z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((given) => (/^\d+$/.test(given) ? Number(given) : Date.parse(given)))
  .optional();

const whoQuery = z.strictObject({ account });
const searchQuery = z.strictObject({
  account,
  text,
  thread: z.string().max(128).optional(),
  from: instant,
  before: instant,
  limit: count(1_000),
  offset: count(1_000_000),
});
const readQuery = z.strictObject({ account, limit: count(1_000), before: z.string().max(256).optional() });

export interface MemoryRouteParts {
  readonly memory: Memory;
  readonly book: Pick<ClientBook, "get">;
  readonly audit: AuditLog;
}

type OfThread = { readonly Params: { readonly id: string } };

/** Adds the routes to `api`, whose hooks have let the request in and know whose it is. */
export function addMemoryRoutes(api: FastifyInstance, parts: MemoryRouteParts): void {
  new MemoryRoutes(parts).addTo(api);
}

class MemoryRoutes {
  readonly #parts: MemoryRouteParts;

  constructor(parts: MemoryRouteParts) {
    this.#parts = parts;
  }

  addTo(api: FastifyInstance): void {
    const guarded = { preHandler: guard };
    api.get("/memory/search", guarded, (request) => this.#search(request));
    api.get("/memory/threads", guarded, (request) => this.#threads(request));
    api.get<OfThread>("/memory/threads/:id", guarded, (request) => this.#read(request, request.params.id));
    api.get("/memory/export", guarded, (request, reply) => this.#export(request, reply));
    api.delete<OfThread>("/memory/threads/:id", guarded, (request) => this.#forget(request, request.params.id));
    api.delete("/memory", guarded, (request) => this.#forget(request, undefined));
  }

  async #search(request: FastifyRequest): Promise<MemoryFindings> {
    const { account: asked, thread, from, before, ...rest } = readBody(searchQuery, request.query);
    const who = await this.#whose(request, asked, "memory.search");
    return this.#parts.memory.search(who, { ...rest, threadId: thread, fromMs: from, beforeMs: before });
  }

  async #threads(request: FastifyRequest): Promise<Record<string, unknown>> {
    const who = await this.#whose(request, readBody(whoQuery, request.query).account, "memory.threads");
    return { account: who, threads: this.#parts.memory.threads(who) };
  }

  async #read(request: FastifyRequest, threadId: string): Promise<Record<string, unknown>> {
    const asked = readBody(readQuery, request.query);
    const who = await this.#whose(request, asked.account, "memory.read");
    return { turns: this.#parts.memory.read(who, threadId, asked) };
  }

  async #export(request: FastifyRequest, reply: FastifyReply): Promise<Readable> {
    const who = await this.#whose(request, readBody(whoQuery, request.query).account, "memory.export");
    reply.type("application/x-ndjson");
    return Readable.from(lines(this.#parts.memory.export(who)));
  }

  async #forget(request: FastifyRequest, threadId: string | undefined): Promise<Record<string, unknown>> {
    const { memory, audit } = this.#parts;
    const who = await this.#whose(request, readBody(whoQuery, request.query).account, undefined);
    const about = { actor: request.principal?.account ?? "nobody", action: "memory.forget", target: who };
    try {
      const forgotten = await memory.forget(who, threadId);
      await audit.note({ ...about, outcome: "done", details: { turns: forgotten } });
      return { forgotten };
    } catch (error) {
      await audit.note({ ...about, outcome: "failed", details: { code: failureOf(error).code } });
      throw error;
    }
  }

  /** Whose memory it is about; somebody else's is an admin's business. @throws PeerError `no-such-client` */
  async #whose({ principal }: FastifyRequest, asked: string | undefined, action: string | undefined): Promise<string> {
    const own = principal?.account ?? "nobody";
    if (asked === undefined || asked === own) return own;
    const { book, audit } = this.#parts;
    book.get(asked);
    if (action !== undefined) await audit.note({ actor: own, action, target: asked, outcome: "done", details: {} });
    return asked;
  }
}

/** Nobody but admins is shown, or forgets, what others said. */
async function guard(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const { principal, query } = request;
  const asked = whoQuery.loose().safeParse(query).data?.account;
  const isOwn = principal !== undefined && (asked === undefined || asked === principal.account);
  if (isOwn || (principal !== undefined && hasRight(principal.role, "manage"))) return undefined;
  return sendRefusal(reply, {
    status: 403,
    failure: {
      code: "AUTHORIZATION_DENIED",
      message: "what others said is shown to admins only",
      nextStep: "Ask without account: for what was said by this client itself.",
    },
  });
}

function* lines(turns: Iterable<KeptTurn>): Generator<string> {
  for (const turn of turns) yield `${JSON.stringify(turn)}\n`;
}

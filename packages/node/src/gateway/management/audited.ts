/**
 * What is written down of what is done over `/api/v1`: each deed in the audit log before it is answered, with what it was about and
 * never a code, a token or a text; and who asked for what it may not have. What is done with clients, and with what is remembered,
 * is written down where it is done (`../access/routes.ts`, `../memory-routes.ts`), with more of it.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import * as z from "zod";
import type { AuditEntry, AuditLog } from "../access/audit.ts";
import type { Refusals } from "../access/refusals.ts";

type Details = AuditEntry["details"];
interface About {
  readonly action: string;
  readonly target?: string | undefined;
  readonly details?: Details;
}

/** Longest text of a setting that is written down as a whole. */
const MOST_CHARS = 256;

/** As much of a body as is told. */
const told = z.object({
  who: z.string().optional(),
  peer: z.string().optional(),
  address: z.string().optional(),
  key: z.string().optional(),
  value: z.string().nullish(),
  do: z.string().optional(),
  kind: z.string().max(64).optional(),
  isForced: z.boolean().optional(),
});
type Told = z.output<typeof told>;

/** Deeds by method and route, without the prefix. */
const DEEDS: Readonly<Record<string, (body: Told, id: string | undefined) => About>> = {
  "POST /pairing": () => ({ action: "pairing.open" }),
  "DELETE /pairing": () => ({ action: "pairing.close" }),
  "POST /waiting/approve": ({ who }) => ({ action: "peer.approve", target: who }),
  "POST /join": ({ address }) => ({ action: "house.join", target: address }),
  "POST /peers/revoke": ({ peer }) => ({ action: "peer.revoke", target: peer }),
  "POST /leave": ({ isForced = false }) => ({ action: "house.leave", details: { isForced } }),
  "POST /recover": () => ({ action: "house.recover" }),
  "POST /ears": ({ do: order }) => ({ action: "ears.order", target: "ears", details: { order: order ?? "" } }),
  "PUT /settings": ({ key, value = null }) => ({
    action: "setting.change",
    target: key,
    details: { value: value === null || value.length <= MOST_CHARS ? value : `${value.length} characters` },
  }),
  "DELETE /sessions/house/:id": (_body, id) => ({ action: "session.end", target: id }),
  "POST /chaos": ({ peer, kind = "" }) => ({ action: "chaos.order", target: peer, details: { kind } }),
  "PUT /pairs": ({ key, value }) => ({ action: "pair.write", target: key, details: { chars: value?.length ?? 0 } }),
};
/** Written down where they are done; only refused before they get there. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "POST /clients": "client.add",
  "PATCH /clients/:name": "client.change",
  "POST /clients/:name/token": "client.renew",
  "DELETE /clients/:name": "client.remove",
  "POST /trust/renew": "authority.renew",
};

/** Where it is written down. */
export interface AuditParts {
  readonly audit: AuditLog;
  readonly refusals?: Pick<Refusals, "note"> | undefined;
}

/** Adds it to `api`, the routes under `prefix`. */
export function addAudit(api: FastifyInstance, prefix: string, { audit, refusals }: AuditParts): void {
  api.addHook("onSend", async (request, { statusCode }) => {
    const { principal } = request;
    if (principal === undefined) return;
    const actor = principal.account;
    const route = `${request.method} ${(request.routeOptions.url ?? "").slice(prefix.length)}`;
    const { action, target = "house", details = {} } = aboutOf(route, request);
    if (statusCode === 403) return refusals?.note({ actor, action, target, details });
    // What was not counted as a request was not looked at.
    if (!Object.hasOwn(DEEDS, route) || statusCode === 429) return;
    const hasFailed = statusCode >= 400;
    const more = hasFailed ? { status: statusCode } : {};
    await audit.note({
      actor,
      action,
      target,
      outcome: hasFailed ? "failed" : "done",
      details: { ...details, ...more },
    });
  });
}

function aboutOf(route: string, { body, params }: FastifyRequest): About {
  const parsed = told.safeParse(body);
  const deed = DEEDS[route];
  if (deed !== undefined) {
    return deed(parsed.success ? parsed.data : {}, z.object({ id: z.string() }).safeParse(params).data?.id);
  }
  const named = z.object({ name: z.string() }).safeParse(params);
  return { action: ELSEWHERE[route] ?? route, ...(named.success ? { target: named.data.name } : {}) };
}

/**
 * The part of `/api/v1` that shows who of the house does what, and how busy each is: for every client that may look.
 *
 *     GET    /route               {services, policy, isChosen, problems}
 *     GET    /route/explain?request=STT:lang=en    candidates with their scores, and which rule excluded each other one
 *     POST   /route/policy        {policy: object | null}   what would be otherwise if it held; nothing is changed.
 *                                                           It is chosen as the setting `routing/policy`: `writes.ts`
 *     GET    /top                 {peers}: of each its load, or null where it did not say
 */
import type { FastifyInstance } from "fastify";
import * as z from "zod";
import { PeerError } from "../../errors.ts";
import { parseRequest, readPolicy, type Policy } from "../../routing/index.ts";
import type { HouseLoad } from "../../services/load/house-load.ts";
import type { RoutingView } from "../../services/mesh/routing-view.ts";
import { readBody } from "./bodies.ts";

/** What the routes show. */
export interface LookParts {
  readonly routing: () => Pick<RoutingView, "list" | "explain" | "policy" | "effectsOf">;
  readonly load: Pick<HouseLoad, "all">;
}

const explainQuery = z.strictObject({ request: z.string().min(1).max(1_024) });
const policyBody = z.strictObject({ policy: z.unknown() });
const MAX_BODY_BYTES = 65_536;

/** Adds the routes to `api`, whose hooks have let the request in. */
export function addLookRoutes(api: FastifyInstance, { routing, load }: LookParts): void {
  api.get("/route", async () => ({ services: routing().list(), ...routing().policy() }));
  api.get("/route/explain", async ({ query }) => {
    const read = parseRequest(readBody(explainQuery, query).request);
    if (!read.ok) throw new PeerError("usage", read.problem, { nextStep: read.nextStep });
    return routing().explain(read.request);
  });
  api.post("/route/policy", { bodyLimit: MAX_BODY_BYTES }, async ({ body }) => {
    const after = checkedPolicy(readBody(policyBody, body).policy ?? {});
    return { before: routing().policy().policy, after, effects: routing().effectsOf(after) };
  });
  api.get("/top", async () => ({ atMs: Date.now(), peers: await load.all() }));
}

/** @throws PeerError `usage` with all that is wrong */
function checkedPolicy(value: unknown): Policy {
  const read = readPolicy(value);
  if (read.ok) return read.policy;
  throw new PeerError("usage", `the policy cannot be used: ${read.problems.join("; ")}`, {
    nextStep: "Mend it and give it again; docs/ROUTING.md says what it may hold.",
  });
}

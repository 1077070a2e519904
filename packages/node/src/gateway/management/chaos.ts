/**
 * The part of `/api/v1` that has peers hurt on purpose, for `parley chaos`.
 *
 *     GET    /chaos?account=NAME  {peers}: how each fares, what it would bear, and what it has noticed; NAME's own turns are not counted
 *     POST   /chaos               {peer, id, kind, holdMs, account, withPeople?}    {hurt: {peerId, name}}: it is about to be; it ends by itself
 */
import type { FastifyInstance } from "fastify";
import * as z from "zod";
import { accountSchema, faultSchema } from "../../services/chaos/faults.ts";
import type { HouseChaos } from "../../services/chaos/remote.ts";
import { readBody } from "./bodies.ts";

/** What the routes work on. */
export type ChaosRouteParts = Pick<HouseChaos, "all" | "hurt">;

const lookQuery = z.strictObject({ account: accountSchema });
const hurtBody = z.strictObject({
  ...faultSchema.omit({ by: true, withPeople: true }).shape,
  peer: z.string().trim().min(1).max(128),
  withPeople: z.boolean().optional(),
});
const MAX_BODY_BYTES = 4_096;

/** Adds the routes to `api`, whose hooks have let the request in and know whose it is. */
export function addChaosRoutes(api: FastifyInstance, chaos: ChaosRouteParts): void {
  api.get("/chaos", async ({ query }) => ({ peers: await chaos.all(readBody(lookQuery, query).account) }));
  api.post("/chaos", { bodyLimit: MAX_BODY_BYTES }, async ({ body, principal }) => {
    const { peer, withPeople = false, ...fault } = readBody(hurtBody, body);
    return { hurt: await chaos.hurt(peer, { ...fault, withPeople, by: principal?.account ?? "nobody" }) };
  });
}

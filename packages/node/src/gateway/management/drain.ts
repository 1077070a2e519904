/**
 * The part of `/api/v1` that has peers hand over what they do, and stay members.
 *
 *     GET    /drain?peer=WHO     how far that peer is with it: {peerId, name, isDraining, phase, mayStop, isPrime, isVoter, left, …}
 *     POST   /drain              {peer?, timeoutMs?}    begins, or begins anew; the answer comes at once, and is the same
 *     DELETE /drain              {peer?}                takes it back
 *
 * A peer is named by its name, its fingerprint or its id; none: the one that is asked.
 */
import type { FastifyInstance } from "fastify";
import * as z from "zod";
import { DRAIN_MS, MAX_DRAIN_MS, type HouseDrains } from "../../services/drain/remote.ts";
import { readBody } from "./bodies.ts";

/** What the routes work on. */
export type DrainRouteParts = Pick<HouseDrains, "order">;

const peer = z.string().trim().min(1).max(128).optional();
const who = z.strictObject({ peer }).nullish();
const begun = z.strictObject({ peer, timeoutMs: z.int().min(1_000).max(MAX_DRAIN_MS).optional() }).nullish();
const MAX_BODY_BYTES = 4_096;

/** Adds the routes to `api`, whose hooks have let the request in. */
export function addDrainRoutes(api: FastifyInstance, drains: DrainRouteParts): void {
  const small = { bodyLimit: MAX_BODY_BYTES };
  api.get("/drain", async ({ query }) => ({ drain: await drains.order(readBody(who, query)?.peer, { do: "look" }) }));
  api.post("/drain", small, async ({ body }) => {
    const { peer: named, timeoutMs = DRAIN_MS } = readBody(begun, body) ?? {};
    return { drain: await drains.order(named, { do: "begin", timeoutMs }) };
  });
  api.delete("/drain", small, async ({ body }) => ({
    drain: await drains.order(readBody(who, body)?.peer, { do: "undo" }),
  }));
}

/**
 * The part of `/api/v1` that shows who is connected.
 *
 *     GET    /sessions             those of this peer, with state, times and reason; then those that ended, the latest first
 *     GET    /clients/connected    the clients of the whole house, and where
 */
import type { FastifyInstance } from "fastify";
import type { Hub } from "../hub/hub.ts";
import type { Sessions } from "./sessions.ts";

export interface SessionRouteParts {
  readonly sessions: Pick<Sessions, "list">;
  readonly hub: Pick<Hub, "directory">;
}

/** Adds the routes to `api`, whose hooks have let the request in. */
export function addSessionRoutes(api: FastifyInstance, { sessions, hub }: SessionRouteParts): void {
  api.get("/sessions", async () => ({ sessions: sessions.list() }));
  api.get("/clients/connected", async () => ({
    clients: hub.directory.connected.map(({ peer, seat }) => ({ peer, ...seat })),
  }));
}

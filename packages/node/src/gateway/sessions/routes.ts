/**
 * The part of `/api/v1` that shows who is connected.
 *
 *     GET    /sessions             the clients of this peer, with state, times and reason; then those that have left, the latest first;
 *                                  and the conversations that live here, whoever's clients they are
 *     GET    /clients/connected    the clients of the whole house, and where
 */
import type { FastifyInstance } from "fastify";
import type { SessionHouse } from "../../services/session/house.ts";
import type { Hub } from "../hub/hub.ts";
import type { Sessions } from "./sessions.ts";

export interface SessionRouteParts {
  readonly sessions: Pick<Sessions, "list">;
  readonly hub: Pick<Hub, "directory">;
  readonly conversations?: Pick<SessionHouse, "list"> | undefined;
}

/** Adds the routes to `api`, whose hooks have let the request in. */
export function addSessionRoutes(api: FastifyInstance, { sessions, hub, conversations }: SessionRouteParts): void {
  api.get("/sessions", async () => ({ sessions: sessions.list(), conversations: conversations?.list() ?? [] }));
  api.get("/clients/connected", async () => ({
    clients: hub.directory.connected.map(({ peer, seat }) => ({ peer, ...seat })),
  }));
}

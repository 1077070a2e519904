/**
 * The part of `/api/v1` that shows the sessions of the whole house, and ends them: to admins all, to others those of their own account.
 * Nothing that was said is shown.
 *
 *     GET    /sessions/house          {account, sessions, silent, names}: `account` is whoever asks, `silent` are the peers that are there and
 *                                     did not answer, `names` those of all peers by their ids
 *     GET    /sessions/house/ID       {session, names}; the beginning of its id is enough where that is one session's
 *     DELETE /sessions/house/ID       {ended}: its client is told, and what was said in it is forgotten
 */
import type { FastifyInstance } from "fastify";
import { PeerError } from "../../errors.ts";
import type { HouseSession, HouseSessions, SessionsOfHouse } from "../../services/session/house-sessions.ts";
import { hasRight } from "../access/rights.ts";
import type { Principal } from "../access/gate.ts";

type OfSession = { readonly Params: { readonly id: string } };
type Found = Pick<SessionsOfHouse, "names"> & { readonly session: HouseSession };

/** Adds the routes to `api`, whose hooks have let the request in and know whose it is. */
export function addHouseSessionRoutes(api: FastifyInstance, house: Pick<HouseSessions, "all" | "end">): void {
  const found = async (principal: Principal | undefined, id: string): Promise<Found> => {
    const { sessions, names } = await house.all(accountFor(principal));
    return { session: theOne(sessions, id), names };
  };
  api.get("/sessions/house", async ({ principal }) => ({
    account: principal?.account,
    ...(await house.all(accountFor(principal))),
  }));
  api.get<OfSession>("/sessions/house/:id", ({ principal, params }) => found(principal, params.id));
  api.delete<OfSession>("/sessions/house/:id", async ({ principal, params }) => ({
    ended: await house.end((await found(principal, params.id)).session),
  }));
}

/** Whose sessions somebody may see; undefined: all. */
function accountFor(principal: Principal | undefined): string | undefined {
  if (principal === undefined) return "nobody";
  return hasRight(principal.role, "manage") ? undefined : principal.account;
}

/** @throws PeerError `no-such-session` */
function theOne(sessions: readonly HouseSession[], id: string): HouseSession {
  // Nothing is the beginning of all: it would end the only one there is.
  const matching = id === "" ? [] : sessions.filter(({ sessionId }) => sessionId.startsWith(id));
  const found = matching.find(({ sessionId }) => sessionId === id) ?? (matching.length === 1 ? matching[0] : undefined);
  if (found !== undefined) return found;
  const why = matching.length === 0 ? "there is no session" : `there are ${matching.length} sessions`;
  throw new PeerError("no-such-session", `${why} whose id begins with "${id}"`, {
    nextStep: matching.length === 0 ? "Look which there are: parley sessions." : "Give more of its id.",
  });
}

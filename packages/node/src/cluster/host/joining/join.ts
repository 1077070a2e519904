/** A person wants this peer to belong: by a code, or by a fingerprint that was compared. */
import { isPeerError, PeerError } from "../../../errors.ts";
import { withoutCorrelation } from "../../../log.ts";
import { isFingerprintOf } from "../../../mesh/door/code/fingerprint.ts";
import type { ClusterHost } from "../cluster-host.ts";
import type { Neighbour } from "./neighbours.ts";
import type { Place } from "./visits.ts";

/** Where an address names no port. */
export const DEFAULT_MESH_PORT = 8766;

const PAIR_MS = 45_000;

/**
 * @param place where to ask; else at every door that was met, those first where a window is open
 * @throws PeerError `pairing-failed`, `pairing-closed`, `unreachable`, `no-cluster-found`, `already-member`
 */
export async function joinByCode(
  host: ClusterHost,
  code: string,
  place: Place | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { visits, seeker } = host.open();
  const within = AbortSignal.any([signal, AbortSignal.timeout(PAIR_MS)]);
  let failure: unknown;
  for (const { peer, addresses } of await doorsFor(host, place, within)) {
    try {
      const { about } = await visits.hello({ peer, addresses }, within);
      if (about.cluster === null) throw noCluster("the peer there belongs to no cluster itself");
      const at = { peer: about.peerId, addresses };
      const request = { clusterId: about.cluster.id, method: "code", secret: code } as const;
      const welcome = await visits.pair(at, request, within);
      await host.enter(welcome);
      return;
    } catch (error) {
      signal.throwIfAborted();
      failure ??= error;
      // Somebody else's window may be the one that is meant; a code that was wrong is not tried elsewhere.
      if (!isPeerError(error, "pairing-closed", "unreachable", "no-cluster-found")) throw error;
    }
  }
  withoutCorrelation(() => seeker.look());
  throw failure ?? noCluster("none was met yet");
}

/** @throws PeerError `no-cluster-found`; the reason of `signal` */
export async function joinByFingerprint(
  host: ClusterHost,
  fingerprint: string,
  place: Place | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { visits, seeker, knocker } = host.open();
  if (place !== undefined) {
    const { about, address } = await visits.hello(place, signal);
    seeker.neighbours.met(about, address);
  }
  const found = seeker.neighbours.all().find(({ peer }) => isFingerprintOf(fingerprint, peer));
  if (found === undefined) throw noCluster("no peer with this fingerprint was met");
  knocker.trust(fingerprint);
  knocker.knock(found.peer, found.about?.cluster?.id ?? seeker.beside ?? "");
  const isIn = Promise.withResolvers<void>();
  const look = (): void => {
    if (host.member !== undefined && host.member.roster.members.has(found.peer)) isIn.resolve();
  };
  const stop = host.watch(look);
  const abort = (): void => isIn.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  look();
  try {
    await isIn.promise;
  } finally {
    stop();
    signal.removeEventListener("abort", abort);
    knocker.distrust();
  }
}

/** Where to ask, in this order. */
async function doorsFor(host: ClusterHost, place: Place | undefined, signal: AbortSignal): Promise<readonly Place[]> {
  const { visits, seeker } = host.open();
  const { neighbours } = seeker;
  const own = host.member?.roster.cluster;
  const others = neighbours.all().filter(({ about }) => about?.cluster !== undefined && about.cluster?.id !== own);
  if (place !== undefined) return [place, ...others.map((each) => neighbours.placeOf(each))];
  // Windows open and close: each is asked what it is now.
  await Promise.allSettled(
    others.map(async (each) => {
      const { about, address } = await visits.hello(neighbours.placeOf(each), signal);
      neighbours.met(about, address);
    }),
  );
  const beside = seeker.beside;
  const rank = ({ about }: Neighbour): number =>
    (about?.pairing === "open" ? 0 : 2) + (about?.cluster?.id === beside ? 0 : 1);
  return others.toSorted((a, b) => rank(a) - rank(b)).map((each) => neighbours.placeOf(each));
}

function noCluster(why: string): PeerError {
  return new PeerError("no-cluster-found", `there is no cluster to join: ${why}`, {
    nextStep: "Give the address that parley pair shows on a member: parley join ADDRESS --code CODE.",
  });
}

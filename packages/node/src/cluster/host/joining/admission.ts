/** Letting newcomers in: proposed to the replicated state, which gives each its number, and answered with a welcome. */
import { PeerError } from "../../../errors.ts";
import type { Newcomer } from "../../../mesh/door/server/ports.ts";
import type { KnownMember } from "../home/cluster-home.ts";
import type { Member } from "../member/member.ts";
import { pause } from "../pause.ts";
import { encodeWelcome } from "./welcome.ts";

/** Of one try; a newcomer waits for several. */
const TRY_MS = 5_000;
const PAUSE_MS = 50;

/**
 * The welcome for a newcomer; the same again for one that is in already.
 * @throws PeerError `admission-refused` when the cluster does not want it, `no-quorum` when nobody could say
 */
export async function admit(
  member: Member,
  newcomer: Newcomer,
  options: { readonly addresses: readonly string[]; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { shared, identity } = member;
  const { peerId, name, sealingKey, knows } = newcomer;
  const isBack = shared.now.members.has(peerId);
  while (!options.signal.aborted) {
    const { generation, box } = identity.boxFor({ peerId, sealingKey });
    const entry = { peer: peerId, name, sealingKey, roles: [], admittedMs: Date.now(), knows };
    const submitted = await shared.submit({ type: "admit", member: entry, generation, box }, { timeoutMs: TRY_MS });
    if (submitted.outcome === "done") {
      const { value: node, index } = submitted;
      return welcome(member, { peer: peerId, node, index, isBack }, options.addresses);
    }
    // The key was renewed meanwhile: its new generation is on its way here.
    const mayRetry = submitted.outcome === "refused" && submitted.reason === "mismatch";
    if (!mayRetry) throw refusal(submitted);
    await pause(PAUSE_MS, options.signal);
  }
  throw noQuorum("it took too long");
}

/** The welcome for one that is in. @throws PeerError `no-quorum` when that is not known here */
export function welcomeAgain(
  member: Member,
  peer: string,
  addresses: readonly string[],
  maxBytes?: number,
): Uint8Array {
  const known = member.shared.now.members.get(peer);
  if (known === undefined) throw noQuorum("this peer has not caught up");
  return welcome(member, { peer, node: known.node, index: member.shared.now.index, isBack: true }, addresses, maxBytes);
}

function welcome(
  member: Member,
  newcomer: { readonly peer: string; readonly node: number; readonly index: number; readonly isBack: boolean },
  own: readonly string[],
  maxBytes?: number,
): Uint8Array {
  const { roster, shared, votes } = member;
  const { leader } = shared.consensus.leadership.current();
  const rank = ({ peer, node }: KnownMember): number => {
    if (peer === newcomer.peer || peer === leader) return 0;
    if (peer === roster.self) return 1;
    return votes.voters.includes(node) ? 2 : 3;
  };
  const members = [...roster.members.values()]
    .map((each) => (each.peer === roster.self ? { ...each, addresses: own } : each))
    .toSorted((a, b) => rank(a) - rank(b));
  const { node, index, isBack } = newcomer;
  return encodeWelcome({ cluster: roster.cluster, node, index, ...(isBack ? { isBack } : {}), members }, maxBytes);
}

function refusal({ outcome, detail, ...rest }: { outcome: string; detail: string; reason?: string }): PeerError {
  const isFinal = outcome === "refused" && ["revoked", "too-old", "full", "malformed"].includes(rest.reason ?? "");
  if (!isFinal) return noQuorum(detail);
  if (rest.reason === "too-old") {
    // The newcomer's software is old: it says what it is told, and nothing else.
    const what = `${detail}: install the version of Parley there that this cluster's peers run, and join again`;
    return new PeerError("admission-refused", `the software of the newcomer is too old: ${what}`, {
      nextStep: "Upgrade Parley at the newcomer.",
    });
  }
  return new PeerError("admission-refused", `the cluster does not take this peer: ${detail}`, {
    nextStep: "Ask the person whose cluster it is.",
  });
}

function noQuorum(why: string): PeerError {
  return new PeerError("no-quorum", `the cluster could not agree to let the newcomer in: ${why}`, {
    nextStep: "Try again when more of the cluster's peers can be reached (parley status).",
  });
}

/** The face of a cluster over its host. */
import type { ActorSystem } from "@parley/actors";
import { PeerError, isPeerError } from "../../errors.ts";
import { fingerprintOf } from "../../mesh/door/code/fingerprint.ts";
import { invitationText, readInvitation } from "../../mesh/door/code/invitation.ts";
import { readPairingCode, showPairingCode } from "../../mesh/door/code/pairing-code.ts";
import type { Hindrance } from "../../mesh/host/hindrance.ts";
import { NEW_IDENTITY } from "../../mesh/door/new-identity.ts";
import { addressesForOthers } from "../../mesh/host/addresses.ts";
import { locate, readKnownHost, resolveBySystem } from "../../mesh/discovery/known-hosts.ts";
import type { Consensus } from "../consensus/port.ts";
import type { SharedState } from "../consensus/shared-state.ts";
import type { Journals } from "../journal/port.ts";
import type { Later } from "../outbox/outbox.ts";
import type {
  Belonging,
  Cluster,
  ClusterStatus,
  DepartedPeer,
  JoinRequest,
  LeaveOptions,
  LeaveReport,
  MemberDraining,
  MetCluster,
  PairingEnd,
  PairingWindow,
  PeerReport,
  RevocationReport,
  WaitingPeer,
} from "../face.ts";
import { explainCluster } from "../status/explain.ts";
import type { ClusterFacts } from "../status/facts.ts";
import type { OtherCluster } from "../status/others.ts";
import type { ClusterHost } from "./cluster-host.ts";
import { belongs } from "./home/cluster-home.ts";
import {
  isNamedBy,
  memberNamed,
  namesakesOf,
  toApprove,
  waitsNotHere,
  type Company as NamedCompany,
} from "./joining/namesakes.ts";
import type { Neighbour } from "./joining/neighbours.ts";
import { electorateOf, expel } from "./member/expulsion.ts";
import { DEFAULT_MESH_PORT, joinByCode, joinByFingerprint } from "./joining/join.ts";
import { waitingAt } from "./member/doors.ts";
import type { HouseSecrets } from "./member/house-secrets.ts";
import type { Member } from "./member/member.ts";
import { homeOfClient } from "./member/homes.ts";
import { departedFrom, factsOf, peersOf, revocationOf } from "./reports.ts";

/** What is left to whom the others cannot let go. */
const FORCE =
  "To leave without them, who then count this peer and its vote until one of them revokes it: parley leave --force.";

const READ_MS = 3_000;
const REVOKE_MS = 10_000;
/** How long other members are waited for that are asked who waits at them. */
const DOORS_MS = 1_500;
/** How long a revocation is waited for to be applied by those who are there. */
const APPLIED_MS = 3_000;

export class ClusteredPeer implements Cluster {
  readonly #host: ClusterHost;

  constructor(host: ClusterHost) {
    this.#host = host;
  }

  get peerId(): string {
    return this.#host.options.identity.peerId;
  }

  get belonging(): Belonging {
    const { member, record, premises } = this.#host;
    if (member !== undefined || belongs(record)) return "member";
    const how = record?.standing;
    // That stays true, whatever else it has found since.
    if (how === "revoked") return how;
    if (premises?.seeker.beside !== undefined) return "waiting";
    return how === "left" ? how : "looking";
  }

  get clusterId(): string | undefined {
    return this.belonging === "member" ? this.#host.record?.cluster : undefined;
  }

  get consensus(): Consensus | undefined {
    return this.#host.member?.shared.consensus;
  }

  get shared(): SharedState | undefined {
    return this.#host.member?.shared;
  }

  get later(): Later | undefined {
    return this.#host.member?.outbox;
  }

  get secrets(): HouseSecrets | undefined {
    return this.#host.member?.agreement.secrets;
  }

  get journals(): Journals | undefined {
    return this.#host.member?.company.journals;
  }

  silenceMs(peer: string): number | undefined {
    return this.#host.member?.company.silenceMs(peer);
  }

  get draining(): MemberDraining | undefined {
    return this.#host.member?.rest;
  }

  hinder(hindrance: Hindrance): void {
    this.#host.premises?.host.hinder?.(hindrance);
  }

  get actors(): ActorSystem | undefined {
    return this.#host.member?.company.system;
  }

  get pairing(): PairingWindow | undefined {
    const { premises } = this.#host;
    const window = premises?.door.window;
    if (premises === undefined || window === undefined) return undefined;
    const { code, triesLeft } = window;
    return {
      code: showPairingCode(code),
      // The door's clock counts from the start of the process.
      expiresAtMs: Math.round(performance.timeOrigin + window.expiresAtMs),
      triesLeft,
      uri: invitationText({ code, peerId: this.peerId, addresses: addressesForOthers(premises.host.addresses()) }),
    };
  }

  get pairingEnd(): PairingEnd | undefined {
    return this.#host.windowEnd;
  }

  status(): ClusterStatus {
    const { member, trouble } = this.#host;
    const { belonging, peerId } = this;
    const told = explainCluster(this.#facts());
    const fingerprint = fingerprintOf(peerId);
    const shared = { belonging, peerId, fingerprint, ...told, ...(trouble === undefined ? {} : { trouble }) };
    if (member === undefined)
      return trouble === undefined ? shared : { ...shared, ...inTrouble(trouble, this.#host.wayOutOfTrouble) };
    const { generation, publicKey } = member.shared.now.meshKey ?? {};
    const meshKey =
      publicKey === undefined ? null : { generation, publicKey: Buffer.from(publicKey).toString("base64url") };
    return { ...shared, meshKey };
  }

  peers(): readonly PeerReport[] {
    const { member, premises } = this.#host;
    return member === undefined || premises === undefined
      ? []
      : peersOf(member, addressesForOthers(premises.host.addresses()));
  }

  departed(): readonly DepartedPeer[] {
    const { member } = this.#host;
    return member === undefined ? [] : departedFrom(member.shared.now);
  }

  waiting(): readonly WaitingPeer[] {
    const { premises } = this.#host;
    const company = this.#company();
    return (premises?.door.waiting ?? []).map(({ peerId, name, fingerprint, sinceMs }) => ({
      peerId,
      name,
      fingerprint,
      sinceMs: Math.round(performance.timeOrigin + sinceMs),
      namesakes: namesakesOf({ peerId, name }, company),
    }));
  }

  met(): readonly MetCluster[] {
    const { premises } = this.#host;
    const all = this.#neighbours();
    // Of the one that has revoked it some members may not know yet: it has no business there.
    const own = this.belonging === "revoked" ? this.#host.record?.cluster : this.clusterId;
    return all.flatMap(({ peer, about, book }) => {
      const id = about?.cluster?.id;
      if (about === undefined || id === undefined || id === own) return [];
      return [
        {
          clusterId: id,
          peerId: peer,
          name: about.name,
          fingerprint: fingerprintOf(peer),
          addresses: book.candidates(),
          // As many as this peer has met.
          members: all.filter((other) => other.about?.cluster?.id === id).length,
          pairing: about.pairing,
          hasApproved: premises?.knocker.isApprovedBy(peer) === true,
        },
      ];
    });
  }

  async openPairing(): Promise<PairingWindow> {
    const { door } = this.#host.open();
    const { shared } = this.#host.belongs();
    const outcome = await shared.read({ timeoutMs: READ_MS });
    if (outcome.outcome !== "readable") throw noQuorum("let anybody in", outcome.detail);
    if (door.window === undefined) door.openWindow();
    this.#host.windowOpened();
    const { pairing } = this;
    if (pairing !== undefined) return pairing;
    throw new PeerError("pairing-closed", "the window was closed at once", { nextStep: "Open it again: parley pair." });
  }

  closePairing(): void {
    this.#host.premises?.door.closeWindow();
  }

  async approve(who: string): Promise<PeerReport> {
    const { door } = this.#host.open();
    const elsewhere = door.waiting.some((peer) => isNamedBy(peer, who)) ? [] : await this.#waitingElsewhere();
    const peer = toApprove(who, { ...this.#company(), elsewhere });
    if (peer === undefined) throw waitsNotHere(who, elsewhere);
    await door.approve(peer.peerId);
    const report = this.peers().find(({ peerId }) => peerId === peer.peerId);
    if (report !== undefined) return report;
    throw noSuchPeer(who, "is known here any more", "See who belongs: parley peers.");
  }

  async join(request: JoinRequest): Promise<void> {
    const { proof, address, signal } = request;
    if (this.belonging === "member" && !this.#host.isAloneAndEmpty) {
      throw new PeerError("already-member", "this peer belongs to a cluster that holds something", {
        nextStep: "Leave it first: parley leave.",
      });
    }
    const place = address === undefined ? undefined : await placeAt(address);
    if ("fingerprint" in proof) return joinByFingerprint(this.#host, proof.fingerprint, place, signal);
    const invitation = readInvitation(proof.code);
    const code = invitation?.code ?? readPairingCode(proof.code);
    if (code === undefined) {
      throw new PeerError("pairing-failed", "this is no pairing code", {
        nextStep: "Type the eight signs that parley pair shows on a member.",
      });
    }
    const invited = invitation && { peer: invitation.peerId, addresses: invitation.addresses };
    return joinByCode(this.#host, code, place ?? invited, signal);
  }

  async revoke(who: string): Promise<RevocationReport> {
    const member = this.#host.belongs();
    const { peerId, isSelf } = memberNamed(who, this.peers());
    if (isSelf) {
      throw new PeerError("usage", "a peer cannot revoke itself", { nextStep: "Let it leave: parley leave." });
    }
    await expel(electorateOf(member), { peer: peerId, by: this.peerId }, { timeoutMs: REVOKE_MS });
    const untilMs = performance.now() + APPLIED_MS;
    for (;;) {
      const report = revocationOf(member, peerId);
      const online = new Set(this.peers().flatMap((peer) => (peer.isOnline ? [peer.peerId] : [])));
      const isWaiting = report?.notYetAppliedBy.some((peer) => online.has(peer)) === true;
      if (report !== undefined && (!isWaiting || performance.now() >= untilMs)) return report;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async leave({ isForced = false }: LeaveOptions = {}): Promise<LeaveReport> {
    try {
      return { isAgreed: true, dropped: await this.#leaveAgreed() };
    } catch (error) {
      const mayForce =
        isPeerError(error, "no-quorum") || (isPeerError(error, "not-member") && belongs(this.#host.record));
      if (!isForced || !mayForce) throw error;
      return { isAgreed: false, dropped: await this.#host.abandon() };
    }
  }

  /** How many waiting writes were dropped. @throws PeerError `not-member`; `no-quorum`, at once where that is known */
  async #leaveAgreed(): Promise<number> {
    const { member, record, trouble } = this.#host;
    if (member === undefined && belongs(record)) {
      const why = trouble ?? "it has not taken part in it yet";
      throw new PeerError("not-member", `this peer cannot ask its cluster to let it go: ${why}`, { nextStep: FORCE });
    }
    const explained = member === undefined ? undefined : explainCluster(factsOf(member));
    if (explained?.state === "no-quorum") {
      const [why = ""] = explained.sentences;
      const [cure = "See what would restore the quorum: parley status."] = explained.nextSteps;
      throw new PeerError("no-quorum", `the others cannot let this peer go. ${why}`, { nextStep: `${cure} ${FORCE}` });
    }
    try {
      return await this.#host.leave();
    } catch (error) {
      if (!isPeerError(error, "no-quorum")) throw error;
      throw new PeerError("no-quorum", error.message, { nextStep: `${error.nextStep} ${FORCE}`, cause: error });
    }
  }

  async recover(): Promise<void> {
    const { state } = explainCluster(factsOf(this.#host.belongs()));
    if (state === "no-quorum") return this.#host.recover();
    if (state === "revoked") {
      throw new PeerError("revoked", "this peer was revoked: what its cluster holds is not its own any more", {
        nextStep: NEW_IDENTITY,
      });
    }
    throw new PeerError("usage", "enough voters are there: nothing needs a last resort", {
      nextStep: "See how the cluster stands: parley status.",
    });
  }

  homeOf(client: string): Promise<string> {
    return homeOfClient(this.#host.belongs().company.homes, client);
  }

  onChange(changed: () => void): () => void {
    return this.#host.watch(changed);
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  #facts(): ClusterFacts {
    const { member, record, premises } = this.#host;
    const { belonging } = this;
    if (member !== undefined) {
      return { ...factsOf(member), others: this.#others(), claimants: this.#claimants(member) };
    }
    const beside = premises?.seeker.beside;
    const fingerprint = fingerprintOf(this.peerId);
    if (belonging === "waiting" && beside !== undefined) return { belonging, cluster: beside, fingerprint };
    if (belonging === "left" && record !== undefined) return { belonging, cluster: record.cluster };
    if (belonging === "revoked" && record !== undefined) {
      const { cluster } = record;
      return { belonging, cluster, beside: beside === cluster ? undefined : beside, fingerprint };
    }
    return { belonging: "looking", hasBelonged: record !== undefined };
  }

  /** Whom this peer has met, but for those that it is linked with by now: what they said before holds no more. */
  #neighbours(): readonly Neighbour[] {
    const { premises, member } = this.#host;
    const all = premises?.seeker.neighbours.all() ?? [];
    return all.filter(({ peer }) => member?.links.current(peer) === undefined);
  }

  /** Whoever follows a prime hears from that one who belongs. */
  #claimants({ hasPrime, roster }: Member): readonly string[] {
    if (hasPrime) return [];
    const claiming = this.#neighbours().filter(({ peer }) => roster.standingOf(peer) === "stranger");
    return claiming.flatMap(({ about }) => (about?.cluster?.id === roster.cluster ? [about.name] : []));
  }

  /** Who is alone and empty, on either side, gives itself up by itself; of members that moved on another sentence tells. */
  #others(): readonly OtherCluster[] {
    const { isAloneAndEmpty, member } = this.#host;
    if (isAloneAndEmpty) return [];
    const strangers = this.#neighbours().filter(({ peer }) => member?.roster.standingOf(peer) !== "member");
    const abouts = strangers.flatMap(({ about }) => about ?? []);
    const filled = abouts.filter(({ cluster }) => cluster?.isAloneAndEmpty === false && cluster.id !== this.clusterId);
    return [...Map.groupBy(filled, ({ cluster }) => cluster?.id ?? "")].map(([cluster, peers]) => {
      return { cluster, names: peers.map(({ name }) => name) };
    });
  }

  /** Who waits at other members, with the name of the member. @throws PeerError `not-member` */
  async #waitingElsewhere(): Promise<readonly { peerId: string; name: string; at: string }[]> {
    const { company, roster, links } = this.#host.belongs();
    const online = [...roster.members.values()].filter(({ peer }) => links.current(peer) !== undefined);
    const peers = online.map(({ peer }) => peer);
    const asked = await waitingAt(company.system, peers, { timeoutMs: DOORS_MS });
    return online.flatMap(({ peer, name: at }) => (asked.get(peer) ?? []).map((waiting) => ({ ...waiting, at })));
  }

  /** Those whose names may be taken for one another's. */
  #company(): NamedCompany {
    const { premises, member } = this.#host;
    const members = [...(member?.roster.members.values() ?? [])].map(({ peer, name }) => ({ peerId: peer, name }));
    return { members, waiting: premises?.door.waiting ?? [] };
  }
}

async function placeAt(
  address: string,
): Promise<{ readonly peer: string | undefined; readonly addresses: readonly string[] }> {
  const known = readKnownHost(address, DEFAULT_MESH_PORT);
  try {
    return { peer: known.peerId, addresses: await locate(known, resolveBySystem) };
  } catch (cause) {
    if (isPeerError(cause)) throw cause;
    throw new PeerError("unreachable", `nobody knows where ${known.host} is`, {
      nextStep: "Check the name, or give the address as a number.",
      cause,
    });
  }
}

/** What comes before everything else that is said of a peer that cannot take part. */
function inTrouble(trouble: string, { nextStep, isRetried }: ClusterHost["wayOutOfTrouble"]): ClusterStatus {
  const again = isRetried ? " It tries again." : "";
  return {
    state: "no-quorum",
    isWritable: false,
    sentences: [`This peer cannot take part in its cluster and works by itself: ${trouble}.${again}`],
    nextSteps: [nextStep ?? "See the peer's log, and its disk's free space."],
  };
}

function noSuchPeer(who: string, what: string, nextStep: string): PeerError {
  return new PeerError("no-such-peer", `no peer ${JSON.stringify(who)} ${what}`, { nextStep });
}

function noQuorum(what: string, why: string): PeerError {
  return new PeerError("no-quorum", `the cluster cannot ${what} now: ${why}`, {
    nextStep: "See what would restore the quorum: parley status.",
  });
}

/** A cluster that tests play: honest about what it is asked, and changed from outside. */
import { PeerError } from "../src/errors.ts";
import type {
  Belonging,
  Cluster,
  ClusterStatus,
  DepartedPeer,
  JoinRequest,
  LeaveOptions,
  LeaveReport,
  MetCluster,
  PairingEnd,
  PairingWindow,
  PeerReport,
  RevocationReport,
  WaitingPeer,
} from "../src/cluster/face.ts";
import { fingerprintOf } from "../src/mesh/door/code/fingerprint.ts";
import { invitationText } from "../src/mesh/door/code/invitation.ts";
import { readPairingCode, showPairingCode } from "../src/mesh/door/code/pairing-code.ts";

/** Peer ids of the right form, `letter` for letter. */
export function fakePeerId(letter: string): string {
  return `12D3KooW${letter.repeat(44)}`;
}

export function fakePeer(name: string, letter: string, more: Partial<PeerReport> = {}): PeerReport {
  return {
    peerId: fakePeerId(letter),
    nodeId: letter.charCodeAt(0),
    name,
    role: "voter",
    isPrime: false,
    isSelf: false,
    isOnline: true,
    lastSeenMs: 1_700_000_000_000,
    roundTripMs: 1.25,
    addresses: ["/ip4/192.168.1.7/tcp/8766"],
    host: name,
    version: "0.1.0",
    platform: "linux-x64",
    roles: ["stt"],
    hardware: [],
    models: [],
    languages: [],
    voices: [],
    ...more,
  };
}

/** The code that the fake's windows show. */
export const CODE = "ACDE-FGHJ";

export class FakeCluster implements Cluster {
  belonging: Belonging = "member";
  readonly peerId = fakePeerId("A");
  clusterId: string | undefined = "k7q2-home";
  pairing: PairingWindow | undefined;
  pairingEnd: PairingEnd | undefined;
  readonly consensus = undefined;
  shared: Cluster["shared"];
  later: Cluster["later"];
  readonly actors = undefined;
  members: PeerReport[] = [fakePeer("attic", "A", { isSelf: true, isPrime: true, roundTripMs: undefined })];
  knocking: WaitingPeer[] = [];
  clusters: MetCluster[] = [];
  /** What the next thing that needs others ends with. */
  failure: PeerError | undefined;
  readonly joins: JoinRequest[] = [];
  /** What it was asked to do, in order. */
  readonly asked: string[] = [];
  /** Writes that wait when it leaves. */
  dropped = 0;
  /** Held back until the test says so. */
  hold: Promise<void> | undefined;
  state: ClusterStatus = { state: "healthy", sentences: ["This peer (attic) is prime in term 7."], nextSteps: [] };
  readonly #watchers = new Set<() => void>();
  isClosed = false;

  /** Changes something and tells. */
  change(how: (cluster: this) => void): void {
    how(this);
    for (const changed of this.#watchers) changed();
  }

  status(): ClusterStatus {
    return this.state;
  }

  peers(): readonly PeerReport[] {
    return this.members;
  }

  gone: DepartedPeer[] = [];

  departed(): readonly DepartedPeer[] {
    return this.gone;
  }

  /** How often it was asked who knocks. */
  looks = 0;

  waiting(): readonly WaitingPeer[] {
    this.looks += 1;
    return this.knocking;
  }

  met(): readonly MetCluster[] {
    return this.clusters;
  }

  async openPairing(): Promise<PairingWindow> {
    this.asked.push("openPairing");
    await this.#others();
    if (this.belonging !== "member") throw noMember();
    const uri = invitationText({
      code: CODE.replace("-", ""),
      peerId: this.peerId,
      addresses: ["/ip4/192.168.1.2/tcp/8766"],
    });
    this.pairing ??= { code: CODE, expiresAtMs: Date.now() + 600_000, triesLeft: 5, uri };
    this.pairingEnd = undefined;
    return this.pairing;
  }

  closePairing(): void {
    this.asked.push("closePairing");
    this.endPairing("closed");
  }

  endPairing(why: PairingEnd): void {
    if (this.pairing === undefined) return;
    this.pairing = undefined;
    this.pairingEnd = why;
  }

  async approve(who: string): Promise<PeerReport> {
    this.asked.push("approve");
    const found = this.knocking.find(({ name, fingerprint }) => who === name || who === fingerprint);
    if (found === undefined) throw noSuchPeer(who);
    if (this.hold !== undefined) await this.hold;
    await this.#others();
    const peer = fakePeer(found.name, found.peerId.at(-1) ?? "B", { role: "joining" });
    this.change(() => {
      this.knocking = this.knocking.filter((each) => each !== found);
      this.members = [...this.members, peer];
    });
    return peer;
  }

  async join(request: JoinRequest): Promise<void> {
    this.asked.push("join");
    this.joins.push(request);
    const { proof, signal } = request;
    if (this.hold !== undefined) await Promise.race([this.hold, aborted(signal)]);
    await this.#others();
    if ("code" in proof && showPairingCode(readPairingCode(proof.code) ?? "") !== CODE) {
      throw new PeerError("pairing-failed", "the code is wrong", { nextStep: "Type it again." });
    }
    this.change(() => {
      [this.belonging, this.clusterId] = ["member", this.clusters[0]?.clusterId ?? "k7q2-home"];
    });
  }

  async revoke(who: string): Promise<RevocationReport> {
    this.asked.push("revoke");
    await this.#others();
    const peer = this.members.find(
      ({ name, peerId }) => who === name || who === peerId || who === fingerprintOf(peerId),
    );
    if (peer === undefined) throw noSuchPeer(who);
    this.members = this.members.filter((each) => each !== peer);
    return { peerId: peer.peerId, name: peer.name, appliedBy: [this.peerId], notYetAppliedBy: ["cellar"] };
  }

  async leave({ isForced = false }: LeaveOptions = {}): Promise<LeaveReport> {
    this.asked.push("leave");
    if (!isForced) await this.#others();
    this.change(() => {
      this.belonging = "left";
    });
    return { isAgreed: this.failure === undefined, dropped: this.dropped };
  }

  async recover(): Promise<void> {
    this.asked.push("recover");
    await this.#others();
  }

  onChange(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async #others(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
  }
}

export function knocker(name: string, letter: string): WaitingPeer {
  const peerId = fakePeerId(letter);
  return { peerId, name, fingerprint: fingerprintOf(peerId), sinceMs: 1_700_000_000_000, namesakes: [] };
}

export function metCluster(more: Partial<MetCluster> = {}): MetCluster {
  const peerId = fakePeerId("M");
  const about = { clusterId: "k7q2-home", peerId, name: "kitchen", fingerprint: fingerprintOf(peerId) };
  return { ...about, addresses: [], members: 3, pairing: "closed", hasApproved: false, ...more };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    });
  });
}

function noMember(): PeerError {
  return new PeerError("not-member", "this peer belongs to no cluster", { nextStep: "Wait." });
}

function noSuchPeer(who: string): PeerError {
  return new PeerError("no-such-peer", `no peer is called ${who}`, { nextStep: "parley peers lists them." });
}

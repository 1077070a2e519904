/** Peers, applications and clusters for tests of the door. */
import { PeerError } from "../../../src/errors.ts";
import type { Application } from "../../../src/mesh/door/protocol/messages.ts";
import type { AdmittedBy, DoorCluster, Newcomer } from "../../../src/mesh/door/server/ports.ts";

export const JOINER = "12D3KooWJoinerJoinerJoinerJoinerJoinerJoinerJoiner11";
export const MEMBER = "12D3KooWMemberMemberMemberMemberMemberMemberMember11";
export const MALLORY = "12D3KooWMaLLoryMaLLoryMaLLoryMaLLoryMaLLoryMaLLory11";
export const CLUSTER = "c-7f3a";

export const application: Application = {
  name: "kitchen",
  sealingKey: new Uint8Array(32).fill(7),
  addresses: ["/ip4/192.168.1.7/tcp/8766"],
  version: "0.1.0",
  knows: 1,
};

export const WELCOME = new TextEncoder().encode("welcome to the cluster, here are its members");

/** A cluster in memory; `admit` can be replaced. */
export class TestCluster implements DoorCluster {
  readonly members = new Set<string>();
  readonly admissions: { newcomer: Newcomer; by: AdmittedBy }[] = [];
  belongs = true;
  takesSecrets = true;
  readonly #peerId: string;

  constructor(peerId = MEMBER) {
    this.#peerId = peerId;
  }

  onAdmit: (newcomer: Newcomer, signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  readonly about = () => ({
    name: "attic",
    version: "0.1.0",
    peerId: this.#peerId,
    cluster: this.belongs ? { id: CLUSTER, isAloneAndEmpty: false } : null,
    services: ["stt", "llm"],
  });

  readonly admit = async (newcomer: Newcomer, by: AdmittedBy, signal: AbortSignal) => {
    await this.onAdmit(newcomer, signal);
    this.members.add(newcomer.peerId);
    this.admissions.push({ newcomer, by });
    return WELCOME;
  };

  readonly revoked = new Set<string>();
  readonly revokedBy = (peerId: string) => (this.revoked.has(peerId) ? CLUSTER : undefined);
  readonly departed = new Set<string>();
  readonly leftFrom = (peerId: string) => (this.departed.has(peerId) ? { cluster: CLUSTER, node: 3 } : undefined);
  readonly isMember = (peerId: string) => this.members.has(peerId);
  readonly welcomeAgain = async () => WELCOME;
  readonly admitsBySecret = () => this.takesSecrets;
}

export const refusedByCluster = () =>
  new PeerError("admission-refused", "the cluster is full", { nextStep: "Ask its owner." });

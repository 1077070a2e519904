/** The cluster as its door shows it: what everybody may see, and who is let in. */
import { PeerError } from "../../../errors.ts";
import type { About, ProofWanted } from "../../../mesh/door/protocol/messages.ts";
import type { AdmittedBy, DoorCluster, Newcomer } from "../../../mesh/door/server/ports.ts";
import type { ClusterOptions } from "../options.ts";
import type { Member } from "../member/member.ts";
import { admit, welcomeAgain } from "./admission.ts";
import { MAX_VOUCHED_BYTES, vouch } from "./reunion.ts";

export interface ReceptionOptions {
  readonly options: ClusterOptions;
  /** While this peer belongs. */
  readonly member: () => Member | undefined;
  /** As the roster says, also before this peer takes part. */
  readonly isMember: (peer: string) => boolean;
  readonly revokedBy: (peer: string) => string | undefined;
  readonly isAloneAndEmpty: () => boolean;
  /** It goes elsewhere, or away, or another cluster takes it in right now. */
  readonly isMoving: () => boolean;
  /** Whether newcomers are let in by secret. */
  readonly isDoorOpen: () => boolean;
  readonly addresses: () => readonly string[];
  readonly changed: () => void;
}

export class Reception implements DoorCluster {
  readonly #given: ReceptionOptions;
  #admitting = 0;

  constructor(given: ReceptionOptions) {
    this.#given = given;
  }

  /** Newcomers are on their way in. */
  get isBusy(): boolean {
    return this.#admitting > 0;
  }

  readonly about = (): Omit<About, "pairing"> => {
    const { options, member, isAloneAndEmpty } = this.#given;
    const { name, version, identity, services } = options;
    const id = member()?.roster.cluster;
    const cluster = id === undefined ? null : { id, isAloneAndEmpty: isAloneAndEmpty() };
    return { name, version, peerId: identity.peerId, cluster, services: [...services()] };
  };

  readonly isMember = (peer: string): boolean => this.#given.isMember(peer);

  readonly revokedBy = (peer: string): string | undefined => this.#given.revokedBy(peer);

  readonly leftFrom = (peer: string): { readonly cluster: string; readonly node: number } | undefined => {
    const member = this.#given.member();
    const node = member?.shared.now.left.get(peer);
    return member === undefined || node === undefined ? undefined : { cluster: member.roster.cluster, node };
  };

  readonly admitsBySecret = (): boolean => this.#given.isDoorOpen() && !this.#given.isMoving();

  readonly admit = async (newcomer: Newcomer, _by: AdmittedBy, signal: AbortSignal): Promise<Uint8Array> => {
    const { addresses, changed, isMoving } = this.#given;
    if (isMoving()) throw notNow("it is on its way to another cluster itself");
    this.#admitting += 1;
    changed();
    try {
      const member = this.#member();
      const welcome = await admit(member, newcomer, { addresses: addresses(), signal });
      member.links.learn(newcomer.peerId, newcomer.addresses);
      return welcome;
    } finally {
      this.#admitting -= 1;
      changed();
    }
  };

  readonly welcomeAgain = async (peer: string, _signal: AbortSignal, proof?: ProofWanted): Promise<Uint8Array> => {
    const { addresses, options } = this.#given;
    const member = this.#member();
    if (proof === undefined) return welcomeAgain(member, peer, addresses());
    const { shared, roster, identity } = member;
    const welcome = welcomeAgain(member, peer, addresses(), MAX_VOUCHED_BYTES);
    const question = { cluster: roster.cluster, asker: peer, answerer: options.identity.peerId, ...proof };
    const sign = (statement: Uint8Array): Uint8Array => identity.sign(statement).signature;
    return vouch(question, welcome, { meshKey: shared.now.meshKey, sign });
  };

  #member(): Member {
    const member = this.#given.member();
    if (member === undefined) throw notNow("it does not take part in its cluster");
    return member;
  }
}

function notNow(why: string): PeerError {
  return new PeerError("not-member", `this peer can let nobody in now: ${why}`, { nextStep: "Try again in a moment." });
}

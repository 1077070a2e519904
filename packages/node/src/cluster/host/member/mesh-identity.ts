/** The mesh's one identity as this member holds it: opened for itself, sealed to newcomers, made anew after a revocation. */
import { sign, type KeyObject } from "node:crypto";
import { PeerError } from "../../../errors.ts";
import {
  makeMeshKey,
  openMeshKey,
  sealMeshKey,
  type KeyHolder,
  type OpenMeshKey,
} from "../../../mesh/keys/mesh-key.ts";
import { needsRotation, type ClusterState } from "../../state/model.ts";
import type { CommandOf } from "../../state/schemas.ts";

export interface MeshIdentityOptions {
  readonly cluster: string;
  readonly self: string;
  /** Private, X25519: what others seal to. */
  readonly sealingKey: KeyObject;
  readonly stateOf: () => ClusterState;
}

export class MeshIdentity {
  readonly #options: MeshIdentityOptions;
  #open: OpenMeshKey | undefined;

  constructor(options: MeshIdentityOptions) {
    this.#options = options;
  }

  /** @throws PeerError `seal-broken` while there is none, or it was not sealed to this peer */
  open(): OpenMeshKey {
    const { cluster, self, sealingKey, stateOf } = this.#options;
    const { meshKey } = stateOf();
    if (meshKey === undefined) {
      throw new PeerError("seal-broken", "this peer does not know the mesh's key yet", {
        nextStep: "Wait until it has caught up with its cluster.",
      });
    }
    if (this.#open?.generation === meshKey.generation) return this.#open;
    const { generation, publicKey, sealed } = meshKey;
    const box = sealed.get(self);
    // Who seals is proven by the log: only members write to it.
    const record = {
      generation,
      publicKey,
      signature: new Uint8Array(),
      sealed: box === undefined ? {} : { [self]: box },
    };
    this.#open = openMeshKey(cluster, record, { peerId: self, sealingKey });
    return this.#open;
  }

  /** The key of the present generation for a newcomer. @throws PeerError `seal-broken` */
  boxFor(holder: KeyHolder): { readonly generation: number; readonly box: Uint8Array } {
    const key = this.open();
    return { generation: key.generation, box: sealMeshKey(this.#options.cluster, key, holder) };
  }

  /** What the mesh says, under its own name. @throws PeerError `seal-broken` */
  sign(statement: Uint8Array): { readonly generation: number; readonly signature: Uint8Array } {
    const { generation, privateKey } = this.open();
    return { generation, signature: sign(null, statement, privateKey) };
  }

  /** What the prime of `term` is to propose when somebody who left knows the key. @throws PeerError `seal-broken` */
  rotation(term: number): CommandOf<"rotate"> | undefined {
    const state = this.#options.stateOf();
    if (!needsRotation(state)) return undefined;
    const holders = [...state.members.values()].map(({ peer, sealingKey }) => ({ peerId: peer, sealingKey }));
    const { record } = makeMeshKey(this.#options.cluster, holders, this.open());
    const { generation, publicKey } = record;
    return { type: "rotate", term, generation, publicKey, boxes: Object.entries(record.sealed) };
  }
}

/** The mesh's one identity as this member holds it: found to follow from the one before, opened for itself, sealed to newcomers, made anew after a revocation. */
import { sign, type KeyObject } from "node:crypto";
import { PeerError } from "../../../errors.ts";
import {
  isChain,
  makeMeshKey,
  openMeshKey,
  sealMeshKey,
  type KeyHolder,
  type OpenMeshKey,
} from "../../../mesh/keys/mesh-key.ts";
import { linksOf, needsRotation, type ClusterState, type MeshKey } from "../../state/model.ts";
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
  /** The last that was found to be the mesh's. */
  #known: MeshKey | undefined;

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
    this.#adopt(meshKey);
    const { generation, publicKey, sealed } = meshKey;
    const box = sealed.get(self);
    const record = { generation, publicKey, sealed: box === undefined ? {} : { [self]: box } };
    this.#open = openMeshKey(cluster, record, { peerId: self, sealingKey });
    return this.#open;
  }

  /** Takes it for the mesh's, if it follows from what this peer took for that before. @throws PeerError `seal-broken` */
  #adopt(meshKey: MeshKey): void {
    const { generation, publicKey } = this.#known ?? {};
    const links = linksOf(meshKey);
    const first = meshKey.generation - links.length + 1;
    // What was looked at already need not be again; what is forgotten by now cannot be.
    const from = Math.max(0, (generation ?? first) - first);
    const [known] = links.slice(from);
    const isOther = generation === first + from && publicKey !== undefined && !isSame(known?.publicKey, publicKey);
    if (isOther || !isChain(this.#options.cluster, first + from, links.slice(from))) {
      throw new PeerError(
        "seal-broken",
        `generation ${meshKey.generation} of the mesh's key does not follow from earlier ones`,
        {
          nextStep: "A member has forged it: find out which, and found the cluster anew without it.",
        },
      );
    }
    this.#known = meshKey;
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
    const { generation, publicKey, signature } = record;
    return { type: "rotate", term, generation, publicKey, signature, boxes: Object.entries(record.sealed) };
  }
}

function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

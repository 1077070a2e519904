/** The key that signs resume tokens: the house's, so that each of its peers lets in who was let in by another. */
import { randomBytes } from "node:crypto";
import type { Cluster } from "../../cluster/face.ts";

const NAME = "resume";
const KEY_BYTES = 32;

/** Options of {@link ResumeKey}. */
export interface ResumeKeyOptions {
  readonly cluster: Pick<Cluster, "belonging" | "secrets" | "onChange">;
  /** What keeps it from being made, which is tried again at the next change. */
  readonly onFailure: (error: unknown) => void;
}

/** Follows its peer from one cluster to the next; makes the key where the house has none, or where somebody knows it who was revoked. */
export class ResumeKey {
  readonly #options: ResumeKeyOptions;
  /** Of a peer that belongs to no house: good until it stops. */
  readonly #alone = randomBytes(KEY_BYTES);
  readonly #stop: () => void;
  #isMaking = false;

  constructor(options: ResumeKeyOptions) {
    this.#options = options;
    this.#stop = options.cluster.onChange(() => this.#look());
    this.#look();
  }

  /** The first signs; none while the house has yet to agree on one. */
  get keys(): readonly Uint8Array[] {
    const { belonging, secrets } = this.#options.cluster;
    if (belonging === "off") return [this.#alone];
    const found = secrets?.find(NAME);
    return found?.secret === undefined || found.isExposed ? [] : [found.secret];
  }

  close(): void {
    this.#stop();
  }

  #look(): void {
    const { secrets } = this.#options.cluster;
    const found = secrets?.find(NAME);
    if (secrets === undefined || this.#isMaking || (found !== undefined && !found.isExposed)) return;
    this.#isMaking = true;
    const secret = { about: new Uint8Array(), secret: randomBytes(KEY_BYTES) };
    secrets
      .replace(NAME, secret, found?.revision ?? 0)
      .catch(this.#options.onFailure)
      .finally(() => (this.#isMaking = false));
  }
}

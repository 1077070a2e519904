/**
 * What the two sides say to each other once the code is proven: sealed with AES-256-GCM under keys of this exchange, one for
 * each direction, that hang on every byte both have seen. Each key seals one message, so the nonce may be constant.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { prefixed } from "../../keys/prefixed.ts";
import { PAIRING_LABEL, type Parties } from "./opaque.ts";

/** Who speaks. */
export type Direction = "application" | "verdict";

const TAG_BYTES = 16;
const NONCE = new Uint8Array(12);

/** SHA-256 of who they are and what was sent. */
export function transcriptOf({ method, clusterId, joiner, member }: Parties, sent: readonly Uint8Array[]): Uint8Array {
  return createHash("sha256")
    .update(prefixed(PAIRING_LABEL, method, clusterId, joiner, member, ...sent))
    .digest();
}

/** Seals and opens the two messages of one exchange. */
export class PairingSession {
  readonly #sessionKey: Uint8Array;
  readonly #transcript: Uint8Array;

  constructor(sessionKey: Uint8Array, transcript: Uint8Array) {
    this.#sessionKey = sessionKey;
    this.#transcript = transcript;
  }

  seal(direction: Direction, plain: Uint8Array): Uint8Array {
    const cipher = createCipheriv("aes-256-gcm", this.#key(direction), NONCE);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** Undefined when it was sealed by somebody else, in another exchange, or changed on the way. */
  open(direction: Direction, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < TAG_BYTES) return undefined;
    const cipher = createDecipheriv("aes-256-gcm", this.#key(direction), NONCE, { authTagLength: TAG_BYTES });
    const body = cipher.update(sealed.subarray(0, -TAG_BYTES));
    try {
      cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      return Buffer.concat([body, cipher.final()]);
    } catch {
      // The tag does not fit: that is the answer.
      return undefined;
    }
  }

  #key(direction: Direction): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", this.#sessionKey, this.#transcript, `${PAIRING_LABEL} ${direction}`, 32));
  }
}

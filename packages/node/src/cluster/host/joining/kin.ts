/** Peers at whose doors this peer's own cluster is shown, and which it does not know: it asks them who belongs now. */
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { messageOf } from "../../../errors.ts";
import type { Member } from "../member/member.ts";
import { checkVouch, NONCE_BYTES } from "./reunion.ts";
import type { Place, Visits } from "./visits.ts";

export interface KinOptions {
  readonly visits: Visits;
  /** While this peer belongs. */
  readonly member: () => Member | undefined;
  readonly log: Logger;
  /** Aborted when this peer stops. */
  readonly over: AbortSignal;
}

const ASK_MS = 10_000;
/** Between two questions, whomever they are put to. */
const PAUSE_MS = 1_000;

export class Kin {
  readonly #options: KinOptions;
  #isAsking = false;
  #notBeforeMs = 0;

  constructor(options: KinOptions) {
    this.#options = options;
  }

  /** A door has shown `cluster`. */
  met(cluster: string | undefined, place: Place & { readonly peer: string }): void {
    const member = this.#options.member();
    if (member === undefined || cluster !== member.roster.cluster || !this.isUnknown(member, place.peer)) return;
    if (this.#isAsking || performance.now() < this.#notBeforeMs) return;
    this.#isAsking = true;
    void this.#ask(member, place).finally(() => {
      this.#isAsking = false;
      this.#notBeforeMs = performance.now() + PAUSE_MS;
    });
  }

  /** Who knows a prime hears from that one who belongs. */
  isUnknown({ roster, hasPrime }: Member, peer: string): boolean {
    return !hasPrime && roster.standingOf(peer) === "stranger";
  }

  /** Never rejects. */
  async #ask(member: Member, place: Place & { readonly peer: string }): Promise<void> {
    const { visits, log, over } = this.#options;
    const { roster, shared } = member;
    const { meshKey } = shared.now;
    if (meshKey === undefined) return log.warn({ remote: place.peer }, "this peer knows no key of its mesh to go by");
    const { generation, publicKey } = meshKey;
    const nonce = randomBytes(NONCE_BYTES);
    try {
      const signal = AbortSignal.any([over, AbortSignal.timeout(ASK_MS)]);
      const answer = await visits.vouch(place, { nonce, generation }, signal);
      const question = { cluster: roster.cluster, asker: roster.self, answerer: place.peer, nonce, generation };
      const welcome = checkVouch(answer, question, publicKey);
      if (this.#options.member() !== member || over.aborted) return;
      if (await member.acquaint(welcome)) log.info({ remote: place.peer }, "who belongs now was told, and proven");
    } catch (error) {
      log.warn({ remote: place.peer, why: messageOf(error) }, "a peer shows this peer's cluster, and is not known");
    }
  }
}

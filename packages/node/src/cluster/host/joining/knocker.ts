/** Waits at the door of a cluster until a person there approves this peer and this peer's own person agrees. */
import type { Logger } from "pino";
import { messageOf, PeerError } from "../../../errors.ts";
import { fingerprintOf, isFingerprintOf } from "../../../mesh/door/code/fingerprint.ts";
import { pause } from "../pause.ts";
import type { Place, Visits } from "./visits.ts";
import type { Welcome } from "./welcome.ts";

export interface KnockerOptions {
  readonly visits: Visits;
  readonly log: Logger;
  /** Where that peer is now. */
  readonly placeOf: (peer: string) => Place | undefined;
  /** This peer is let in. */
  readonly enter: (welcome: Welcome) => Promise<void>;
  readonly onNews: (sentence: string) => void;
  readonly changed: () => void;
}

const AGAIN_MS = 3_000;
/** As long as the door waits for the answer. */
const CONFIRM_MS = 5 * 60_000;

export class Knocker {
  readonly #options: KnockerOptions;
  #visit: { readonly peer: string; readonly over: AbortController } | undefined;
  #approvedBy: string | undefined;
  /** A fingerprint that this peer's own person has compared. */
  #trusted: string | undefined;
  #agreed: PromiseWithResolvers<boolean> | undefined;

  constructor(options: KnockerOptions) {
    this.#options = options;
  }

  /** The peer at whose door it waits. */
  get at(): string | undefined {
    return this.#visit?.peer;
  }

  /** The peer whose person has approved this one. */
  get approvedBy(): string | undefined {
    return this.#approvedBy;
  }

  /** Knocks there from now on, and nowhere else. */
  knock(peer: string): void {
    if (this.#visit?.peer === peer) return;
    this.stop();
    const over = new AbortController();
    this.#visit = { peer, over };
    void this.#knockAt(peer, over.signal);
  }

  /** This peer's own person wants to belong to the cluster of who has this fingerprint. */
  trust(fingerprint: string): void {
    this.#trusted = fingerprint;
    this.#answer();
  }

  distrust(): void {
    this.#trusted = undefined;
  }

  stop(): void {
    this.#visit?.over.abort();
    this.#visit = undefined;
    this.#approvedBy = undefined;
    this.#agreed?.resolve(false);
  }

  /** Never rejects. */
  async #knockAt(peer: string, over: AbortSignal): Promise<void> {
    const { visits, log, placeOf, enter } = this.#options;
    while (!over.aborted) {
      try {
        const place = placeOf(peer);
        if (place === undefined) throw new PeerError("unreachable", `${peer} is gone`, { nextStep: "Wait." });
        const asked = { confirm: () => this.#confirm(peer, over), onWaiting: () => undefined };
        const welcome = await visits.knock(place, asked, over);
        await enter(welcome);
        return;
      } catch (error) {
        if (over.aborted) return;
        log.debug({ remote: peer, why: messageOf(error) }, "knocking came to nothing; again soon");
      } finally {
        this.#approvedBy = undefined;
      }
      await pause(AGAIN_MS, over);
    }
  }

  async #confirm(peer: string, over: AbortSignal): Promise<boolean> {
    const agreed = Promise.withResolvers<boolean>();
    this.#agreed = agreed;
    this.#approvedBy = peer;
    this.#options.onNews(
      `A person there has approved this peer. To agree: parley join --fingerprint ${fingerprintOf(peer)}`,
    );
    this.#options.changed();
    this.#answer();
    const timer = setTimeout(() => agreed.resolve(false), CONFIRM_MS);
    try {
      return (await agreed.promise) && !over.aborted;
    } finally {
      clearTimeout(timer);
      this.#agreed = undefined;
    }
  }

  #answer(): void {
    const peer = this.#approvedBy;
    if (peer === undefined || this.#trusted === undefined) return;
    if (isFingerprintOf(this.#trusted, peer)) this.#agreed?.resolve(true);
  }
}

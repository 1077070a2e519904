/**
 * Waits at the doors of a cluster until a person there approves this peer and this peer's own person agrees. It knocks at several
 * members at once, so that it can be approved at any of them: who waits is known only where it waits.
 */
import type { Logger } from "pino";
import { messageOf, PeerError } from "../../../errors.ts";
import { withoutCorrelation } from "../../../log.ts";
import { fingerprintOf, isFingerprintOf } from "../../../mesh/door/code/fingerprint.ts";
import { pause } from "../pause.ts";
import type { Place, Visits } from "./visits.ts";
import type { Welcome } from "./welcome.ts";

export interface KnockerOptions {
  readonly visits: Pick<Visits, "knock">;
  readonly log: Logger;
  /** Where that peer is now. */
  readonly placeOf: (peer: string) => Place | undefined;
  /** Peers that show that cluster now. */
  readonly peersOf: (cluster: string) => readonly string[];
  /** This peer is let in. */
  readonly enter: (welcome: Welcome) => Promise<void>;
  readonly onNews: (sentence: string) => void;
  readonly changed: () => void;
  readonly againMs?: number;
}

const AGAIN_MS = 3_000;
/** As long as the door waits for the answer. */
const CONFIRM_MS = 5 * 60_000;
/** Doors that it waits at: each wait takes one of the few places there. */
export const MAX_KNOCKS = 5;

export class Knocker {
  readonly #options: KnockerOptions;
  #beside: { readonly cluster: string; first: string; readonly over: AbortController } | undefined;
  /** Peers at whose doors it waits, each with what ends that. */
  readonly #knocks = new Map<string, AbortController>();
  /** Peers whose person has approved this one, and what its own person says to that. */
  readonly #approvals = new Map<string, PromiseWithResolvers<boolean>>();
  /** A fingerprint that this peer's own person has compared. */
  #trusted: string | undefined;

  constructor(options: KnockerOptions) {
    this.#options = options;
  }

  /** The peers at whose doors it waits. */
  get at(): readonly string[] {
    return [...this.#knocks.keys()];
  }

  /** Whether a person there has approved this peer. */
  isApprovedBy(peer: string): boolean {
    return this.#approvals.has(peer);
  }

  /** Knocks there from now on, and at others that show that cluster, as they are met; nowhere else. */
  knock(peer: string, cluster: string): void {
    if (this.#beside?.cluster === cluster) {
      this.#beside.first = peer;
      this.#makeRoomFor(peer);
      return withoutCorrelation(() => this.#knockAround());
    }
    this.stop();
    this.#beside = { cluster, first: peer, over: new AbortController() };
    const { signal } = this.#beside.over;
    withoutCorrelation(() => void this.#keepKnocking(signal));
  }

  /** This peer's own person wants to belong to the cluster of who has this fingerprint. */
  trust(fingerprint: string): void {
    this.#trusted = fingerprint;
    this.#answer();
  }

  distrust(): void {
    this.#trusted = undefined;
  }

  /** As {@link stop}, but for where its own person wants to go. */
  withdraw(): void {
    if (this.#trusted === undefined) this.stop();
  }

  stop(): void {
    this.#beside?.over.abort();
    this.#beside = undefined;
    for (const knock of this.#knocks.values()) knock.abort();
    this.#knocks.clear();
    for (const agreed of this.#approvals.values()) agreed.resolve(false);
    this.#approvals.clear();
  }

  /** Members may come up later than the first. Never rejects. */
  async #keepKnocking(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      this.#knockAround();
      await pause(this.#options.againMs ?? AGAIN_MS, over);
    }
  }

  #knockAround(): void {
    if (this.#beside === undefined) return;
    const { first, cluster } = this.#beside;
    for (const peer of [first, ...this.#options.peersOf(cluster)]) {
      if (this.#knocks.size < MAX_KNOCKS && !this.#knocks.has(peer)) void this.#knockAt(peer);
    }
  }

  /** Where nobody has approved it, it need not wait. */
  #makeRoomFor(peer: string): void {
    if (this.#knocks.has(peer) || this.#knocks.size < MAX_KNOCKS) return;
    const least = [...this.#knocks].find(([other]) => !this.#approvals.has(other));
    if (least === undefined) return;
    least[1].abort();
    this.#knocks.delete(least[0]);
  }

  /** Once; its place is free for another one afterwards. Never rejects. */
  async #knockAt(peer: string): Promise<void> {
    const { visits, log, placeOf, enter } = this.#options;
    const knock = new AbortController();
    const over = knock.signal;
    this.#knocks.set(peer, knock);
    try {
      const place = placeOf(peer);
      if (place === undefined) throw new PeerError("unreachable", `${peer} is gone`, { nextStep: "Wait." });
      const asked = { confirm: () => this.#confirm(peer, over), onWaiting: () => undefined };
      await enter(await visits.knock(place, asked, over));
    } catch (error) {
      if (!over.aborted) log.debug({ remote: peer, why: messageOf(error) }, "knocking came to nothing; again soon");
    } finally {
      if (this.#knocks.get(peer) === knock) this.#knocks.delete(peer);
    }
  }

  async #confirm(peer: string, over: AbortSignal): Promise<boolean> {
    const agreed = Promise.withResolvers<boolean>();
    this.#approvals.set(peer, agreed);
    this.#options.onNews(
      `A person there has approved this peer. To agree: parley join --fingerprint ${fingerprintOf(peer)}`,
    );
    this.#options.changed();
    this.#answer();
    const timer = setTimeout(() => agreed.resolve(false), CONFIRM_MS);
    const gone = (): void => agreed.resolve(false);
    over.addEventListener("abort", gone, { once: true });
    try {
      return (await agreed.promise) && !over.aborted;
    } finally {
      clearTimeout(timer);
      over.removeEventListener("abort", gone);
      if (this.#approvals.get(peer) === agreed) this.#approvals.delete(peer);
    }
  }

  #answer(): void {
    for (const [peer, agreed] of this.#approvals) {
      if (this.#trusted !== undefined && isFingerprintOf(this.#trusted, peer)) agreed.resolve(true);
    }
  }
}

/**
 * What one side of a pair of peers does to have exactly one link with the other: who dials when, and which of two links
 * stays. Pure: events with the time in, effects out. Sockets are in `links.ts`.
 *
 * The peer with the lower id dials, and the other one leaves that to it for a while. Where both dial, the offer of the lower
 * one wins; an offer under way is only given up for another before it has been made, so that two sides never give up both.
 */
import { backoffMs, fallbackMs, type Pace, type Random } from "./pace.ts";

/** A link as both sides know it. */
export interface LinkFacts {
  /** Drawn by the dialler. */
  readonly id: string;
  /** Of the other side: one life of its process. */
  readonly incarnation: string;
}

/** The other side offers a link. */
export interface Offer extends LinkFacts {
  /** The link that it had before this one, and has no more. */
  readonly lost: string | undefined;
}

export type LinkChange =
  | { readonly type: "tick" }
  /** There is news of where the peer is, or a sign that it is there. */
  | { readonly type: "nudged" }
  /** Of the attempt under way: the peer was reached, and the offer is on its way to it. */
  | { readonly type: "offered"; readonly attempt: number }
  | { readonly type: "welcomed"; readonly attempt: number; readonly link: LinkFacts }
  /** `declined`: the other side is making a link of its own. */
  | { readonly type: "failed"; readonly attempt: number; readonly declined: boolean }
  | { readonly type: "offer"; readonly offer: Offer }
  /** The link that there was is none any more. `closed`: the other side or the network closed it, it did not fall silent. */
  | { readonly type: "lost"; readonly id: string; readonly closed: boolean };

export type LinkEffect =
  | { readonly type: "dial"; readonly attempt: number; readonly lost: string | undefined }
  | { readonly type: "cancel"; readonly attempt: number }
  | { readonly type: "take"; readonly offer: Offer }
  /** `isTwin`: the link that there is leads to another process of the same identity. */
  | { readonly type: "decline"; readonly offer: Offer; readonly isTwin: boolean }
  /** Another takes its place, or the other side has lost it. */
  | { readonly type: "drop"; readonly id: string };

type Held = LinkFacts & { readonly dialledHere: boolean; readonly sinceMs: number };

export interface LinkMachineOptions {
  /** Whether this side's peer id is the lower one. */
  readonly isLower: boolean;
  readonly pace: Pace;
  readonly random: Random;
  readonly nowMs: number;
}

export class LinkMachine {
  readonly #isLower: boolean;
  readonly #pace: Pace;
  readonly #random: Random;
  #link: Held | undefined;
  #lost: string | undefined;
  #attempts = 0;
  #attempt: { readonly number: number; hasOffered: boolean } | undefined;
  #failures = 0;
  #dialAtMs: number;

  constructor({ isLower, pace, random, nowMs }: LinkMachineOptions) {
    this.#isLower = isLower;
    this.#pace = pace;
    this.#random = random;
    this.#dialAtMs = isLower ? nowMs : nowMs + fallbackMs(pace.firstFallbackMs, random);
  }

  get link(): LinkFacts | undefined {
    return this.#link;
  }

  /** When the next `tick` is due; undefined while there is a link or an attempt. */
  get dueMs(): number | undefined {
    return this.#link === undefined && this.#attempt === undefined ? this.#dialAtMs : undefined;
  }

  on(change: LinkChange, nowMs: number): readonly LinkEffect[] {
    switch (change.type) {
      case "tick":
        return this.#tick(nowMs);
      case "nudged":
        this.#dialAtMs = Math.min(this.#dialAtMs, nowMs);
        return this.#tick(nowMs);
      case "offered":
        if (this.#attempt?.number === change.attempt) this.#attempt.hasOffered = true;
        return [];
      case "welcomed":
        return this.#welcomed(change.attempt, change.link, nowMs);
      case "failed":
        this.#failed(change.attempt, change.declined, nowMs);
        return [];
      case "offer":
        return this.#onOffer(change.offer, nowMs);
      case "lost":
        this.#lose(change.id, change.closed, nowMs);
        return [];
    }
  }

  #tick(nowMs: number): readonly LinkEffect[] {
    if (this.dueMs === undefined || nowMs < this.#dialAtMs) return [];
    this.#attempts += 1;
    this.#attempt = { number: this.#attempts, hasOffered: false };
    return [{ type: "dial", attempt: this.#attempts, lost: this.#lost }];
  }

  #welcomed(attempt: number, link: LinkFacts, nowMs: number): readonly LinkEffect[] {
    // The answer to an attempt that was cancelled: the other side has it and would keep it.
    if (this.#attempt?.number !== attempt) return [{ type: "drop", id: link.id }];
    this.#attempt = undefined;
    this.#hold(link, true, nowMs);
    return [];
  }

  #failed(attempt: number, declined: boolean, nowMs: number): void {
    if (this.#attempt?.number !== attempt) return;
    this.#attempt = undefined;
    this.#failures += 1;
    const pauseMs = declined
      ? fallbackMs(this.#pace.firstFallbackMs, this.#random)
      : backoffMs(this.#failures, this.#pace, this.#random);
    this.#dialAtMs = nowMs + pauseMs;
  }

  #onOffer(offer: Offer, nowMs: number): readonly LinkEffect[] {
    const held = this.#link;
    // Its process was started anew, or it runs twice. The first is known as soon as the link that is held is: it is closed, or
    // falls silent. Of two that live, the one that has the link keeps it: a copy must not take a member's place.
    const isTwin = held !== undefined && offer.incarnation !== held.incarnation;
    return !isTwin && this.#decides(offer) ? this.#take(offer, nowMs) : [{ type: "decline", offer, isTwin }];
  }

  /** Whether an offer of the process that is known is taken. */
  #decides(offer: Offer): boolean {
    const held = this.#link;
    if (held === undefined) return !this.#isLower || this.#attempt?.hasOffered !== true;
    // Its own word: what is held here is dead.
    if (offer.lost === held.id) return true;
    // It would not make another one if it still had that which it made.
    return !held.dialledHere || !this.#isLower;
  }

  #take(offer: Offer, nowMs: number): readonly LinkEffect[] {
    const effects: LinkEffect[] = [];
    if (this.#attempt !== undefined) effects.push({ type: "cancel", attempt: this.#attempt.number });
    if (this.#link !== undefined) effects.push({ type: "drop", id: this.#link.id });
    this.#attempt = undefined;
    this.#hold(offer, false, nowMs);
    effects.push({ type: "take", offer });
    return effects;
  }

  #hold({ id, incarnation }: LinkFacts, dialledHere: boolean, nowMs: number): void {
    this.#link = { id, incarnation, dialledHere, sinceMs: nowMs };
    this.#lost = undefined;
  }

  #lose(id: string, closed: boolean, nowMs: number): void {
    const held = this.#link;
    if (held?.id !== id) return;
    this.#link = undefined;
    this.#lost = id;
    // One that lasted is made anew at once; those that come and go are not, or two peers that cannot agree would spin.
    if (nowMs - held.sinceMs > this.#pace.maxBackoffMs) this.#failures = 0;
    const pauseMs = this.#failures === 0 ? 0 : backoffMs(this.#failures, this.#pace, this.#random);
    this.#failures += 1;
    // A closed one both notice at once, and both must learn whether the other is still there; of silence one may know first.
    const waitMs = this.#isLower || closed ? 0 : fallbackMs(this.#pace.fallbackMs, this.#random);
    this.#dialAtMs = nowMs + Math.max(pauseMs, waitMs);
  }
}

/** One conversation's bids: what it knows when it hears a wake word, as a score, and what came of it. */
import type { ConversationEvent, Verdict, WakeHeard } from "@parley/audio/converse";
import { bidScore } from "@parley/audio/turn";
import type { Seat } from "./arbitration.ts";

export interface BidderOptions {
  readonly seat: Seat;
  /** Whether an answer could be heard at once. */
  readonly isReady: () => boolean;
  /** How much people want this conversation's host to answer, -1 to 1. */
  readonly preference: number;
}

export class Bidder {
  readonly #options: BidderOptions;
  #talkedAtMs: number | undefined;

  constructor(options: BidderOptions) {
    this.#options = options;
  }

  /** Settles who answers, as `ConversationParts.arbitrate`. */
  arbitrate(hit: WakeHeard, signal: AbortSignal): AsyncIterable<Verdict> {
    const { seat, isReady, preference } = this.#options;
    const score = bidScore({
      wakeScore: hit.score,
      levelDbfs: hit.levelDbfs,
      noiseFloorDbfs: hit.floorDbfs,
      preference,
      ...(this.#talkedAtMs === undefined ? {} : { talkedAgoMs: performance.now() - this.#talkedAtMs }),
      ready: isReady(),
    });
    return seat.bid({ score, agoMs: hit.agoMs }, signal);
  }

  /** What happens in the conversation: with whom somebody has talked last they go on talking. */
  note(event: ConversationEvent): void {
    const isAnswered = event.type === "turn" && (event.outcome === "complete" || event.outcome === "interrupted");
    if (isAnswered) this.#talkedAtMs = performance.now();
  }

  /** The conversation is over. */
  leave(): void {
    this.#options.seat.leave();
  }
}

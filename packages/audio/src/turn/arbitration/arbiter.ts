/**
 * Which of the hosts that heard a wake word answers. Each bids to all others, and decides for itself after a window:
 *
 * - The best bid it knows is its own: it claims, as soon as each other bidder has said that it has seen this bid and not
 *   decided. Who has decided says so instead, by its claim. So two claim only when messages take longer than the window
 *   or are lost, whatever the difference between the times at which they heard.
 * - A better bid is known: it waits for a claim, repeating its own bid, which is answered with the claim. None comes:
 *   the better host is gone, and it claims itself; the second best first. So nobody is left without an answer.
 * - Both claimed, as after a partition: the worse yields when it learns of the better.
 *
 * A host whose membership knows no other with ears answers at once, without a message. Equal scores go by host id.
 */
import { arbitrationOptions } from "./messages.ts";
import type { ArbitrationEffect, ArbitrationMessage, ArbitrationOptions, UtteranceId } from "./messages.ts";

/** A wake word that this host heard. */
export interface Heard {
  /** The caller's own number for it, never the same again. */
  readonly number: number;
  /** `bidScore`. */
  readonly score: number;
  /** How long ago it ended: what the detector took. */
  readonly agoMs: number;
  /** The other hosts with ears, by the membership of now. */
  readonly others: readonly string[];
}

/** One host's part in it. Times are of the caller's clock and never run backwards. */
export interface Arbiter {
  /** When {@link advance} must be called at the latest; undefined when nothing is open. */
  readonly nextDueMs: number | undefined;
  heard(heard: Heard, atMs: number): readonly ArbitrationEffect[];
  received(message: ArbitrationMessage, atMs: number): readonly ArbitrationEffect[];
  advance(atMs: number): readonly ArbitrationEffect[];
}

/** Rounds, and bids in one, that are remembered at most: others cannot make this host keep more. */
const ROUNDS_MAX = 32;
const BIDS_MAX = 64;
/** The last in a long row of hosts does not wait for ever. */
const RANK_MAX = 8;

/** Another host's bid or claim. */
interface Rival {
  readonly from: UtteranceId;
  readonly score: number;
}

/** This host's own part in a round. */
interface Own extends Rival {
  readonly heardMs: number;
  readonly endMs: number;
  readonly others: readonly string[];
  /** Who has seen this bid before deciding. */
  readonly seen: Set<string>;
  state: "open" | "won" | "yielded";
  dueMs: number;
  repeatMs: number;
}

/** One wake word, as far as hosts agree on when it ended. */
interface Round {
  readonly endMs: number;
  readonly bornMs: number;
  readonly bids: Map<string, Rival>;
  own: Own | undefined;
  claim: Rival | undefined;
}

/** The part of the host with this id. @throws RangeError of {@link arbitrationOptions} */
export function createArbiter(host: string, options: Partial<ArbitrationOptions> = {}): Arbiter {
  return new Rounds(host, arbitrationOptions(options));
}

class Rounds implements Arbiter {
  readonly #host: string;
  readonly #options: ArbitrationOptions;
  #rounds: Round[] = [];
  #nowMs = Number.NEGATIVE_INFINITY;
  #effects: ArbitrationEffect[] = [];

  constructor(host: string, options: ArbitrationOptions) {
    this.#host = host;
    this.#options = options;
  }

  get nextDueMs(): number | undefined {
    const due = this.#open().map((own) => Math.min(own.dueMs, own.repeatMs));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  heard({ number, score, agoMs, others }: Heard, atMs: number): readonly ArbitrationEffect[] {
    this.#pass(atMs);
    const endMs = this.#nowMs - agoMs;
    const round = this.#roundOf(endMs);
    const rivals = others.filter((other) => other !== this.#host);
    const own: Own = {
      from: { host: this.#host, number },
      score,
      heardMs: this.#nowMs,
      endMs,
      others: rivals,
      seen: new Set(),
      state: "open",
      dueMs: this.#nowMs + this.#options.windowMs,
      repeatMs: this.#nowMs + this.#options.repeatMs,
    };
    if (round.own !== undefined) {
      // Heard twice, by two detectors: the first stands for both.
      this.#effects.push({ type: "yield", number, to: this.#host });
    } else if (round.claim !== undefined) {
      round.own = { ...own, state: "yielded" };
      this.#effects.push({ type: "yield", number, to: round.claim.from.host });
    } else {
      round.own = own;
      if (rivals.length === 0) this.#win(own);
      else this.#bid(own);
      this.#considerEarly(round);
    }
    return this.#taken();
  }

  received(message: ArbitrationMessage, atMs: number): readonly ArbitrationEffect[] {
    this.#pass(atMs);
    if (message.type === "seen") this.#receiveSeen(message.of, message.host);
    else if (message.from.host !== this.#host) {
      const round = this.#roundFor(message.from, this.#nowMs - message.agoMs);
      const rival = { from: message.from, score: message.score };
      if (round.bids.size < BIDS_MAX) round.bids.set(rival.from.host, rival);
      if (message.type === "bid") this.#receiveBid(round, rival);
      else this.#receiveClaim(round, rival);
    }
    return this.#taken();
  }

  advance(atMs: number): readonly ArbitrationEffect[] {
    this.#pass(atMs);
    return this.#taken();
  }

  #receiveBid(round: Round, rival: Rival): void {
    const to = rival.from.host;
    if (round.own?.state === "won") this.#claim(round.own, to);
    // Who has claimed says so itself: nobody speaks for another.
    else if (round.claim === undefined || round.claim.from.host === to) {
      this.#effects.push({ type: "send", to, message: { type: "seen", of: rival.from, host: this.#host } });
      this.#considerEarly(round);
    }
  }

  #receiveSeen(of: UtteranceId, host: string): void {
    const round = this.#rounds.find(({ own }) => of.host === this.#host && own?.from.number === of.number);
    round?.own?.seen.add(host);
    if (round !== undefined) this.#considerEarly(round);
  }

  #receiveClaim(round: Round, rival: Rival): void {
    const { own } = round;
    if (own?.state === "won" && isBetter(own, rival)) {
      this.#claim(own, rival.from.host);
      return;
    }
    if (round.claim === undefined || isBetter(rival, round.claim)) round.claim = rival;
    if (own === undefined || own.state === "yielded") return;
    own.state = "yielded";
    this.#effects.push({ type: "yield", number: own.from.number, to: rival.from.host });
  }

  /** Everybody who could bid has: nothing is gained by waiting. */
  #considerEarly(round: Round): void {
    const { own } = round;
    if (own?.state !== "open" || !own.others.every((other) => round.bids.has(other))) return;
    if (rankOf(round, own) === 0 && isSeen(round, own)) this.#win(own);
  }

  #decide(round: Round, own: Own): void {
    const { windowMs } = this.#options;
    const rank = rankOf(round, own);
    const goneAtMs = own.heardMs + (rank === 0 ? 2 : 3 + Math.min(rank, RANK_MAX)) * windowMs;
    if (own.dueMs >= goneAtMs || (rank === 0 && isSeen(round, own))) this.#win(own);
    // What comes until then may decide it, but a look now and again costs nothing.
    else own.dueMs = Math.min(goneAtMs, own.dueMs + windowMs / 4);
  }

  #bid(own: Own): void {
    own.repeatMs = this.#nowMs + this.#options.repeatMs;
    const { from, score, endMs } = own;
    this.#effects.push({
      type: "broadcast",
      message: { type: "bid", from, score, agoMs: this.#nowMs - endMs },
    });
  }

  #win(own: Own): void {
    own.state = "won";
    this.#effects.push({ type: "win", number: own.from.number });
    if (own.others.length > 0) this.#claim(own);
  }

  /** To one host, or to all others. */
  #claim({ from, score, endMs }: Own, to?: string): void {
    const message: ArbitrationMessage = { type: "claim", from, score, agoMs: this.#nowMs - endMs };
    this.#effects.push(to === undefined ? { type: "broadcast", message } : { type: "send", to, message });
  }

  #open(): readonly Own[] {
    return this.#rounds.flatMap(({ own }) => (own?.state === "open" ? [own] : []));
  }

  /** Lets time pass, and what was due with it, in its order. */
  #pass(atMs: number): void {
    for (let dueMs = this.nextDueMs; dueMs !== undefined && dueMs <= atMs; dueMs = this.nextDueMs) {
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      for (const round of this.#rounds) {
        const { own } = round;
        if (own?.state === "open" && own.dueMs <= dueMs) this.#decide(round, own);
        if (own?.state === "open" && own.repeatMs <= dueMs) this.#bid(own);
      }
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
    this.#rounds = this.#rounds.filter(
      ({ bornMs, own }) => own?.state === "open" || this.#nowMs - bornMs <= this.#options.keepMs,
    );
  }

  /**
   * Where another host's bid or claim belongs. What has waited, as while this host stood still, seems to be of a later word
   * than it is: a message that came quicker is believed rather.
   */
  #roundFor(from: UtteranceId, endMs: number): Round {
    const known = this.#rounds.find((round) => round.bids.get(from.host)?.from.number === from.number);
    if (known === undefined) return this.#roundOf(endMs);
    if (endMs >= known.endMs - this.#options.sameMs) return known;
    known.bids.delete(from.host);
    if (known.claim?.from.host === from.host && known.claim.from.number === from.number) known.claim = undefined;
    return this.#roundOf(endMs);
  }

  /** The wake word that ended at about `endMs`, whoever heard it; the nearest when there are several. */
  #roundOf(endMs: number): Round {
    let found: Round | undefined;
    const far = (round: Round): number => Math.abs(round.endMs - endMs);
    for (const round of this.#rounds) {
      if (far(round) <= this.#options.sameMs && (found === undefined || far(round) < far(found))) found = round;
    }
    if (found !== undefined) return found;
    const round: Round = { endMs, bornMs: this.#nowMs, bids: new Map(), own: undefined, claim: undefined };
    const others = this.#rounds.findIndex(({ own }) => own === undefined);
    if (this.#rounds.length >= ROUNDS_MAX) this.#rounds.splice(Math.max(0, others), 1);
    this.#rounds.push(round);
    return round;
  }

  #taken(): readonly ArbitrationEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** How many bids are better. */
function rankOf(round: Round, own: Own): number {
  return [...round.bids.values()].filter((rival) => isBetter(rival, own)).length;
}

/** Every other bidder knows of this bid. */
function isSeen(round: Round, own: Own): boolean {
  return [...round.bids.keys()].every((host) => own.seen.has(host));
}

/** The same on every host: by score, and among equals by id. A score that is no number is the worst. */
function isBetter(one: Rival, other: Rival): boolean {
  const [a, b] = [one, other].map(({ score }) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score));
  if (a !== b) return (a ?? 0) > (b ?? 0);
  return one.from.host < other.from.host;
}

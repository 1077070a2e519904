/**
 * Which conversation answers to a wake word that several hear: those of this peer and those of others, each with a voice of
 * its own, as two rooms may be listened to by one peer, and one room by two. What decides is `createArbiter`; this carries
 * its messages and keeps its time.
 */
import { systemClock, type Clock, type Timer } from "@parley/actors";
import { BoundedQueue } from "@parley/audio/format";
import { createArbiter, type Arbiter, type ArbitrationEffect, type ArbitrationMessage } from "@parley/audio/turn";
import type { Verdict } from "@parley/audio/converse";
import { Standstill } from "./standstill.ts";

/** In the place of a participant: all of them. */
export const ALL = "all";

/** The conversations of other peers. */
export interface Elsewhere {
  /** Those that listen for a wake word, as far as is known now. */
  readonly participants: readonly string[];
  /** To one of them, or to {@link ALL}. Never waits, never throws; loss is borne. */
  send(message: ArbitrationMessage, to: string): void;
}

/** A wake word that a conversation heard. */
export interface Bid {
  /** `bidScore`. */
  readonly score: number;
  /** How long ago it ended. */
  readonly agoMs: number;
}

/** How a bid came out, for logs. */
export interface Settled {
  readonly participant: string;
  readonly verdict: Verdict;
  readonly score: number;
  /** From hearing to this verdict. */
  readonly tookMs: number;
  /** How many others there were to ask. */
  readonly others: number;
  /** Who answers instead. */
  readonly to?: string | undefined;
}

export interface ArbitrationOptions {
  /** This peer's id. */
  readonly peer: string;
  readonly onSettled?: ((settled: Settled) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/** One conversation's seat. */
export interface Seat {
  /** Peer and number: no two are alike while their peers run. */
  readonly id: string;
  /** Who answers, and whether that changes within some seconds. Ends by itself. */
  bid(bid: Bid, signal: AbortSignal): AsyncIterable<Verdict>;
  /** It listens no more. */
  leave(): void;
}

/** So long a verdict may still be taken back. */
const OPEN_MS = 2_500;
/** Longer than that a wake word is remembered: who stood still meanwhile hears it late, and is told who has answered. */
const REMEMBERED_MS = 15_000;

/** The participants of one peer. */
export class Arbitration {
  readonly #options: ArbitrationOptions;
  readonly #clock: Clock;
  readonly #seats = new Map<string, LocalSeat>();
  readonly #waiting: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #standstill: Standstill;
  #elsewhere: Elsewhere | undefined;
  #seated = 0;
  #sent = 0;
  #last: Settled | undefined;
  #isDelivering = false;

  constructor(options: ArbitrationOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.#standstill = new Standstill(this.#clock, () => this.elsewhere.length > 0);
  }

  get peer(): string {
    return this.#options.peer;
  }

  /** The conversations of this peer that listen for a wake word. */
  get participants(): readonly string[] {
    return [...this.#seats.keys()];
  }

  /** Those of other peers, as far as is known. */
  get elsewhere(): readonly string[] {
    return this.#elsewhere?.participants ?? [];
  }

  /** Messages that went to other peers. */
  get sent(): number {
    return this.#sent;
  }

  /** What was settled last here. */
  get last(): Settled | undefined {
    return this.#last;
  }

  /** Calls `changed` whenever who listens here has changed. The result ends that. */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** The way to other peers; undefined when there is none. */
  connect(elsewhere: Elsewhere | undefined): void {
    this.#elsewhere = elsewhere;
  }

  /** A conversation begins to listen for a wake word. */
  take(): Seat {
    this.#seated += 1;
    const id = `${this.peer}/${this.#seated}`;
    const seat = new LocalSeat(id, {
      clock: this.#clock,
      hasMissed: (saidMs) => this.#standstill.hasMissed(saidMs),
      others: () => [...this.#seats.keys(), ...this.elsewhere].filter((other) => other !== id),
      send: (message, to) => this.#send(id, message, to),
      settled: (settled) => {
        this.#last = settled;
        this.#options.onSettled?.(settled);
      },
      left: () => {
        if (!this.#seats.delete(id)) return;
        if (this.#seats.size === 0) this.#standstill.stop();
        this.#changed();
      },
    });
    this.#seats.set(id, seat);
    this.#standstill.start();
    this.#changed();
    return seat;
  }

  /** A message of another peer, checked, for one conversation here or for {@link ALL}. */
  receive(message: ArbitrationMessage, to: string): void {
    for (const [id, seat] of this.#seats) {
      if (to === ALL || to === id) this.#later(() => seat.receive(message));
    }
    this.#deliver();
  }

  #send(from: string, message: ArbitrationMessage, to: string): void {
    for (const [id, seat] of this.#seats) {
      if (id !== from && (to === ALL || to === id)) this.#later(() => seat.receive(message));
    }
    const isForOthers = to === ALL ? this.elsewhere.length > 0 : !to.startsWith(`${this.peer}/`);
    if (isForOthers) {
      this.#sent += 1;
      this.#elsewhere?.send(message, to);
    }
    this.#deliver();
  }

  #later(deliver: () => void): void {
    this.#waiting.push(deliver);
  }

  /** One after the other: what one seat is told may make it speak to the one that is just speaking. */
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next();
    } finally {
      this.#isDelivering = false;
    }
  }

  #changed(): void {
    for (const changed of this.#listeners) changed();
  }
}

interface SeatPorts {
  readonly clock: Clock;
  /** Whether others have answered to what was said then, while this host stood still. */
  readonly hasMissed: (saidMs: number) => boolean;
  readonly others: () => readonly string[];
  readonly send: (message: ArbitrationMessage, to: string) => void;
  readonly settled: (settled: Settled) => void;
  readonly left: () => void;
}

/** A bid whose verdict may still change. */
interface OpenBid {
  readonly verdicts: BoundedQueue<Verdict>;
  readonly score: number;
  readonly heardMs: number;
  readonly others: number;
}

class LocalSeat implements Seat {
  readonly id: string;
  readonly #ports: SeatPorts;
  readonly #arbiter: Arbiter;
  readonly #bids = new Map<number, OpenBid>();
  #numbered = 0;
  #timer: Timer | undefined;
  #isGone = false;

  constructor(id: string, ports: SeatPorts) {
    this.id = id;
    this.#ports = ports;
    this.#arbiter = createArbiter(id, { keepMs: REMEMBERED_MS });
  }

  async *bid({ score, agoMs }: Bid, signal: AbortSignal): AsyncGenerator<Verdict> {
    const { clock } = this.#ports;
    // One answers, or another does instead.
    const verdicts = new BoundedQueue<Verdict>({ capacity: 2 });
    const [number, heardMs, others] = [(this.#numbered += 1), clock.nowMs(), this.#ports.others()];
    this.#bids.set(number, { verdicts, score, heardMs, others: others.length });
    const over = clock.after(OPEN_MS, () => verdicts.close());
    const onAbort = (): void => verdicts.close();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      if (this.#ports.hasMissed(heardMs - agoMs)) this.#settle(number, "lost");
      else this.#carryOut(this.#arbiter.heard({ number, score, agoMs, others }, heardMs));
      yield* verdicts;
    } finally {
      over.cancel();
      signal.removeEventListener("abort", onAbort);
      this.#bids.delete(number);
    }
  }

  receive(message: ArbitrationMessage): void {
    if (!this.#isGone) this.#carryOut(this.#arbiter.received(message, this.#ports.clock.nowMs()));
  }

  leave(): void {
    this.#isGone = true;
    this.#timer?.cancel();
    for (const { verdicts } of this.#bids.values()) verdicts.close();
    this.#ports.left();
  }

  #carryOut(effects: readonly ArbitrationEffect[]): void {
    this.#arm();
    for (const effect of effects) {
      switch (effect.type) {
        case "send":
          this.#ports.send(effect.message, effect.to);
          break;
        case "broadcast":
          this.#ports.send(effect.message, ALL);
          break;
        case "win":
          this.#settle(effect.number, "won");
          break;
        case "yield":
          this.#settle(effect.number, "lost", effect.to);
          break;
      }
    }
  }

  #settle(number: number, verdict: Verdict, to?: string): void {
    const open = this.#bids.get(number);
    if (open === undefined) return;
    const { verdicts, score, heardMs, others } = open;
    const tookMs = this.#ports.clock.nowMs() - heardMs;
    this.#ports.settled({ participant: this.id, verdict, score, tookMs, others, to });
    verdicts.tryPush(verdict);
    // Who gave way does not come back.
    if (verdict === "lost") verdicts.close();
  }

  #arm(): void {
    this.#timer?.cancel();
    const { nextDueMs } = this.#arbiter;
    if (nextDueMs === undefined || this.#isGone) return;
    const { clock } = this.#ports;
    this.#timer = clock.after(Math.max(0, nextDueMs - clock.nowMs()), () => {
      this.#carryOut(this.#arbiter.advance(clock.nowMs()));
    });
  }
}

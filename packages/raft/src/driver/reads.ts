/**
 * Linearizable reads. All that are asked for at once go through one ReadIndex round (dissertation, section 6.4); each
 * settles when the state machine here has reached the index that the round came back with.
 */
import type { NodeId } from "../core/types.ts";
import type { Histogram } from "./histogram.ts";
import type { ReadOutcome } from "./outcome.ts";
import { refused } from "./proposals.ts";

export interface Read {
  readonly deadlineMs: number;
  readonly askedMs: number;
  readonly settle: (outcome: ReadOutcome) => void;
}

interface Ripening {
  readonly index: number;
  readonly reads: readonly Read[];
}

interface Round {
  readonly reads: readonly Read[];
  readonly startedMs: number;
}

/** Rounds under way: a second one need not wait for a slow first one. */
const MAX_ROUNDS = 2;

export class Reads {
  readonly #max: number;
  readonly #origin: number;
  readonly #readMs: Histogram;
  #asked: Read[] = [];
  readonly #rounds = new Map<number, Round>();
  #ripening: Ripening[] = [];
  #count = 0;
  #roundCount = 0;
  #earliestDeadlineMs = Infinity;
  served = 0;

  constructor(max: number, origin: number, readMs: Histogram) {
    this.#max = max;
    this.#origin = origin;
    this.#readMs = readMs;
  }

  get count(): number {
    return this.#count;
  }

  add(read: Read): void {
    if (this.#count >= this.#max) {
      read.settle(refused("overloaded", `${this.#count} reads wait already`));
      return;
    }
    this.#count += 1;
    this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, read.deadlineMs);
    this.#asked.push(read);
  }

  /** The context of a round to begin now; undefined when none is needed, or enough are under way. */
  begin(nowMs: number): Uint8Array | undefined {
    if (this.#asked.length === 0 || this.#rounds.size >= MAX_ROUNDS) return undefined;
    this.#roundCount += 1;
    this.#rounds.set(this.#roundCount, { reads: this.#asked, startedMs: nowMs });
    this.#asked = [];
    const context = new Uint8Array(16);
    const view = new DataView(context.buffer);
    view.setFloat64(0, this.#origin, true);
    view.setFloat64(8, this.#roundCount, true);
    return context;
  }

  /** A round came back: its reads may be served once `index` is applied. Answers to an earlier life are passed over. */
  confirmed(context: Uint8Array, index: number): void {
    if (context.length !== 16) return;
    const view = new DataView(context.buffer, context.byteOffset, context.length);
    const number = view.getFloat64(8, true);
    const round = this.#rounds.get(number);
    if (view.getFloat64(0, true) !== this.#origin || round === undefined) return;
    this.#rounds.delete(number);
    this.#ripening.push({ index, reads: round.reads });
  }

  serve(appliedIndex: number, nowMs: number): void {
    if (this.#ripening.length === 0) return;
    const later: Ripening[] = [];
    for (const each of this.#ripening) {
      if (each.index > appliedIndex) later.push(each);
      else {
        for (const read of each.reads) this.#end(read, { outcome: "readable", index: appliedIndex }, nowMs);
      }
    }
    this.#ripening = later;
  }

  /** Rounds that were begun before `startedMs` are asked for again: a leader may have taken them with it. */
  retry(startedMs: number): void {
    for (const [number, round] of this.#rounds) {
      if (round.startedMs > startedMs) continue;
      this.#rounds.delete(number);
      this.#asked.unshift(...round.reads);
    }
  }

  expire(nowMs: number, leader: NodeId | undefined): void {
    if (nowMs < this.#earliestDeadlineMs) return;
    this.#earliestDeadlineMs = Infinity;
    const inTime = (read: Read): boolean => {
      if (read.deadlineMs > nowMs) {
        this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, read.deadlineMs);
        return true;
      }
      const why = leader === undefined ? "there is no leader" : `leader ${leader} did not confirm it`;
      this.#end(read, refused("deadline", `${why} before its deadline`), nowMs);
      return false;
    };
    this.#asked = this.#asked.filter(inTime);
    for (const [number, { reads, startedMs }] of this.#rounds) {
      const left = reads.filter(inTime);
      if (left.length === 0) this.#rounds.delete(number);
      else this.#rounds.set(number, { reads: left, startedMs });
    }
    this.#ripening = this.#ripening
      .map(({ index, reads }) => ({ index, reads: reads.filter(inTime) }))
      .filter(({ reads }) => reads.length > 0);
  }

  stop(): void {
    const rounds = [...this.#rounds.values(), ...this.#ripening].flatMap(({ reads }) => reads);
    this.#rounds.clear();
    this.#ripening = [];
    for (const read of [...this.#asked.splice(0), ...rounds]) {
      this.#end(read, refused("stopped", "the node is stopping"), Number.NaN);
    }
  }

  #end(read: Read, outcome: ReadOutcome, nowMs: number): void {
    this.#count -= 1;
    if (outcome.outcome === "readable") {
      this.served += 1;
      this.#readMs.record(nowMs - read.askedMs);
    }
    read.settle(outcome);
  }
}

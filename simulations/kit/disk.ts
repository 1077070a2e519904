/**
 * One node's disk. Writes are done in order. A write that need not be synced is readable at once and lost with the
 * power; a synced write is durable, with all before it, when it is done. What a crash finds in flight may or may not
 * have reached the platter: any prefix of it does, because the store that stands on this disk notices a torn batch
 * and drops it whole.
 */
import type { Random } from "./random.ts";
import { MS, type Micros, type Timeline } from "./timeline.ts";

/** Contents that batches change. */
export interface Image<Batch> {
  write(batch: Batch): void;
}

interface Write<Batch> {
  readonly batch: Batch;
  readonly isSynced: boolean;
  readonly done: () => void;
}

export class Disk<Batch, Contents extends Image<Batch>> {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #clone: (contents: Contents) => Contents;
  /** What readers see. */
  contents: Contents;
  /** What survives a power cut. */
  durable: Contents;
  /** Written, readable, not synced. */
  #unsynced: Batch[] = [];
  #queue: Write<Batch>[] = [];
  /** Completions of an earlier life of the node are not heard any more. */
  #epoch = 0;
  /** Factor on the time a sync takes. */
  slowness = 1;
  isFull = false;
  /** Told after every sync. */
  readonly #synced: (durable: Contents) => void;

  constructor(given: {
    readonly timeline: Timeline;
    readonly random: Random;
    readonly contents: Contents;
    readonly clone: (contents: Contents) => Contents;
    readonly synced: (durable: Contents) => void;
  }) {
    this.#timeline = given.timeline;
    this.#random = given.random;
    this.#clone = given.clone;
    this.contents = given.contents;
    this.durable = given.clone(given.contents);
    this.#synced = given.synced;
  }

  /** Writes `batch` after all before it; `done` is called when it is readable and, if `isSynced`, durable. */
  write(batch: Batch, isSynced: boolean, done: () => void): void {
    if (!isSynced && this.#queue.length === 0 && !this.isFull) {
      this.contents.write(batch);
      this.#unsynced.push(batch);
      done();
      return;
    }
    this.#queue.push({ batch, isSynced, done });
    if (this.#queue.length === 1) this.#begin();
  }

  /** The node died. With the power gone, what was not synced goes too. */
  crash(losesUnsynced: boolean): void {
    this.#epoch += 1;
    const inFlight = this.#queue.map(({ batch }) => batch);
    this.#queue = [];
    const [safe, doubtful] = losesUnsynced ? [[], [...this.#unsynced, ...inFlight]] : [this.#unsynced, inFlight];
    const survivors = [...safe, ...doubtful.slice(0, this.#random.between(0, doubtful.length))];
    for (const batch of survivors) this.durable.write(batch);
    this.#unsynced = [];
    this.contents = this.#clone(this.durable);
    this.#synced(this.durable);
  }

  #begin(): void {
    const epoch = this.#epoch;
    const [first] = this.#queue;
    if (first === undefined) return;
    const latency: Micros = this.isFull ? 100 * MS : this.#latency(first.isSynced);
    this.#timeline.after(latency, () => {
      if (epoch !== this.#epoch) return;
      // A full disk refuses; the store tries the same batch again until there is room.
      if (this.isFull) this.#begin();
      else this.#finish(first);
    });
  }

  #latency(isSynced: boolean): Micros {
    return (isSynced ? 0.5 + 1.5 * this.#random.next() : 0.05) * MS * this.slowness;
  }

  #finish(write: Write<Batch>): void {
    this.#queue.shift();
    this.contents.write(write.batch);
    this.#unsynced.push(write.batch);
    if (write.isSynced) {
      for (const batch of this.#unsynced) this.durable.write(batch);
      this.#unsynced = [];
      this.#synced(this.durable);
    }
    if (this.#queue.length > 0) this.#begin();
    write.done();
  }
}

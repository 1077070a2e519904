/**
 * Whether this peer's side of its house can agree on anything: a side without a prime for long has no quorum, and one without a prime that
 * cannot reach most voters will not get one.
 */
import { systemClock, type Clock, type Leadership, type Timer } from "@parley/actors";
import type { PeerReport } from "../../cluster/face.ts";

export interface QuorumOptions {
  readonly leadership: Leadership;
  /** Most voters cannot be reached from here. Default: that is not known. */
  readonly isAlone?: (() => boolean) | undefined;
  /** Told when that changes, not from within the constructor. */
  readonly changed: (isApart: boolean) => void;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** An election takes less: what takes longer is no election. */
export const APART_AFTER_MS = 2_000;
/** Somebody waits for a word meanwhile. A link that was lost may be there again by then. */
export const ALONE_AFTER_MS = 300;
const LOOK_MS = 100;

/** Whether most of the voters cannot be reached; of no voters nobody knows. */
export function isAlone(peers: readonly Pick<PeerReport, "role" | "isSelf" | "isOnline">[]): boolean {
  const voters = peers.filter(({ role }) => role === "voter");
  const reached = voters.filter(({ isSelf, isOnline }) => isSelf || isOnline);
  return voters.length > 0 && reached.length <= voters.length / 2;
}

export class Quorum {
  readonly #options: QuorumOptions;
  readonly #clock: Clock;
  readonly #stop: () => void;
  #timer: Timer | undefined;
  #isApart = false;

  constructor(options: QuorumOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.#stop = options.leadership.watch(() => this.#look());
    this.#look();
  }

  /** Nothing can be agreed on here, nor soon. */
  get isApart(): boolean {
    return this.#isApart;
  }

  close(): void {
    this.#stop();
    this.#timer?.cancel();
  }

  #look(): void {
    if (this.#options.leadership.current().leader === undefined) {
      this.#timer ??= this.#wait(0);
      return;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#turn(false);
  }

  /** @param waitedMs without a prime, so far */
  #wait(waitedMs: number): Timer {
    const ms = waitedMs === 0 ? ALONE_AFTER_MS : Math.min(LOOK_MS, APART_AFTER_MS - waitedMs);
    return this.#clock.after(ms, () => {
      const isOver = waitedMs + ms >= APART_AFTER_MS || this.#options.isAlone?.() === true;
      if (isOver) return this.#turn(true);
      this.#timer = this.#wait(waitedMs + ms);
    });
  }

  #turn(isApart: boolean): void {
    if (this.#isApart === isApart) return;
    this.#isApart = isApart;
    this.#options.changed(isApart);
  }
}

/** Whether this peer's side of its house can agree on anything: a side without a prime for long has no quorum. */
import { systemClock, type Clock, type Leadership, type Timer } from "@parley/actors";

export interface QuorumOptions {
  readonly leadership: Leadership;
  /** Told when that changes, not from within the constructor. */
  readonly changed: (isApart: boolean) => void;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** An election takes less: what takes longer is no election. */
export const APART_AFTER_MS = 2_000;

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

  /** Nothing can be agreed on here, and could not for {@link APART_AFTER_MS}. */
  get isApart(): boolean {
    return this.#isApart;
  }

  close(): void {
    this.#stop();
    this.#timer?.cancel();
  }

  #look(): void {
    if (this.#options.leadership.current().leader === undefined) {
      this.#timer ??= this.#clock.after(APART_AFTER_MS, () => this.#turn(true));
      return;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#turn(false);
  }

  #turn(isApart: boolean): void {
    if (this.#isApart === isApart) return;
    this.#isApart = isApart;
    this.#options.changed(isApart);
  }
}

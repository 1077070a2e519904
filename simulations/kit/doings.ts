/** What happens at one life of a host: at once, after its pause, or never once it is over. */
import type { Timeline } from "./timeline.ts";

export class Doings {
  readonly #timeline: Timeline;
  readonly #act: (action: () => void) => void;
  /** What has come during its pause, and after it, as long as something is left of that. */
  readonly #deferred: (() => void)[] = [];
  #isPaused = false;
  #isOver = false;

  /** @param act carries an action out */
  constructor(timeline: Timeline, act: (action: () => void) => void) {
    this.#timeline = timeline;
    this.#act = act;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  readonly run = (action: () => void): void => {
    if (this.#isOver) return;
    if (this.#isPaused || this.#deferred.length > 0) this.#deferred.push(action);
    else this.#act(action);
  };

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#timeline.after(0, this.#catchUp);
  }

  end(): void {
    this.#isOver = true;
    this.#deferred.length = 0;
  }

  /** One by one: whatever follows from each happens before the next. */
  readonly #catchUp = (): void => {
    const next = this.#isPaused || this.#isOver ? undefined : this.#deferred.shift();
    if (next === undefined) return;
    this.#act(next);
    this.#timeline.after(0, this.#catchUp);
  };
}

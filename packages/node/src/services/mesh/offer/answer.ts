/** The way back of one job of another peer: its items in order, signs of life while there are none, and the news that nobody reads any more. */
import type { Clock, Timer } from "@parley/actors";
import { BoundedQueue } from "@parley/audio/format";
import { failureOf } from "../../stage.ts";
import { turnOf } from "../turn.ts";
import { MOST_STEPS, type AnswerItem, type FollowedItem } from "../wire.ts";

/** How often a job that has nothing to say shows that it is worked on. */
export const ALIVE_EVERY_MS = 40;
/** Items that wait for the reader before whoever makes them is held. */
const ITEMS_AHEAD = 4;

export interface AnswerOptions {
  readonly clock: Clock;
  /** Of the actor's life. */
  readonly signal: AbortSignal;
  /** Does the work, once somebody reads; what it throws is told. */
  readonly work: (answer: Answer) => Promise<void>;
  /** Called once, when the work has ended and nobody reads any more. */
  readonly over: () => void;
  /** Whether signs of life are given. */
  readonly isLively: boolean;
}

/** What a job's work writes to; {@link items} is what its caller reads. */
export class Answer {
  readonly #options: AnswerOptions;
  readonly #left = new AbortController();
  readonly #queue = new BoundedQueue<AnswerItem>({ capacity: ITEMS_AHEAD });
  /** The last of what follows a live stream, as long as it is not on its way. */
  #open: FollowedItem | undefined;
  #timer: Timer | undefined;
  #hasBegun = false;
  #isOver = false;

  constructor(options: AnswerOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.leave, { once: true });
  }

  /** Aborted when the caller has left, or the actor's life is over: the engine lets go of the job. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** Waits for the reader. False: nobody reads any more. */
  push(item: AnswerItem): Promise<boolean> {
    return this.#queue.push(item);
  }

  /** As {@link push}; steps that come together, or faster than they are read, go as one item. */
  join(item: FollowedItem): Promise<boolean> {
    if (this.#open !== undefined && hasJoined(this.#open, item)) return Promise.resolve(true);
    this.#open = item;
    return this.push(item);
  }

  /** Passed over where the reader is slow. */
  mention(item: AnswerItem): void {
    this.#queue.tryPush(item);
  }

  /** For `offerStream`. Closing it is not held up by a read that waits, as closing a generator would be. */
  get items(): AsyncIterable<AnswerItem> {
    const iterator: AsyncIterator<AnswerItem, undefined> = {
      next: () => {
        this.#begin();
        return this.#next();
      },
      return: () => {
        this.leave();
        return this.#queue.return();
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** Nobody reads any more. */
  readonly leave = (): void => {
    this.#left.abort();
    // One that nobody ever opened has no work that would end.
    if (!this.#hasBegun) this.#end();
  };

  async #next(): Promise<IteratorResult<AnswerItem, undefined>> {
    const result = await this.#queue.next();
    if (result.value !== undefined && result.value === this.#open) {
      await turnOf(this.#options.clock);
      // What comes during that may have had no room in it.
      if (result.value === this.#open) this.#open = undefined;
    }
    return result;
  }

  #begin(): void {
    if (this.#hasBegun || this.#isOver) return;
    this.#hasBegun = true;
    if (this.#options.isLively) this.#showLife();
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      await this.#options.work(this);
    } catch (error) {
      await this.#queue.push({ type: "failed", ...shortened(failureOf(error)) });
    } finally {
      this.#end();
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#options.signal.removeEventListener("abort", this.leave);
    this.#queue.close();
    this.#options.over();
  }

  /** The first at once: the job has arrived. */
  readonly #showLife = (): void => {
    // Items that wait are a sign themselves.
    if (this.#queue.size === 0) this.mention({ type: "alive" });
    this.#timer = this.#options.clock.after(ALIVE_EVERY_MS, this.#showLife);
  };
}

/** Whether what `item` has to say is in `waiting` now. */
function hasJoined(waiting: FollowedItem, item: FollowedItem): boolean {
  if (waiting.type === "frames" && item.type === "frames") return hasTaken(waiting.frames, item.frames);
  if (waiting.type === "scores" && item.type === "scores") return hasTaken(waiting.steps, item.steps);
  return false;
}

function hasTaken<Step>(all: Step[], more: readonly Step[]): boolean {
  if (all.length + more.length > MOST_STEPS) return false;
  all.push(...more);
  return true;
}

function shortened({ code, message, nextStep }: ReturnType<typeof failureOf>): ReturnType<typeof failureOf> {
  return { code: code.slice(0, 200), message: message.slice(0, 2_000), nextStep: nextStep.slice(0, 2_000) };
}

/** Watching keys: a place in the history of changes that moves on as it is read. */
import { bytesOf } from "./fields.ts";
import type { Change, ChangeHistory } from "./history.ts";

/** One key, or all keys that begin with a prefix ("": every key). */
export type WatchSelector = { readonly key: string } | { readonly prefix: string };

export type WatchItem =
  | { readonly type: "put"; readonly revision: number; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly revision: number; readonly key: string }
  /**
   * The last item: changes between what was read and `revision` are no longer kept. Read the state, which is at least as
   * new as `revision`, and watch from the revision after it.
   */
  | { readonly type: "lagged"; readonly revision: number };

/**
 * An async iterator: one reader, one `next()` at a time. It buffers nothing of its own; its reader lags when it falls
 * behind the machine's bounded history. A restore makes every watch lag that had not read beyond the snapshot.
 */
export class Watch implements AsyncIterableIterator<WatchItem, undefined> {
  readonly #history: ChangeHistory;
  readonly #selector: WatchSelector;
  readonly #waiting: Set<Watch>;
  /** Changes before this revision are dealt with. */
  #next: number;
  #isOver = false;
  #wake: ((result: IteratorResult<WatchItem, undefined>) => void) | undefined;

  /** @param waiting where it stands while a `next()` has nothing to give; {@link poke} it there after changes. */
  constructor(history: ChangeHistory, selector: WatchSelector, from: number, waiting: Set<Watch>) {
    this.#history = history;
    this.#selector = selector;
    this.#next = from;
    this.#waiting = waiting;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<WatchItem, undefined>> {
    const item = this.#take();
    if (item !== undefined) return { done: false, value: item };
    if (this.#isOver) return { done: true, value: undefined };
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#waiting.add(this);
    });
  }

  /** Ends the watch; a `next()` that waits is told so. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#isOver = true;
    this.#settle({ done: true, value: undefined });
    return { done: true, value: undefined };
  }

  /** Gives a waiting `next()` what there is now. */
  poke(): void {
    const item = this.#take();
    if (item !== undefined) this.#settle({ done: false, value: item });
  }

  #settle(result: IteratorResult<WatchItem, undefined>): void {
    this.#waiting.delete(this);
    this.#wake?.(result);
    this.#wake = undefined;
  }

  #take(): WatchItem | undefined {
    if (this.#isOver) return undefined;
    if (this.#history.floor >= this.#next) {
      this.#isOver = true;
      return { type: "lagged", revision: this.#history.floor };
    }
    for (;;) {
      const change = this.#history.firstSince(this.#next);
      if (change === undefined) return undefined;
      this.#next = change.revision + 1;
      if (this.#selects(change.key)) return itemOf(change);
    }
  }

  #selects(key: string): boolean {
    return "key" in this.#selector ? key === this.#selector.key : key.startsWith(this.#selector.prefix);
  }
}

function itemOf({ revision, key, value }: Change): WatchItem {
  return value === undefined
    ? { type: "delete", revision, key }
    : { type: "put", revision, key, value: bytesOf(value) };
}

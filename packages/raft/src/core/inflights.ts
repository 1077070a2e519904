/** Appends that are on their way to one follower: a window bounded in messages and in bytes. */
import { invariant } from "../errors.ts";

interface Inflight {
  readonly lastIndex: number;
  readonly bytes: number;
}

/** A window of appends, oldest first, each known by the index of its last entry. */
export class Inflights {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #window: Inflight[] = [];
  #bytes = 0;

  /** `maxBytes` 0 sets no bound on bytes. */
  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#window.length;
  }

  /** One message may pass the byte bound; the next then waits. */
  get full(): boolean {
    return this.#window.length >= this.#maxMessages || (this.#maxBytes > 0 && this.#bytes >= this.#maxBytes);
  }

  add(lastIndex: number, bytes: number): void {
    invariant(!this.full, "an append was added to a full window");
    this.#window.push({ lastIndex, bytes });
    this.#bytes += bytes;
  }

  /** Everything up to `index` has arrived. */
  freeTo(index: number): void {
    let freed = 0;
    for (const inflight of this.#window) {
      if (inflight.lastIndex > index) break;
      this.#bytes -= inflight.bytes;
      freed += 1;
    }
    if (freed > 0) this.#window.splice(0, freed);
  }

  reset(): void {
    this.#window = [];
    this.#bytes = 0;
  }

  /** A window of its own with the same contents. */
  clone(): Inflights {
    const copy = new Inflights(this.#maxMessages, this.#maxBytes);
    copy.#window = [...this.#window];
    copy.#bytes = this.#bytes;
    return copy;
  }
}

/** What a connection still has to send: a slow reader holds the work that feeds it, and in the end loses the line. */
import type { ClientSocket } from "./client-socket.ts";

/** Unsent bytes above which senders wait. */
const HIGH_WATER_BYTES = 1_048_576;
/** A client that reads nothing for this long is gone for our purposes. */
const STUCK_AFTER_MS = 30_000;

/** Sends frames of one socket in order, with back-pressure. */
export class Outbox {
  readonly #socket: ClientSocket;
  #tail: Promise<void> = Promise.resolve();
  #watching: NodeJS.Timeout | undefined;

  constructor(socket: ClientSocket) {
    this.#socket = socket;
  }

  /** Ends a connection that drains nothing at all between two looks. */
  #watch(): void {
    if (this.#watching !== undefined) return;
    let before = Infinity;
    this.#watching = setInterval(() => {
      const waiting = this.#socket.bufferedAmount;
      if (waiting >= before) this.#socket.terminate();
      before = waiting;
      if (waiting > 0 && this.#socket.readyState === this.#socket.OPEN) return;
      clearInterval(this.#watching);
      this.#watching = undefined;
    }, STUCK_AFTER_MS);
    this.#watching.unref();
  }

  /** Queues a frame; resolves when there is room for the next. A closed socket drops it: its work is being cancelled. */
  async send(data: string | Uint8Array): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const flushed = new Promise<void>((resolve) => {
      // The error of a failed write comes as the socket's own `error` and `close`, which end the connection.
      this.#socket.send(data, () => resolve());
    });
    if (this.#socket.bufferedAmount <= HIGH_WATER_BYTES) return;
    this.#tail = Promise.all([this.#tail, flushed]).then(() => undefined);
    this.#watch();
    await this.#tail;
  }
}

/**
 * Messages to one peer whose senders wait for an answer. Acknowledged ones outlive connections: they are sent again, in
 * their order and under their numbers, until they are answered or given up; the others are lost with their connection.
 */
import type { OfferOptions } from "../core/ref.ts";
import type { Clock, Timer } from "../core/ports.ts";
import { Ring } from "../core/ring.ts";
import { ActorError, isActorError } from "../errors.ts";
import type { Association } from "./association.ts";
import type { RemotingLimits } from "./options.ts";
import type { Answer } from "./wire/control.ts";
import { encodeOffer, type FrameParts, stampOffer } from "./wire/data.ts";
import { errorOf } from "./wire/failure.ts";
import { totalBytes } from "./wire/values.ts";

interface Entry {
  readonly id: number;
  readonly frame: FrameParts;
  readonly bytes: number;
  readonly isAcknowledged: boolean;
  readonly dueMs: number;
  readonly resolve: () => void;
  readonly reject: (error: ActorError) => void;
  timer: Timer | undefined;
  unlisten: (() => void) | undefined;
}

export class Outbox {
  readonly #clock: Clock;
  readonly #limits: RemotingLimits;
  readonly #peer: string;
  /** In the order of their numbers. */
  readonly #entries = new Map<number, Entry>();
  /** Not sent over the connection that there is. */
  #unsent = new Ring<Entry>();
  #bytes = 0;
  #nextId = 1;
  #association: Association | undefined;

  constructor(clock: Clock, limits: RemotingLimits, peer: string) {
    this.#clock = clock;
    this.#limits = limits;
    this.#peer = peer;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Number of the last that was offered. */
  get newest(): number {
    return this.#nextId - 1;
  }

  /** Rejects with ActorErrors only. */
  offer(place: string, message: unknown, options: OfferOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const { signal, acknowledged: isAcknowledged = false, timeoutMs = this.#limits.offerTimeoutMs } = options;
    try {
      if (signal?.aborted === true) throw this.#cancelled(signal);
      const id = this.#nextId;
      const frame = encodeOffer(place, id, isAcknowledged, message);
      const bytes = totalBytes(frame);
      this.#mustFit(bytes);
      this.#nextId += 1;
      const entry: Entry = {
        id,
        frame,
        bytes,
        isAcknowledged,
        dueMs: this.#clock.nowMs() + timeoutMs,
        resolve: () => resolve(undefined),
        reject,
        timer: undefined,
        unlisten: undefined,
      };
      this.#add(entry, timeoutMs, signal);
    } catch (error) {
      if (!isActorError(error)) throw error;
      reject(error);
    }
    return promise;
  }

  answered({ id, failure }: Answer): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (failure === undefined) this.#settle(entry)?.resolve();
    else this.#settle(entry)?.reject(errorOf(failure));
  }

  /** There is a connection: all that is still wanted is to go out, again, with {@link pump}. */
  opened(association: Association): void {
    this.#association = association;
    this.#unsent = new Ring();
    for (const entry of this.#entries.values()) this.#unsent.push(entry);
  }

  /** The connection is lost, or there will be none for now. */
  lost(error: ActorError): void {
    this.#association = undefined;
    for (const entry of this.#entries.values()) {
      if (!entry.isAcknowledged) this.#settle(entry)?.reject(error);
    }
  }

  /**
   * Sends what there is room for. What is told afterwards does not overtake what stays behind: there is no room for it either.
   * @param upTo only so far
   */
  pump(upTo = Infinity): void {
    const association = this.#association;
    if (association === undefined) return;
    for (let entry = this.#unsent.peek(); entry !== undefined && entry.id <= upTo; entry = this.#unsent.peek()) {
      if (!association.hasRoom("message")) return;
      this.#unsent.shift();
      if (!this.#entries.has(entry.id)) continue;
      stampOffer(entry.frame[0], this.#settledBelow(), entry.dueMs - this.#clock.nowMs());
      const refused = association.send("message", entry.frame);
      if (refused !== undefined && !association.isOver) this.#settle(entry)?.reject(refused);
    }
  }

  /** Nothing will be sent any more. */
  close(error: ActorError): void {
    this.#association = undefined;
    for (const entry of this.#entries.values()) this.#settle(entry)?.reject(error);
  }

  #add(entry: Entry, timeoutMs: number, signal: AbortSignal | undefined): void {
    this.#entries.set(entry.id, entry);
    this.#bytes += entry.bytes;
    entry.timer = this.#clock.after(timeoutMs, () => {
      const late = `${this.#peer} did not answer for a message within ${timeoutMs} ms`;
      this.#settle(entry)?.reject(new ActorError("ask-timeout", late));
    });
    if (signal !== undefined) {
      const cancel = (): void => this.#settle(entry)?.reject(this.#cancelled(signal));
      signal.addEventListener("abort", cancel, { once: true });
      entry.unlisten = () => signal.removeEventListener("abort", cancel);
    }
    this.#unsent.push(entry);
    this.pump();
  }

  #settle(entry: Entry): Entry | undefined {
    if (!this.#entries.delete(entry.id)) return undefined;
    this.#bytes -= entry.bytes;
    entry.timer?.cancel();
    entry.unlisten?.();
    return entry;
  }

  #mustFit(bytes: number): void {
    const { maxOutboxMessages, maxOutboxBytes, maxFrameBytes } = this.#limits;
    if (bytes > maxFrameBytes) {
      throw new ActorError("too-large", `a message of ${bytes} bytes; ${maxFrameBytes} may travel`);
    }
    if (this.#entries.size >= maxOutboxMessages || (this.#bytes > 0 && this.#bytes + bytes > maxOutboxBytes)) {
      throw new ActorError(
        "mailbox-full",
        `${this.#entries.size} messages to ${this.#peer} wait for an answer already`,
      );
    }
  }

  #settledBelow(): number {
    const [first = this.#nextId] = this.#entries.keys();
    return first;
  }

  #cancelled(signal: AbortSignal): ActorError {
    return new ActorError("cancelled", `a message to ${this.#peer} was cancelled`, { cause: signal.reason });
  }
}

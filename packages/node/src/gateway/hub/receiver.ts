/** A client that is connected here, as one that messages are given to. */
import type { Message, Payload } from "@parley/sdk";
import type { Delivered } from "./delivered.ts";
import { isExpired, type Post, type Try } from "./post.ts";
import { HUB, type HubTime } from "./times.ts";

/** The way to the client. */
export interface ClientLine {
  /** Resolves once its socket has it; rejects never. */
  send(message: Message): Promise<void>;
  readonly isOpen: boolean;
  /** Bytes of the largest message it takes; undefined: as many as there may be. */
  readonly maxBytes: number | undefined;
  /** It answers what it has handled. */
  readonly acknowledges: boolean;
  /** Asks the client for a sign of life, below all messages. */
  probe(): void;
  /** For how long nothing has come from it, signs of life included. */
  readonly silentMs: number;
  /** Ends a connection that only looks alive. */
  hangUp(): void;
}

interface Open {
  readonly settle: (tried: Try) => void;
  readonly tried: Promise<Try>;
}

export class Receiver {
  readonly #clientId: string;
  readonly #line: ClientLine;
  readonly #delivered: Delivered;
  readonly #time: HubTime;
  /** What was given and is not acknowledged yet. */
  readonly #open = new Map<string, Open>();
  #handing = 0;
  #isClosed = false;

  constructor(
    clientId: string,
    line: ClientLine,
    { delivered, time }: { readonly delivered: Delivered; readonly time: HubTime },
  ) {
    this.#clientId = clientId;
    this.#line = line;
    this.#delivered = delivered;
    this.#time = time;
  }

  /** Gives a message to the client, once however often it is asked to; never rejects. */
  give(post: Post): Promise<Try> {
    const { messageId } = post;
    if (this.#delivered.has(this.#clientId, messageId)) return Promise.resolve({ outcome: "delivered" });
    const open = this.#open.get(messageId);
    if (open !== undefined) return open.tried;
    if (this.#isClosed || !this.#line.isOpen) return Promise.resolve({ outcome: "gone" });
    if (isExpired(post, this.#time.nowMs())) return Promise.resolve({ outcome: "refused", reason: "it came too late" });
    if (this.#open.size >= HUB.openMax) return Promise.resolve({ outcome: "busy" });
    const { maxBytes } = this.#line;
    if (maxBytes !== undefined && Buffer.byteLength(JSON.stringify(post)) > maxBytes) {
      return Promise.resolve({ outcome: "refused", reason: `the receiver takes at most ${maxBytes} bytes` });
    }
    return this.#give(post);
  }

  /** Hands it something that is for many: once, and not to who has not read what came before. @returns whether it did */
  hand(post: Post): boolean {
    const { messageId } = post;
    if (this.#isClosed || !this.#line.isOpen || this.#handing >= HUB.openMax) return false;
    if (this.#delivered.has(this.#clientId, messageId)) return false;
    this.#delivered.add(this.#clientId, messageId);
    this.#handing += 1;
    void this.#line.send(post).then(() => {
      this.#handing -= 1;
    });
    return true;
  }

  /** The client has handled a message, or will not. */
  acknowledge({ messageId, success, error }: Payload<"MESSAGE_ACK">): void {
    const tried: Try = success
      ? { outcome: "delivered" }
      : { outcome: "refused", reason: error?.message ?? "the receiver will not handle it" };
    this.#open.get(messageId)?.settle(tried);
  }

  /** The client is gone. */
  close(): void {
    this.#isClosed = true;
    for (const { settle } of this.#open.values()) settle({ outcome: "gone" });
  }

  async #give(post: Post): Promise<Try> {
    const { messageId } = post;
    const { promise, resolve } = Promise.withResolvers<Try>();
    const timer = this.#time.clock.after(HUB.ackMs, () => resolve(this.#unanswered()));
    // Who is alive has answered this when its time is over, however slow its handler is.
    const probing = this.#time.clock.after(HUB.ackMs / 2, () => this.#line.probe());
    const tried = promise.then((outcome) => {
      timer.cancel();
      probing.cancel();
      this.#open.delete(messageId);
      if (outcome.outcome === "delivered") this.#delivered.add(this.#clientId, messageId);
      return outcome;
    });
    this.#open.set(messageId, { settle: resolve, tried });
    await this.#line.send(post);
    // Who acknowledges nothing has it when its socket does.
    if (!this.#line.acknowledges) resolve({ outcome: this.#line.isOpen ? "delivered" : "gone" });
    return tried;
  }

  /** Its handler may be slow; but a client that gives no sign of life is gone, whatever its connection says. */
  #unanswered(): Try {
    if (this.#line.silentMs < HUB.ackMs) return { outcome: "unanswered" };
    this.#line.hangUp();
    return { outcome: "gone" };
  }
}

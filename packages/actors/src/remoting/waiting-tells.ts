/** Messages to a peer that is being dialled, but for those that wait in the outbox. */
import { ActorError } from "../errors.ts";
import type { RemotingLimits } from "./options.ts";
import type { Lane } from "./transport.ts";
import type { FrameParts } from "./wire/data.ts";
import { totalBytes } from "./wire/values.ts";

export interface WaitingTell {
  readonly place: string;
  readonly replyTo: string | undefined;
  readonly lane: Lane;
  readonly frame: FrameParts;
  /** The last that was offered before it. */
  readonly afterOffer: number;
}

export class WaitingTells {
  readonly #limits: RemotingLimits;
  #tells: WaitingTell[] = [];
  #bytes = 0;

  constructor(limits: RemotingLimits) {
    this.#limits = limits;
  }

  /** @returns why not */
  push(tell: WaitingTell): ActorError | undefined {
    const { maxQueuedFrames, maxQueuedBytes } = this.#limits;
    const count = this.#tells.length;
    if (count >= maxQueuedFrames || (count > 0 && this.#bytes >= maxQueuedBytes)) {
      return new ActorError("mailbox-full", `${count} messages wait for the connection already`);
    }
    this.#tells.push(tell);
    this.#bytes += totalBytes(tell.frame);
    return undefined;
  }

  takeAll(): readonly WaitingTell[] {
    const all = this.#tells;
    this.#tells = [];
    this.#bytes = 0;
    return all;
  }
}

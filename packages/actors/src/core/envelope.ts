/** A message in a mailbox with somebody who wants to know what becomes of it. Plain messages lie there as they are. */
import type { ActorError } from "../errors.ts";

export abstract class Envelope {
  /** Has a place of its own in the mailbox: not counted against its capacity, and never dropped to make room. */
  readonly isReserved: boolean;

  constructor(isReserved: boolean) {
    this.isReserved = isReserved;
  }

  /** The message; asked for once, in the receiver's turn. What it throws is a crash of the receiver. */
  abstract open(): unknown;

  /** False: nobody wants it delivered any more. */
  isWanted(): boolean {
    return true;
  }

  /** The handler has finished with it. */
  done(): void {}

  /** The handler crashed on it, or never saw it. */
  failed(_error: ActorError): void {}
}

/** What lies there as a sender gave it. */
export function contentOf(item: unknown): unknown {
  return item instanceof Envelope ? item.open() : item;
}

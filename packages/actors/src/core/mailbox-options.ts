/** What a mailbox holds, and what it answers when it is full. */

/**
 * `refuse`: the new message is answered with ActorError `mailbox-full`; `drop-oldest`: the oldest waiting message makes
 * room and is refused instead; `back-pressure`: like `refuse` for `tell`, while `offer` waits for room.
 */
export type Overflow = (typeof OVERFLOWS)[number];

export const OVERFLOWS = ["refuse", "drop-oldest", "back-pressure"] as const;

export interface MailboxOptions<Message> {
  /** Messages that may wait. Default 1,000. */
  readonly capacity?: number;
  /** Default `refuse`. */
  readonly overflow?: Overflow;
  /** Calls of `offer` that may wait for room with `back-pressure`. Default 1,000. */
  readonly maxWaiting?: number;
  /** A second lane that is emptied first. Chosen by the receiver, so that senders need not know. */
  readonly priority?: {
    readonly when: (message: Message) => boolean;
    /** Default 1,000. */
    readonly capacity?: number;
  };
}

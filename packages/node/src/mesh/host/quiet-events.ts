/**
 * Events that nobody listens to are not made. Each layer of libp2p 3 says `idle` after each write, and an event of the platform, with its
 * time and its options, costs as much as the encryption of a heartbeat. Reaches into the library; what looks otherwise than expected is
 * left as it is.
 */

interface Announcing {
  listenerCount(type: string): number;
  safeDispatchEvent(type: string, ...details: readonly unknown[]): boolean;
}

/** Of a connection or a stream. What is listened to is told as before. */
export function quietEvents(target: unknown): void {
  if (!isAnnouncing(target)) return;
  const dispatch = target.safeDispatchEvent.bind(target);
  // What nobody has heard was also not cancelled: true.
  target.safeDispatchEvent = (type, ...details) => target.listenerCount(type) === 0 || dispatch(type, ...details);
}

function isAnnouncing(target: unknown): target is Announcing {
  return (
    typeof target === "object" &&
    target !== null &&
    "listenerCount" in target &&
    typeof target.listenerCount === "function" &&
    "safeDispatchEvent" in target &&
    typeof target.safeDispatchEvent === "function"
  );
}

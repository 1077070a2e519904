/** Which messages are items of streams: they have a lane of their own, so that sound does not hold up questions. */
import type { ActorAddress } from "../core/address.ts";
import { TEMPORARY_ROOT } from "../core/temporaries.ts";

/**
 * Whether `message` goes to the end of a stream that reads. All that such an end is told looks like this, so that it keeps
 * its order; a single answer that happens to look so has no order to keep.
 */
export function isStreamItem(to: ActorAddress, message: unknown): boolean {
  if (to.path[0] !== TEMPORARY_ROOT || typeof message !== "object" || message === null || !("type" in message)) {
    return false;
  }
  switch (message.type) {
    case "item":
    case "end":
      return "sequence" in message;
    case "broken":
      return "reason" in message;
    default:
      return false;
  }
}

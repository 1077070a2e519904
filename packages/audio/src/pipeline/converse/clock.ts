/** The machine's time. */
import type { ConversationClock } from "./contracts.ts";

export const REAL_CLOCK: ConversationClock = {
  now: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

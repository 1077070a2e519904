/** The log as the core reads it. */
import type { LogReader } from "../core/storage.ts";
import { RaftError } from "../errors.ts";
import type { LogStore } from "../storage/log-store.ts";

/**
 * `log`, but with no snapshot from before the newest membership change: a node refuses a snapshot that does not know it as
 * a member. `takeSnapshot` has one taken; the core asks again.
 */
export function coreReader(log: LogStore, membershipIndex: () => number, takeSnapshot: () => void): LogReader {
  return {
    initialState: () => log.initialState(),
    firstIndex: () => log.firstIndex(),
    lastIndex: () => log.lastIndex(),
    term: (index) => log.term(index),
    entries: (low, high, maxBytes) => log.entries(low, high, maxBytes),
    snapshot: () => {
      const snapshot = log.snapshot();
      const changed = membershipIndex();
      if (snapshot.index >= changed) return snapshot;
      takeSnapshot();
      throw new RaftError("snapshot-unavailable", `a snapshot that knows the change of members at ${changed} is taken`);
    },
  };
}

/** What the core refuses every day. */
import { isRaftError } from "../errors.ts";

/** Does something with the core. Its refusals are an answer like others: whoever asked sees that nothing has come of it. */
export function bearingRefusals(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isRaftError(error, "proposal-dropped", "unknown-peer", "local-message")) throw error;
  }
}

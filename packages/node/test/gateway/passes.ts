/** What somebody who is let in may do. */
import type { Pass } from "../../src/gateway/access-port.ts";

/** Everything, in a session of one's own that nobody knows, but for what `pass` says. */
export function passOf(pass: Partial<Pass> = {}): Pass {
  return {
    account: "anna",
    session: { id: crypto.randomUUID(), isNew: true },
    resume: undefined,
    remembers: false,
    refusalOfId: () => undefined,
    refusalOf: () => undefined,
    endedBy: () => undefined,
    watch: () => () => undefined,
    charge: () => undefined,
    denied: () => undefined,
    ...pass,
  };
}

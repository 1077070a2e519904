/** From the applier's words to those of proposals. */
import type { Entry } from "../core/types.ts";
import type { Verdict } from "./applier.ts";
import { refused, type Ending } from "./proposals.ts";

/** How a command's proposal ends, by what applying it came to. */
export function endingOf({ index, term }: Entry, verdict: Verdict): Ending {
  switch (verdict.kind) {
    case "done":
      return { outcome: "applied", index, term, result: verdict.result };
    case "opened":
      return { outcome: "applied", index, term, result: new Uint8Array() };
    case "no-session":
      return refused("session-expired", "the session is not known, or was given up for newer ones");
    case "acknowledged":
      return refused("already-acknowledged", "the session has said that it knows the answer to this sequence");
    default:
      return verdict satisfies never;
  }
}

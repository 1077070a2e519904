/** What a newcomer and an approving person are told when the newcomer is not in. */
import { PeerError } from "../../errors.ts";
import type { Verdict } from "./protocol/messages.ts";

/** The verdict as an error, for who is not welcome. */
export function verdictError(verdict: Exclude<Verdict, { outcome: "welcome" }>): PeerError {
  const { outcome, reason } = verdict;
  return outcome === "refused"
    ? new PeerError("admission-refused", `the cluster did not let the newcomer in: ${reason}`, {
        nextStep: "Ask the person whose cluster it is.",
      })
    : new PeerError("admission-unknown", `it is not known whether the newcomer was let in: ${reason}`, {
        nextStep: "Try again: asking twice does no harm.",
      });
}

/** How far a drain is, in words for people. */
import { list, plural } from "../../cluster/status/words.ts";
import type { DrainState } from "./answers.ts";

const PHASES: Readonly<Record<NonNullable<DrainState["phase"]>, string>> = {
  leading: "gives leadership away",
  finishing: "finishes what runs",
  moving: "hands over sessions",
  sending: "sends its clients elsewhere",
  done: "has done what it could",
};

/** One line. */
export function drainText(state: DrainState): string {
  const { name, isDraining, phase, mayStop } = state;
  if (!isDraining || phase === null) return `${name} does not drain.`;
  if (mayStop) return `${name} may be stopped now.`;
  return `${name} drains: it ${PHASES[phase]}; left: ${leftOfDrain(state)}.`;
}

/** What would be cut off. */
export function leftOfDrain({ left, isPrime, isVoter }: Pick<DrainState, "left" | "isPrime" | "isVoter">): string {
  const { clients, sessions, jobs } = left;
  const parts = [
    ...(isPrime ? ["leadership"] : isVoter ? ["its vote"] : []),
    ...(clients > 0 ? [plural(clients, "client")] : []),
    ...(sessions > 0 ? [plural(sessions, "session")] : []),
    ...(jobs > 0 ? [plural(jobs, "job")] : []),
  ];
  return parts.length === 0 ? "nothing" : list(parts);
}

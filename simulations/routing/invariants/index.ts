/** What must hold in every run, one file each. */
import type { Invariant } from "../invariant.ts";
import { brokenEnginesAreLeftAlone } from "./broken-engines-are-left-alone.ts";
import { closeToTheClairvoyant } from "./close-to-the-clairvoyant.ts";
import { everyJobEnds } from "./every-job-ends.ts";
import { healedEnginesAreAsked } from "./healed-engines-are-asked.ts";
import { onlyTheAbleAreAsked } from "./only-the-able-are-asked.ts";
import { overloadIsShed } from "./overload-is-shed.ts";
import { privateWorkStaysHome } from "./private-work-stays-home.ts";
import { refusalsAreNeeded } from "./refusals-are-needed.ts";

export function invariants(): readonly Invariant[] {
  return [
    privateWorkStaysHome(),
    onlyTheAbleAreAsked(),
    everyJobEnds(),
    refusalsAreNeeded(),
    overloadIsShed(),
    brokenEnginesAreLeftAlone(),
    healedEnginesAreAsked(),
    closeToTheClairvoyant(),
  ];
}

/** However much comes, what is begun is begun while somebody still waits for it; the rest is refused at once. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "overload-is-shed";

/** What waits before it may take longer than was expected. */
const SLACK = 3;
const SLACK_MS = 2_000;
/** A refusal comes after some round trips at most. */
const REFUSED_WITHIN_MS = 1_500;

export function overloadIsShed(): Invariant {
  return {
    name: NAME,
    see(happening, { plan }) {
      if ([...plan.faults].some((fault) => fault !== "overload")) return;
      if (happening.type === "began") {
        const waitedMs = happening.atMs - happening.job.atMs;
        const isInTime = waitedMs <= plan.patienceMs * SLACK + SLACK_MS;
        demand(
          isInTime,
          NAME,
          () => `job ${happening.job.id} had waited ${Math.round(waitedMs)} ms before it was begun`,
        );
      }
      if (happening.type === "ended" && happening.ending.outcome === "refused") {
        const { tookMs, job } = happening.ending;
        demand(tookMs <= REFUSED_WITHIN_MS, NAME, () => `job ${job.id} was refused after ${Math.round(tookMs)} ms`);
      }
    },
  };
}

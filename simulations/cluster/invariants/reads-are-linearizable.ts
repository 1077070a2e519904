/**
 * What clients of any peers were told of the registers that they read and write is as if each had been one register, used by one
 * client at a time: no read is answered from an older state, nothing takes effect twice, or after it was said to have failed.
 */
import { checkLinearizability, describeCheck, type Operation } from "@parley/raft/testing";
import { demand } from "../../kit/violation.ts";
import type { Call, Invariant, Returned } from "../chronicle.ts";

const NAME = "reads-are-linearizable";
const NANOS = 1_000;
/** Of one register; one that takes more counts as undecided. */
const MAX_WORK = 3_000_000;

type Ended = Returned & { readonly at: number };

export function readsAreLinearizable(): Invariant {
  const calls: Call[] = [];
  const ends = new Map<number, Ended>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "called") calls.push(happening.call);
      if (happening.type === "returned") ends.set(happening.number, { ...happening.returned, at: happening.at });
      if (happening.type !== "healed") return;
      const history = calls.map((call) => operationOf(call, ends.get(call.number)));
      const result = checkLinearizability(history, { maxWorkPerKey: MAX_WORK });
      demand(result.verdict !== "violation", NAME, () => describeCheck(result, 12));
    },
  };
}

function operationOf({ cluster, kind, op, key, value, expected, at, number }: Call, end: Ended | undefined): Operation {
  const isKnown = end?.ended === "ok";
  return {
    client: number,
    op,
    key: `${cluster} ${kind} ${key}`,
    value,
    expected,
    output: isKnown && op !== "put" ? end.output : null,
    call: at * NANOS,
    return: end === undefined || end.ended === "unknown" ? null : end.at * NANOS,
    unknown: end === undefined || end.ended === "unknown",
    fail: end?.ended === "fail",
  };
}

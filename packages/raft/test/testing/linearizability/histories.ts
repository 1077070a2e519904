/** Histories for the checker's tests: of a real register, and mutated ones. */
import fc from "fast-check";
import type { Operation } from "../../../src/testing/linearizability/operation.ts";

/** One operation: what it is, how long before and after its moment it was called and returned, and how it ended. */
export interface Draw {
  readonly op: "put" | "get" | "cas";
  readonly key: number;
  readonly value: number;
  readonly expected: number;
  readonly before: number;
  readonly after: number;
  readonly end: "done" | "unknown" | "unknown-without-effect" | "fail";
}

export interface Shape {
  readonly keys?: number;
  readonly values?: number;
  /** Moments are 10 apart: 15 lets neighbours overlap, 100 some twenty. */
  readonly stretch?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

export function draws({ keys = 1, values = 3, stretch = 40, minLength = 0, maxLength = 8 }: Shape) {
  const draw: fc.Arbitrary<Draw> = fc.record({
    op: fc.constantFrom("put" as const, "get" as const, "cas" as const),
    key: fc.nat(keys - 1),
    value: fc.nat(values - 1),
    expected: fc.nat(values),
    before: fc.nat(stretch),
    after: fc.nat(stretch),
    end: fc.oneof(
      { weight: 6, arbitrary: fc.constant("done" as const) },
      { weight: 1, arbitrary: fc.constantFrom("unknown" as const, "unknown-without-effect" as const, "fail" as const) },
    ),
  });
  return fc.array(draw, { minLength, maxLength });
}

/** Carries the draws out one after the other on a register a key: linearizable by construction. */
export function goodHistory(list: readonly Draw[]): Operation[] {
  const state = new Map<number, string>();
  return list.map(({ op, key, value, expected, before, after, end }, client) => {
    const now = state.get(key) ?? null;
    const wanted = op === "cas" && expected > 0 ? `v${expected - 1}` : null;
    const written = op === "get" ? "" : `v${value}`;
    const hasEffect = end === "done" || end === "unknown";
    const took = op === "cas" && now === wanted;
    if (hasEffect && (op === "put" || took)) state.set(key, written);
    const moment = client * 10;
    return {
      client,
      op,
      key: `k${key}`,
      value: written,
      expected: wanted,
      output: end === "done" ? { put: null, get: now, cas: took }[op] : null,
      call: moment - before,
      return: end === "unknown" || end === "unknown-without-effect" ? null : moment + after,
      unknown: end === "unknown" || end === "unknown-without-effect",
      fail: end === "fail",
    };
  });
}

/** Changes one answer, or one time, of a good history: it may be good or bad afterwards. */
export function mutate(history: readonly Operation[], at: number, kind: number, value: number): Operation[] {
  return history.map((operation, index) =>
    index === at % history.length ? changed(operation, kind, value) : operation,
  );
}

function changed(operation: Operation, kind: number, value: number): Operation {
  if (kind === 0 && operation.return !== null)
    return { ...operation, call: operation.call + 200, return: operation.return + 200 };
  if (kind === 1 && operation.return !== null)
    return { ...operation, call: operation.call - 200, return: operation.return - 200 };
  if (kind === 2) return { ...operation, fail: true, unknown: false, output: null, return: operation.return ?? 10_000 };
  if (operation.op === "put") return { ...operation, value: `v${value}` };
  if (operation.unknown || operation.fail) return { ...operation, fail: false, unknown: true, return: null };
  if (operation.op === "cas") return { ...operation, output: operation.output !== true };
  return { ...operation, output: value === 0 ? null : `v${value - 1}` };
}

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

export interface Load {
  readonly clients: number;
  readonly keys: number;
  readonly operations: number;
  /** Every so manieth operation has no answer; half of those took effect. */
  readonly unknownEvery: number;
}

/** Clients that each do one thing after the other, writing every value once: what a long run under faults leaves. */
export function busyHistory({ clients, keys, operations, unknownEvery }: Load): Operation[] {
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const free = Array.from({ length: clients }, () => random() * 1e6);
  const calls = Array.from({ length: operations }, (_, i) => {
    const client = i % clients;
    const call = Math.round(free[client] ?? 0);
    // Now and then somebody waits for two seconds while everybody else goes on.
    const lasts = random() < 0.001 ? 2e9 : (0.5 + random()) * 2e7;
    free[client] = call + lasts + 1e5;
    return { client, call, end: Math.round(call + lasts), moment: call + random() * lasts };
  });
  const [state, seen] = [new Map<string, string>(), new Map<string, string>()];
  return calls
    .sort((a, b) => a.moment - b.moment)
    .map(({ client, call, end }, i): Operation => {
      const key = `k${Math.floor(random() * keys)}`;
      const op = (["put", "put", "get", "get", "cas"] as const)[Math.floor(random() * 5)] ?? "get";
      const now = state.get(key) ?? null;
      const expected = op === "cas" ? (random() < 0.5 ? now : (seen.get(key) ?? null)) : null;
      const unknown = i % unknownEvery === 0;
      const hasEffect = !unknown || random() < 0.5;
      const value = op === "get" ? "" : `v${i}`;
      if (hasEffect && (op === "put" || (op === "cas" && now === expected))) state.set(key, value);
      if (op === "get" && now !== null) seen.set(key, now);
      const output = unknown ? null : { put: null, get: now, cas: now === expected }[op];
      return { client, op, key, value, expected, output, call, return: unknown ? null : end, unknown, fail: false };
    });
}

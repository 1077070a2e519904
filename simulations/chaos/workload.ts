/** Clients that put, get and compare-and-swap on a few keys, each operation after the other, with values used once. */
import { setTimeout as delay } from "node:timers/promises";
import type { KvClient, KvOutcome } from "@parley/raft/testing";
import { Random } from "../kit/random.ts";
import type { Ended, History } from "./history.ts";

export const KEYS: readonly string[] = Array.from({ length: 30 }, (_, i) => `key-${String(i).padStart(2, "0")}`);

const OP_TIMEOUT_MS = 3_000;
const LONGEST_THOUGHT_MS = 6;
const GETS = 0.5;
const PUTS = 0.3;
/** Reads that go to a node drawn by chance, not to the leader. */
const READS_ANYWHERE = 0.5;

/** What a client does its operations with. */
export type Kv = Pick<KvClient, "get" | "put" | "cas">;

export interface Workload {
  readonly history: History;
  readonly seed: number;
  readonly consistency: "linearizable" | "stale";
  readonly nodes: () => readonly number[];
  readonly signal: AbortSignal;
}

/** One client until `signal` aborts; ends after the operation under way. */
export async function runClient(
  client: number,
  kv: Kv,
  { history, seed, consistency, nodes, signal }: Workload,
): Promise<void> {
  const random = new Random(seed, `client/${client}`);
  /** What this client saw last of each key, so that some of its swaps take. */
  const seen = new Map<string, string | null>();
  for (let count = 1; !signal.aborted; count += 1) {
    const key = random.pick(KEYS) ?? "";
    const value = `${client}.${count}`;
    const kind = random.next();
    const asked = { client, key };
    if (kind < GETS) {
      const any = random.pick(nodes());
      const node = any !== undefined && random.chance(READS_ANYWHERE) ? { node: any } : {};
      const end = await history.record({ ...asked, op: "get", value: "", expected: null }, async () =>
        endOf(await kv.get(key, { timeoutMs: OP_TIMEOUT_MS, consistency, ...node }), (found) => found),
      );
      if (end.ended === "ok") seen.set(key, typeof end.output === "string" ? end.output : null);
    } else if (kind < GETS + PUTS) {
      const end = await history.record({ ...asked, op: "put", value, expected: null }, async () =>
        endOf(await kv.put(key, value, { timeoutMs: OP_TIMEOUT_MS }), () => null),
      );
      if (end.ended === "ok") seen.set(key, value);
    } else {
      const expected = seen.get(key) ?? null;
      const end = await history.record({ ...asked, op: "cas", value, expected }, async () =>
        endOf(await kv.cas(key, expected, value, { timeoutMs: OP_TIMEOUT_MS }), (took) => took),
      );
      if (end.ended === "ok" && end.output === true) seen.set(key, value);
      else seen.delete(key);
    }
    await delay(random.between(0, LONGEST_THOUGHT_MS));
  }
}

/** Reads every key once, through one node alone. Ends at the first that does not succeed, and says so. */
export async function readAll(client: number, kv: Kv, node: number, history: History): Promise<boolean> {
  for (const key of KEYS) {
    const { ended } = await history.record({ client, op: "get", key, value: "", expected: null }, async () =>
      endOf(await kv.get(key, { timeoutMs: 2 * OP_TIMEOUT_MS, node, pinned: true }), (found) => found),
    );
    if (ended !== "ok") return false;
  }
  return true;
}

function endOf<T>(outcome: KvOutcome<T>, output: (result: T) => string | boolean | null): Ended {
  switch (outcome.outcome) {
    case "done":
      return { ended: "ok", output: output(outcome.result) };
    case "refused":
      return { ended: "fail" };
    case "unknown":
      return { ended: "unknown" };
    default:
      return outcome satisfies never;
  }
}

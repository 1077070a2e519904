import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/cluster/state/limits.ts";
import { restoreState } from "../../../src/cluster/state/snapshot.ts";
import type { CommandOf, PostponedCommand } from "../../../src/cluster/state/schemas.ts";
import { admit, Agreed, bytes, inChunks, snapshotBytes } from "./support.ts";

type Deliver = CommandOf<"deliver">;

const putOf = (sequence: number): PostponedCommand => ({ type: "put", key: `k${sequence}`, value: bytes(sequence) });

function delivery(sequences: readonly number[], more: Partial<Deliver> & { command?: PostponedCommand } = {}): Deliver {
  const { command, ...rest } = more;
  const commands = sequences.map((sequence) => ({ sequence, command: command ?? putOf(sequence) }));
  return { type: "deliver", peer: "b", box: "box", replaces: null, commands, ...rest };
}

const resultsIn = ({ state }: Agreed) => state.delivered.get("b")?.results;

describe("commands out of an outbox", () => {
  it("are carried out once, and their outcome is remembered", () => {
    const agreed = Agreed.of("b");
    expect(agreed.run(delivery([1, 2]))).toEqual({ outcome: "done", value: 2 });
    const { pairs, index } = agreed.state;
    const results = [1, 2].map((sequence) => [sequence, { outcome: "done", value: index }]);
    expect(resultsIn(agreed)).toEqual(results);
    expect(agreed.run(delivery([1, 2]))).toEqual({ outcome: "done", value: 0 });
    expect(agreed.state.pairs).toBe(pairs);
    expect(resultsIn(agreed)).toEqual(results);
  });

  it("are told from those that come with them for the first time", () => {
    const agreed = Agreed.of("b");
    agreed.run(delivery([1, 2]));
    const first = agreed.state.pairs.get("k1");
    expect(agreed.run(delivery([1, 2, 3]))).toEqual({ outcome: "done", value: 1 });
    expect(agreed.state.pairs.get("k1")).toBe(first);
    expect(resultsIn(agreed)?.map(([sequence, { outcome }]) => [sequence, outcome])).toEqual([
      [1, "done"],
      [2, "done"],
      [3, "done"],
    ]);
  });

  it("count as delivered when they are refused, and stay refused", () => {
    const agreed = Agreed.of("b");
    const absent = { type: "delete" as const, key: "k", when: { value: bytes(1) } };
    agreed.run(delivery([1], { command: absent }));
    expect(resultsIn(agreed)).toMatchObject([[1, { outcome: "refused", reason: "mismatch" }]]);
    agreed.run({ type: "put", key: "k", value: bytes(1) });
    agreed.run(delivery([1], { command: absent }));
    expect(agreed.state.pairs.has("k")).toBe(true);
  });

  it("change nothing when they come after later ones of the same outbox", () => {
    const agreed = Agreed.of("b");
    agreed.run(delivery([1]), delivery([4]));
    agreed.run(delivery([2, 3]));
    expect([...agreed.state.pairs.keys()]).toEqual(["k1", "k4"]);
    expect(resultsIn(agreed)?.map(([sequence]) => sequence)).toEqual([4]);
    agreed.run(delivery([3, 5, 4]));
    expect([...agreed.state.pairs.keys()]).toEqual(["k1", "k4", "k5"]);
    expect(resultsIn(agreed)).toMatchObject([
      [3, { reason: "overtaken" }],
      [5, { outcome: "done" }],
      [4, { outcome: "done" }],
    ]);
  });

  it("are taken from another outbox only if that one knows whose place it takes", () => {
    const agreed = Agreed.of("b");
    agreed.run(delivery([7]));
    expect(agreed.run(delivery([1], { box: "new" }))).toMatchObject({ reason: "other-outbox" });
    expect(agreed.run(delivery([1], { box: "new", replaces: "older" }))).toMatchObject({ reason: "other-outbox" });
    expect(agreed.run(delivery([1], { box: "new", replaces: "box" }))).toMatchObject({ outcome: "done" });
    // What the lost one had on its way comes too late.
    expect(agreed.run(delivery([8]))).toMatchObject({ reason: "other-outbox" });
  });

  it("are taken from members only, and forgotten with them", () => {
    const agreed = Agreed.of("b");
    expect(agreed.run(delivery([1], { peer: "c" }))).toMatchObject({ reason: "not-a-member" });
    agreed.run(delivery([1]));
    expect(agreed.state.delivered.size).toBe(1);
    agreed.run({ type: "leave", peer: "b" });
    expect(agreed.state.delivered.size).toBe(0);
    agreed.run(admit("d"), delivery([1], { peer: "d" }));
    expect(agreed.state.delivered.size).toBe(1);
    agreed.run({ type: "revoke", peer: "d", by: "a", atMs: 1 });
    expect(agreed.state.delivered.size).toBe(0);
  });

  it("are as many at a time as may be, and no more", () => {
    const agreed = Agreed.of("b");
    const all = Array.from({ length: LIMITS.deliveries }, (_, i) => i + 1);
    expect(agreed.run(delivery(all))).toEqual({ outcome: "done", value: LIMITS.deliveries });
    expect(() => agreed.run(delivery([...all, 99].map((sequence) => sequence + 100)))).toThrow("no command");
  });

  it("are remembered by snapshots, with their answers", async () => {
    const agreed = Agreed.of("b");
    agreed.run(delivery([1]), delivery([5, 6], { command: { type: "delete", key: "k", when: { revision: 3 } } }));
    expect(resultsIn(agreed)).toMatchObject([
      [5, { reason: "mismatch" }],
      [6, { reason: "mismatch" }],
    ]);
    const again = new Agreed();
    again.state = await restoreState(inChunks(snapshotBytes(agreed.state), [7, 100]));
    expect(snapshotBytes(again.state).equals(snapshotBytes(agreed.state))).toBe(true);
    expect(resultsIn(again)).toEqual(resultsIn(agreed));
    expect(again.run(delivery([4, 5]))).toEqual({ outcome: "done", value: 0 });
  });

  it("take effect once each and in order, whatever comes twice, late or again after a restart", () => {
    // The network may bring any earlier word again, at any time; a new word is only said after the one before it was heard.
    const step = fc.record({ isNew: fc.boolean(), of: fc.nat(30), size: fc.integer({ min: 1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const agreed = Agreed.of("b");
        const said: Deliver[] = [];
        let last = 0;
        for (const { isNew, of, size } of steps) {
          const earlier = said[of % Math.max(1, said.length)];
          if (!isNew && earlier !== undefined) {
            agreed.run(earlier);
            continue;
          }
          // A new word may say again what the last one said, and more.
          const from = said.length > 0 && of % 3 === 0 ? (said.at(-1)?.commands[0]?.sequence ?? 1) : last + 1;
          last += size;
          const commands = Array.from({ length: last - from + 1 }, (_, i) => {
            const sequence = from + i;
            // Each holds only after the one before it.
            const when = sequence === 1 ? { revision: 0 } : { value: bytes(sequence - 1) };
            return { sequence, command: { type: "put" as const, key: "count", value: bytes(sequence), when } };
          }).slice(0, LIMITS.deliveries);
          last = commands.at(-1)?.sequence ?? last;
          const word = { ...delivery([]), commands };
          said.push(word);
          agreed.run(word);
          for (const { sequence } of commands) {
            const result = new Map(resultsIn(agreed)).get(sequence);
            expect(result).toMatchObject({ outcome: "done" });
          }
        }
        expect(agreed.state.pairs.get("count")?.value).toEqual(last === 0 ? undefined : bytes(last));
      }),
      { numRuns: 300 },
    );
  });
});

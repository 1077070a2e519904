import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { restoreState } from "../../../src/cluster/state/snapshot.ts";
import type { CommandOf } from "../../../src/cluster/state/schemas.ts";
import { admit, Agreed, bytes, inChunks, snapshotBytes } from "./support.ts";

function delivery(sequence: number, more: Partial<CommandOf<"deliver">> = {}): CommandOf<"deliver"> {
  const command = { type: "put" as const, key: `k${sequence}`, value: bytes(sequence) };
  return { type: "deliver", peer: "b", box: "box", sequence, replaces: null, command, ...more };
}

describe("a command out of an outbox", () => {
  it("is carried out once, and gives the same answer again", () => {
    const agreed = Agreed.of("b");
    const first = agreed.run(delivery(1));
    const { pairs } = agreed.state;
    expect(first).toEqual({ outcome: "done", value: agreed.state.index });
    expect(agreed.run(delivery(1))).toEqual(first);
    expect(agreed.state.pairs).toBe(pairs);
  });

  it("gives the same refusal again, and counts as delivered", () => {
    const agreed = Agreed.of("b");
    const absent = { type: "delete" as const, key: "k", when: { value: bytes(1) } };
    const refused = agreed.run(delivery(1, { command: absent }));
    expect(refused).toMatchObject({ outcome: "refused", reason: "mismatch" });
    agreed.run({ type: "put", key: "k", value: bytes(1) });
    expect(agreed.run(delivery(1, { command: absent }))).toEqual(refused);
    expect(agreed.state.pairs.has("k")).toBe(true);
  });

  it("changes nothing when it comes after a later one of the same outbox", () => {
    const agreed = Agreed.of("b");
    agreed.run(delivery(1), delivery(4));
    expect(agreed.run(delivery(3))).toMatchObject({ outcome: "refused", reason: "overtaken" });
    expect([...agreed.state.pairs.keys()]).toEqual(["k1", "k4"]);
  });

  it("is taken from another outbox only if that one knows whose place it takes", () => {
    const agreed = Agreed.of("b");
    agreed.run(delivery(7));
    expect(agreed.run(delivery(1, { box: "new" }))).toMatchObject({ reason: "other-outbox" });
    expect(agreed.run(delivery(1, { box: "new", replaces: "older" }))).toMatchObject({ reason: "other-outbox" });
    expect(agreed.run(delivery(1, { box: "new", replaces: "box" }))).toMatchObject({ outcome: "done" });
    // What the lost one had on its way comes too late.
    expect(agreed.run(delivery(8))).toMatchObject({ reason: "other-outbox" });
  });

  it("is taken from members only, and forgotten with them", () => {
    const agreed = Agreed.of("b");
    expect(agreed.run(delivery(1, { peer: "c" }))).toMatchObject({ reason: "not-a-member" });
    agreed.run(delivery(1));
    expect(agreed.state.delivered.size).toBe(1);
    agreed.run({ type: "leave", peer: "b" });
    expect(agreed.state.delivered.size).toBe(0);
    agreed.run(delivery(1), admit("d"), delivery(1, { peer: "d" }));
    agreed.run({ type: "revoke", peer: "d", by: "a", atMs: 1 });
    expect(agreed.state.delivered.size).toBe(0);
  });

  it("is remembered by snapshots, with its answer", async () => {
    const agreed = Agreed.of("b");
    const first = agreed.run(
      delivery(1),
      delivery(5, { command: { type: "delete", key: "k", when: { revision: 3 } } }),
    );
    expect(first).toMatchObject({ reason: "mismatch" });
    const again = new Agreed();
    again.state = await restoreState(inChunks(snapshotBytes(agreed.state), [7, 100]));
    expect(snapshotBytes(again.state).equals(snapshotBytes(agreed.state))).toBe(true);
    expect(again.run(delivery(5))).toEqual(first);
    expect(again.run(delivery(4))).toMatchObject({ reason: "overtaken" });
  });

  it("takes effect once each and in order, whatever comes twice, late or again after a restart", () => {
    // The network may bring any earlier word again, at any time; a new word is only said after the one before it was heard.
    const step = fc.oneof(fc.constant("next" as const), fc.nat(30));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const agreed = Agreed.of("b");
        let said = 0;
        for (const each of steps) {
          if (each === "next") said += 1;
          if (said === 0) continue;
          const sequence = each === "next" ? said : (each % said) + 1;
          // Appends: what is there must be the number before.
          const when = sequence === 1 ? { revision: 0 } : { value: bytes(sequence - 1) };
          agreed.run(delivery(sequence, { command: { type: "put", key: "count", value: bytes(sequence), when } }));
        }
        expect(agreed.state.pairs.get("count")?.value).toEqual(said === 0 ? undefined : bytes(said));
        expect(agreed.state.delivered.get("b")?.result.outcome).toBe(said === 0 ? undefined : "done");
      }),
      { numRuns: 300 },
    );
  });
});

import { isRaftError } from "@parley/raft";
import { Packr } from "msgpackr";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCommand } from "../../../src/cluster/state/codec.ts";
import { ClusterMachine } from "../../../src/cluster/state/machine.ts";
import { KNOWN_VERSION } from "../../../src/cluster/state/versions.ts";
import { restoreState } from "../../../src/cluster/state/snapshot.ts";
import { Agreed, anyCommand, bytes, inChunks, RECORD, snapshotBytes } from "./support.ts";

/** Only what this software may put in force: a state of newer commands is refused, by a test of its own. */
const ownCommand = anyCommand.filter((command) => command.type !== "raise-version" || command.to <= KNOWN_VERSION);
const history = fc.array(fc.record({ command: ownCommand, term: fc.constantFrom(1, 2, 3) }), {
  maxLength: 60,
  size: "max",
});

function replay(commands: readonly { readonly command: Parameters<typeof encodeCommand>[0]; readonly term: number }[]) {
  const agreed = Agreed.at(KNOWN_VERSION, "b");
  for (const { command, term } of commands) {
    agreed.term = Math.max(agreed.term, term);
    agreed.run(command);
  }
  return agreed.state;
}

/** A cluster of two with a setting, a pair, a table, an entity and a fence. */
const OF_VERSION_1 =
  "AAAAN5OnY2x1c3RlcgHeAAWndmVyc2lvbgGiaWSmaG9tZS0xpWluZGV4BqR0ZXJtAahuZXh0Tm9kZQMAAABWkqZtZW1iZXLeAAekcGVlcqFhpG5vZGUBpG5hbWWpaG9zdCBvZiBhqnNlYWxpbmdLZXnEAgECpXJvbGVzkaNhbGyqYWRtaXR0ZWRNc80D6KVrbm93cwEAAABWkqZtZW1iZXLeAAekcGVlcqFipG5vZGUCpG5hbWWpaG9zdCBvZiBiqnNlYWxpbmdLZXnEAgECpXJvbGVzkaNhbGyqYWRtaXR0ZWRNc80D6KVrbm93cwEAAAATk6htZXNoLWtleQGRksQBCcQBCAAAAA2TpnNlYWxlZKFhxAEBAAAADZOmc2VhbGVkoWLEAQcAAAAYk6dzZXR0aW5npXZvaWNlqHRob3JzdGVuAAAADpSkcGFpcqFrxAMBAgMEAAAAFZSldGFibGWlcm9vbXMAkpIAwJIAwAAAABiSpmVudGl0ea9yb29tcy8xAGtpdGNoZW4AAAAqkqVmZW5jZd4AA6VzY29wZadyb29tcy8xpGtpbmSlZXBvY2ildG9rZW4BAAAABpKjZW5kCw==";

const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 });

describe("a snapshot of the state", () => {
  it("is the same, byte for byte, after the same commands", () => {
    fc.assert(
      fc.property(history, (commands) => {
        expect(snapshotBytes(replay(commands)).equals(snapshotBytes(replay(commands)))).toBe(true);
      }),
    );
  });

  it("gives the state again, however it is cut into chunks, and goes on alike", async () => {
    await fc.assert(
      fc.asyncProperty(history, history, sizes, async (before, after, chunks) => {
        const state = replay(before);
        const restored = await restoreState(inChunks(snapshotBytes(state), chunks));
        expect(snapshotBytes(restored).equals(snapshotBytes(state))).toBe(true);
        const [one, other] = [Agreed.of(), Agreed.of()];
        [one.state, other.state] = [state, restored];
        for (const { command } of after) expect(one.run(command)).toEqual(other.run(command));
        expect(snapshotBytes(one.state).equals(snapshotBytes(other.state))).toBe(true);
        expect(other.state.pairBytes).toBe(one.state.pairBytes);
        expect(other.state.journalBytes).toBe(one.state.journalBytes);
      }),
    );
  });

  it("does not change while it is read and commands go on", async () => {
    const machine = new ClusterMachine();
    let index = 0;
    const run = (command: Parameters<typeof encodeCommand>[0]): void => {
      index += 1;
      machine.apply([{ index, term: 1, data: encodeCommand(command) }]);
    };
    const { state } = Agreed.of();
    await machine.restore(inChunks(snapshotBytes(state), [1_000]));
    for (let i = 0; i < 100; i += 1) run({ type: "put", key: `k${i}`, value: new Uint8Array(4_096) });
    const expected = snapshotBytes(machine.state);
    const chunks: Uint8Array[] = [];
    for (const chunk of machine.snapshot()) {
      chunks.push(chunk);
      run({ type: "delete", key: `k${chunks.length}` });
    }
    expect(chunks.length).toBeGreaterThan(3);
    expect(Buffer.concat(chunks).equals(expected)).toBe(true);
  });

  it("is refused as corrupt when it was cut short, damaged or something follows it", async () => {
    const whole = snapshotBytes(replay([{ command: { type: "put", key: "k", value: bytes(1) }, term: 1 }]));
    const refusals = async (data: Uint8Array): Promise<boolean> => {
      const error: unknown = await restoreState(inChunks(data, [7])).catch((caught: unknown) => caught);
      return isRaftError(error, "corrupt", "unknown-format");
    };
    for (let cut = 0; cut < whole.length; cut += 1) expect(await refusals(whole.subarray(0, cut))).toBe(true);
    expect(await refusals(Buffer.concat([whole, whole]))).toBe(true);
    expect(await refusals(bytes(0xff, 0xff, 0xff, 0xff))).toBe(true);
  });

  it("gives a state or a RaftError for any bytes", async () => {
    const whole = snapshotBytes(replay([]));
    const damaged = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }).map((changes) => {
      const copy = Buffer.from(whole);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return copy;
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), damaged), async (data) => {
        const got: unknown = await restoreState(inChunks(data, [64])).catch((caught: unknown) => caught);
        expect(isRaftError(got, "corrupt", "unknown-format") || typeof got === "object").toBe(true);
        expect(got instanceof TypeError || got instanceof RangeError).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is still read where software made it that knew version 1 alone, and goes on", async () => {
    const agreed = new Agreed();
    agreed.state = await restoreState(inChunks(Buffer.from(OF_VERSION_1, "base64"), [50]));
    expect(agreed.state.version).toBe(1);
    expect(agreed.state.pairs.get("k")?.value).toEqual(bytes(1, 2, 3));
    expect(agreed.state.journals.size).toBe(0);
    expect(snapshotBytes(agreed.state).toString("base64")).toBe(OF_VERSION_1);
    const end = { type: "journal-end", stamp: { scope: "s/1", kind: "epoch", token: 1 }, session: "s1" } as const;
    expect(agreed.run(end)).toMatchObject({ reason: "not-in-force" });
    for (const peer of ["a", "b"]) agreed.run({ type: "describe", peer, knows: 2, record: RECORD });
    expect(agreed.run({ type: "raise-version", to: 2 }, end)).toEqual({ outcome: "done", value: 0 });
  });

  it("says so when newer software made it", async () => {
    const packr = new Packr({ useRecords: false });
    const framed = (record: unknown): Buffer => {
      const body = packr.pack(record);
      const header = Buffer.alloc(4);
      header.writeUInt32BE(body.length);
      return Buffer.concat([header, body]);
    };
    const state = { version: 7, id: "home", index: 1, term: 1, nextNode: 2 };
    for (const record of [
      ["cluster", 2, {}],
      ["cluster", 1, state],
    ]) {
      await expect(restoreState(inChunks(framed(record), [99]))).rejects.toMatchObject({ code: "unknown-format" });
    }
  });
});

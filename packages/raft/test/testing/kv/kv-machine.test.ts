import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeResult, encodeCommand, KvMachine, type KvCommand } from "../../../src/testing/kv/index.ts";

const NAMES = ["", "a", "aa", "ab", "b", "é", "😀", "\uffff"];
const bytes = fc.uint8Array({ maxLength: 3 });
const key = fc.constantFrom(...NAMES);
const command: fc.Arbitrary<KvCommand> = fc.oneof(
  fc.record({ op: fc.constant("put" as const), key, value: bytes }),
  fc.record({ op: fc.constant("cas" as const), key, expected: fc.option(bytes), value: bytes }),
  fc.record({ op: fc.constant("delete" as const), key }),
);

type Model = Map<string, { readonly value: string; readonly revision: number }>;

const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");

/** What a command means, in so many words. */
function carryOut(model: Model, one: KvCommand, revision: number): string {
  const present = model.get(one.key);
  if (one.op === "delete") return model.delete(one.key) ? "deleted" : "absent";
  if (one.op === "cas") {
    const expected = one.expected === null ? undefined : hex(one.expected);
    if (present?.value !== expected) return "mismatch";
  }
  model.set(one.key, { value: hex(one.value), revision });
  return one.op === "cas" ? "swapped" : "done";
}

function pairsOf(model: Model) {
  const keys = [...model.keys()].sort();
  return keys.map((key) => ({ key, ...model.get(key) }));
}

function contentsOf(machine: KvMachine) {
  return machine.range({ limit: Infinity }).map(({ key, value, revision }) => ({ key, value: hex(value), revision }));
}

function applyOne(machine: KvMachine, one: KvCommand, index: number): string {
  const results = machine.apply([{ index, term: 1, data: encodeCommand(one) }]);
  return results.map(decodeResult).join();
}

async function* inPieces(whole: Uint8Array, size: number) {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

async function restored(whole: Uint8Array, pieceBytes = 1000): Promise<KvMachine> {
  const machine = new KvMachine();
  await machine.restore(inPieces(whole, pieceBytes));
  return machine;
}

describe("the key-value machine", () => {
  it("does what a plain map does, and answers queries at any time", () => {
    const step = fc.oneof({ weight: 5, arbitrary: command }, { weight: 1, arbitrary: fc.constant("look" as const) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        key,
        key,
        fc.integer({ min: 0, max: 5 }),
        (steps, from, to, limit) => {
          const [machine, model]: [KvMachine, Model] = [new KvMachine(), new Map()];
          for (const [i, one] of steps.entries()) {
            if (one !== "look") expect(applyOne(machine, one, i + 1)).toBe(carryOut(model, one, i + 1));
            else {
              expect(contentsOf(machine)).toEqual(pairsOf(model));
              const inside = pairsOf(model).filter(({ key }) => key >= from && key < to);
              expect(machine.range({ from, to, limit }).map(({ key }) => key)).toEqual(
                inside.slice(0, limit).map(({ key }) => key),
              );
            }
          }
          for (const key of NAMES) expect(machine.get(key)?.revision).toBe(model.get(key)?.revision);
          expect(contentsOf(machine)).toEqual(pairsOf(model));
          expect(machine.size).toBe(model.size);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("has a result for whatever bytes come, and goes on", () => {
    const valid = command.map(encodeCommand);
    const damaged = fc
      .tuple(valid, fc.nat(), fc.nat(255), fc.nat(20))
      .map(([whole, at, byte, cut]) => whole.map((b, i) => (i === at % whole.length ? byte : b)).subarray(0, cut));
    fc.assert(
      fc.property(fc.array(fc.oneof(valid, damaged, fc.uint8Array({ maxLength: 40 })), { maxLength: 30 }), (list) => {
        const [one, two] = [new KvMachine(), new KvMachine()];
        const commands = list.map((data, i) => ({ index: i + 1, term: 1, data }));
        const results = one.apply(commands).map(decodeResult);
        expect(results).toHaveLength(list.length);
        for (const one of commands) two.apply([one]);
        expect(two.digest()).toBe(one.digest());
      }),
      { numRuns: 1_000 },
    );
    const machine = new KvMachine();
    const garbage = [
      [],
      [9],
      [1, 0, 0, 0, 9, 65],
      [1, 0, 0, 0, 1, 0xff],
      [4, 0, 0, 0, 1, 65, 0],
      [2, 0, 0, 0, 1, 65, 255, 255, 255, 255],
    ];
    const results = machine.apply(garbage.map((data, i) => ({ index: i + 1, term: 1, data: Uint8Array.from(data) })));
    expect(results.map(decodeResult)).toEqual(garbage.map(() => "malformed"));
    expect(machine.size).toBe(0);
  });

  it("keeps a value when the bytes it came in are used for something else", () => {
    const machine = new KvMachine();
    const data = encodeCommand({ op: "put", key: "a", value: Buffer.from("value") });
    machine.apply([{ index: 1, term: 1, data }]);
    data.fill(0);
    expect(Buffer.from(machine.get("a")?.value ?? []).toString()).toBe("value");
  });

  it("refuses to encode a key that would come back as another", () => {
    expect(() => encodeCommand({ op: "delete", key: "\ud800" })).toThrow(/well-formed/);
  });

  it("refuses to carry out a command twice", () => {
    const machine = new KvMachine();
    applyOne(machine, { op: "delete", key: "a" }, 5);
    expect(() => applyOne(machine, { op: "delete", key: "a" }, 5)).toThrow(/comes after/);
  });

  it("has the same digest for the same contents only, however they came about", () => {
    const machines = [1, 2, 3].map(() => new KvMachine());
    const put = (machine: KvMachine | undefined, key: string, value: string, index: number): unknown =>
      machine?.apply([{ index, term: 1, data: encodeCommand({ op: "put", key, value: Buffer.from(value) }) }]);
    put(machines[0], "b", "1", 1);
    put(machines[0], "a", "2", 2);
    put(machines[1], "b", "1", 1);
    put(machines[1], "a", "2", 2);
    if (machines[1]) applyOne(machines[1], { op: "delete", key: "zz" }, 3);
    put(machines[2], "b", "1", 1);
    put(machines[2], "a", "3", 2);
    const [one, two, three] = machines.map((machine) => machine.digest());
    expect(two).toBe(one);
    expect(three).not.toBe(one);
  });
});

describe("its snapshots", () => {
  it("bring another machine to the same state, in pieces of any size", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), async (list, size) => {
        const machine = new KvMachine();
        for (const [i, one] of list.entries()) applyOne(machine, one, i + 1);
        const other = await restored(Buffer.concat([...machine.snapshot()]), size);
        expect(contentsOf(other)).toEqual(contentsOf(machine));
        expect([other.revision, other.digest()]).toEqual([machine.revision, machine.digest()]);
      }),
      { numRuns: 200 },
    );
  });

  it("are of the moment they were asked for, whatever is carried out while they are read", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60 }), fc.nat(60), async (list, at) => {
        const machine = new KvMachine();
        const before = list.slice(0, at % list.length);
        // Large enough for several chunks.
        applyOne(machine, { op: "put", key: "large", value: new Uint8Array(300_000).fill(7) }, 1);
        for (const [i, one] of before.entries()) applyOne(machine, one, i + 2);
        const [contents, digest] = [contentsOf(machine), machine.digest()];
        const chunks: Uint8Array[] = [];
        let index = before.length + 2;
        const snapshot = machine.snapshot();
        for (const one of list.slice(before.length)) applyOne(machine, one, index++);
        for (const chunk of snapshot) {
          chunks.push(chunk);
          applyOne(machine, { op: "put", key: "large", value: Uint8Array.of(index) }, index++);
          applyOne(machine, { op: "delete", key: "a" }, index++);
        }
        expect(chunks.length).toBeGreaterThan(4);
        expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(65_536);
        const other = await restored(Buffer.concat(chunks), 65_536);
        expect(contentsOf(other)).toEqual(contents);
        expect(other.digest()).toBe(digest);
      }),
      { numRuns: 60 },
    );
  });

  it("are not believed when a bit is turned, something is missing or something is left over", async () => {
    const machine = new KvMachine();
    for (const [i, key] of NAMES.entries()) applyOne(machine, { op: "put", key, value: Uint8Array.of(i, i) }, i + 1);
    const good = Buffer.concat([...machine.snapshot()]);
    const digest = machine.digest();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length * 8 - 1),
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 70 }),
        async (bit, end, size) => {
          const turned = good.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
          for (const bad of [turned, good.subarray(0, end), Buffer.concat([good, Buffer.of(bit & 255)])]) {
            await expect(machine.restore(inPieces(bad, size))).rejects.toMatchObject({ code: "corrupt" });
          }
          expect(machine.digest()).toBe(digest);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("take the place of everything that was there", async () => {
    const [machine, other] = [new KvMachine(), new KvMachine()];
    applyOne(machine, { op: "put", key: "kept", value: Uint8Array.of(1) }, 9);
    applyOne(other, { op: "put", key: "lost", value: Uint8Array.of(1) }, 1);
    applyOne(other, { op: "put", key: "kept", value: Uint8Array.of(2) }, 2);
    other.range({ limit: 1 });
    await other.restore(inPieces(Buffer.concat([...machine.snapshot()]), 10));
    expect(contentsOf(other)).toEqual([{ key: "kept", value: "01", revision: 9 }]);
    expect(other.digest()).toBe(machine.digest());
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCommand, KvMachine, type Watch, type WatchItem } from "../../../src/testing/kv/index.ts";

function put(machine: KvMachine, key: string, index: number, bytes = 1): void {
  const value = new Uint8Array(bytes).fill(index);
  machine.apply([{ index, term: 1, data: encodeCommand({ op: "put", key, value }) }]);
}

function remove(machine: KvMachine, key: string, index: number): void {
  machine.apply([{ index, term: 1, data: encodeCommand({ op: "delete", key }) }]);
}

/** As many items as are asked for, or fewer when the watch ends. */
async function take(watch: Watch, count: number): Promise<WatchItem[]> {
  const items: WatchItem[] = [];
  while (items.length < count) {
    const { done, value } = await watch.next();
    if (done === true) break;
    items.push(value);
  }
  return items;
}

const brief = (items: readonly WatchItem[]): string[] =>
  items.map((item) => `${item.type} ${item.revision}${item.type === "lagged" ? "" : ` ${item.key}`}`);

describe("a watch", () => {
  it("tells the changes of its keys in order, those of the past and those to come", async () => {
    const machine = new KvMachine();
    put(machine, "a1", 1);
    put(machine, "b", 2);
    remove(machine, "a1", 5);
    const watch = machine.watch({ prefix: "a" }, 1);
    expect(brief(await take(watch, 2))).toEqual(["put 1 a1", "delete 5 a1"]);
    const next = take(watch, 2);
    put(machine, "b", 6);
    put(machine, "a2", 7);
    remove(machine, "absent", 8);
    put(machine, "a", 9);
    expect(brief(await next)).toEqual(["put 7 a2", "put 9 a"]);
  });

  it("of one key leaves out keys that begin like it", async () => {
    const machine = new KvMachine();
    put(machine, "a", 1);
    put(machine, "ab", 2);
    put(machine, "a", 3);
    expect(brief(await take(machine.watch({ key: "a" }, 1), 2))).toEqual(["put 1 a", "put 3 a"]);
  });

  it("begins with what comes next unless it is told from where", async () => {
    const machine = new KvMachine();
    put(machine, "a", 1);
    const next = take(machine.watch({ prefix: "" }), 1);
    put(machine, "b", 2);
    expect(brief(await next)).toEqual(["put 2 b"]);
  });

  it("from a revision to come waits for it", async () => {
    const machine = new KvMachine();
    const next = take(machine.watch({ prefix: "" }, 3), 1);
    for (const index of [1, 2, 3]) put(machine, "a", index);
    expect(brief(await next)).toEqual(["put 3 a"]);
  });

  it("ends by saying that it lags when its reader is slower than the history is long", async () => {
    const machine = new KvMachine({ maxChanges: 3 });
    const watch = machine.watch({ prefix: "" }, 1);
    put(machine, "a", 1);
    expect(brief(await take(watch, 1))).toEqual(["put 1 a"]);
    for (const index of [2, 3, 4, 5]) put(machine, "a", index);
    expect(brief(await take(watch, 9))).toEqual(["lagged 2"]);
    expect(brief(await take(machine.watch({ prefix: "" }, 3), 3))).toEqual(["put 3 a", "put 4 a", "put 5 a"]);
  });

  it("bounds what it keeps in bytes as well", async () => {
    const machine = new KvMachine({ maxBytes: 1000 });
    for (const index of [1, 2, 3]) put(machine, "a", index, 400);
    expect(brief(await take(machine.watch({ prefix: "" }, 1), 9))).toEqual(["lagged 1"]);
    put(machine, "a", 4, 2000);
    expect(brief(await take(machine.watch({ prefix: "" }, 4), 9))).toEqual(["lagged 4"]);
  });

  it("waiting for a rare key does not lag while others change", async () => {
    const machine = new KvMachine({ maxChanges: 2 });
    const next = take(machine.watch({ key: "rare" }), 1);
    for (let index = 1; index < 20; index += 1) put(machine, "often", index);
    put(machine, "rare", 20);
    expect(brief(await next)).toEqual(["put 20 rare"]);
  });

  it("lags when the machine becomes a snapshot, unless it is about what comes after", async () => {
    const [source, machine] = [new KvMachine(), new KvMachine()];
    put(source, "a", 10);
    const [early, late] = [take(machine.watch({ prefix: "" }), 9), take(machine.watch({ prefix: "" }, 11), 1)];
    const contents = [...source.snapshot()];
    await machine.restore(
      (async function* chunks() {
        yield* contents;
      })(),
    );
    put(machine, "a", 11);
    expect(brief(await early)).toEqual(["lagged 10"]);
    expect(brief(await late)).toEqual(["put 11 a"]);
  });

  it("that is given up tells a waiting reader so", async () => {
    const machine = new KvMachine();
    const watch = machine.watch({ prefix: "" });
    const next = watch.next();
    await watch.return();
    expect(await next).toEqual({ done: true, value: undefined });
    put(machine, "a", 1);
    expect(await take(watch, 1)).toEqual([]);
  });

  it("never leaves a change out, whenever it is read", async () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("a", "ab", "b") },
      { weight: 1, arbitrary: fc.constant("read") },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        async (actions, maxChanges) => {
          const machine = new KvMachine({ maxChanges });
          const watch = machine.watch({ prefix: "a" }, 1);
          const [told, happened]: [WatchItem[], string[]] = [[], []];
          for (const [i, one] of [...actions, "a"].entries()) {
            if (one !== "read") {
              put(machine, one, i + 1);
              if (one.startsWith("a")) happened.push(`put ${i + 1} ${one}`);
            } else if (happened.length > told.length) told.push(...(await take(watch, 1)));
            if (told.at(-1)?.type === "lagged") break;
          }
          const isLagged = told.at(-1)?.type === "lagged";
          if (!isLagged) told.push(...(await take(watch, happened.length - told.length)));
          const changes = told.filter(({ type }) => type !== "lagged");
          expect(brief(changes)).toEqual(happened.slice(0, changes.length));
          expect(changes.length === happened.length || told.at(-1)?.type === "lagged").toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

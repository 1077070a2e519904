import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { EMPTY_CONF_STATE, type ConfState, type HardState, type Snapshot } from "../../src/core/types.ts";
import type { LogStore } from "../../src/storage/log-store.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";
import type { LogStoreHome } from "../../src/testing/log-store-suite.ts";
import { levelHome, memoryHome } from "./homes.ts";
import { allEntries, entriesFrom } from "./support.ts";

type Action =
  | { readonly do: "append"; readonly back: number; readonly count: number; readonly termUp: number }
  | { readonly do: "vote" | "save" | "reopen" | "crash" }
  | { readonly do: "commit" | "compact" | "install"; readonly by: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("append" as const), back: fc.nat(4), count: fc.nat(6), termUp: fc.nat(1) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("commit" as const), by: fc.nat(6) }) },
  fc.record({ do: fc.constantFrom("vote" as const, "save" as const, "reopen" as const, "crash" as const) }),
  fc.record({ do: fc.constantFrom("compact" as const, "install" as const), by: fc.integer({ min: 1, max: 8 }) }),
);

const CONF: ConfState = { ...EMPTY_CONF_STATE, voters: [1, 2, 3] };
const OPTIONS = { trailingEntries: 2, tailBytes: 600, verifyEntries: 5 };

/** The naive log beside the durable one. */
class Pair {
  readonly naive = new MemoryLog();
  hard: HardState = { term: 1, vote: 0, commit: 0 };
  /** The newest snapshot; the naive log knows only installed ones. */
  snapshot = { index: 0, term: 0 };
  readonly home: LogStoreHome;
  log: LogStore;

  constructor(home: LogStoreHome, log: LogStore) {
    this.home = home;
    this.log = log;
  }

  async run(step: Action): Promise<void> {
    switch (step.do) {
      case "append":
        return this.append(step.back, step.count, step.termUp);
      case "vote":
        return this.write({ ...this.hard, term: this.hard.term + 1, vote: 2 });
      case "commit":
        return this.commit(Math.min(this.hard.commit + step.by, this.naive.lastIndex()));
      case "save":
        return this.save();
      case "compact":
        return this.compact(Math.min(this.naive.firstIndex() + step.by, this.snapshot.index));
      case "install":
        return this.install(this.naive.lastIndex() + step.by);
      case "reopen":
        await this.log.close();
        return this.open();
      case "crash":
        await this.home.crash();
        return this.open();
    }
  }

  check(): void {
    const { log, naive } = this;
    assert.deepEqual(log.opened, { state: "intact" });
    assert.deepEqual([log.firstIndex(), log.lastIndex()], [naive.firstIndex(), naive.lastIndex()]);
    for (let index = naive.firstIndex() - 1; index <= naive.lastIndex(); index += 1) {
      assert.equal(log.term(index), naive.term(index));
    }
    assert.deepEqual(allEntries(log), naive.entries(naive.firstIndex(), naive.lastIndex() + 1, Infinity));
    assert.deepEqual(log.initialState().hardState, this.hard);
    const { index, term } = log.snapshot();
    assert.deepEqual({ index, term }, this.snapshot);
  }

  async append(back: number, count: number, termUp: number): Promise<void> {
    const from = Math.max(this.naive.lastIndex() + 1 - back, this.hard.commit + 1, this.naive.firstIndex());
    // Who replaces entries is a leader of a later term.
    const isReplacing = from <= this.naive.lastIndex() && count > 0;
    const term = this.hard.term + (isReplacing ? Math.max(1, termUp) : termUp);
    const entries = entriesFrom(from, count, term);
    this.hard = term === this.hard.term ? this.hard : { ...this.hard, term, vote: 0 };
    await this.log.write({ hardState: this.hard, entries }, { sync: true });
    this.naive.append(entries);
  }

  async write(hardState: HardState): Promise<void> {
    this.hard = hardState;
    await this.log.write({ hardState }, { sync: true });
  }

  async commit(commit: number): Promise<void> {
    if (commit > this.hard.commit) await this.write({ ...this.hard, commit });
  }

  async save(): Promise<void> {
    const index = this.hard.commit;
    if (index <= this.snapshot.index || index < this.naive.firstIndex()) return;
    this.snapshot = { index, term: this.naive.term(index) };
    const writer = await this.log.beginSnapshot({ ...this.snapshot, confState: CONF });
    await writer.write(new Uint8Array(50));
    await this.log.saveSnapshot(await writer.finish());
  }

  async compact(index: number): Promise<void> {
    await this.log.compact(index);
    const upTo = index - OPTIONS.trailingEntries;
    if (upTo >= this.naive.firstIndex()) this.naive.compact(upTo);
  }

  async install(index: number): Promise<void> {
    const snapshot: Snapshot = { index, term: this.hard.term, confState: CONF, data: new Uint8Array(9) };
    this.hard = { ...this.hard, commit: index };
    this.snapshot = { index, term: snapshot.term };
    await this.log.write({ hardState: this.hard, snapshot }, { sync: true });
    this.naive.applySnapshot(snapshot);
  }

  async open(): Promise<void> {
    this.log = await this.home.open(OPTIONS);
  }
}

function agrees(createHome: () => Promise<LogStoreHome>): fc.IAsyncProperty<[Action[]]> {
  return fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
    const home = await createHome();
    try {
      const pair = new Pair(home, await home.open(OPTIONS));
      await pair.write(pair.hard);
      for (const each of actions) {
        await pair.run(each);
        pair.check();
      }
      assert.ok((await pair.log.verify()).intact);
      await pair.log.close();
    } finally {
      await home.dispose();
    }
  });
}

describe("a durable log and a naive one", () => {
  it("agree on a simulated disk, through restarts and power cuts", async () => {
    await fc.assert(agrees(memoryHome), { numRuns: 300 });
  });

  it("agree on LevelDB, through restarts and kills", async () => {
    await fc.assert(agrees(levelHome), { numRuns: 25 });
  });
});

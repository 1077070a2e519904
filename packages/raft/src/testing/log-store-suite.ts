/** What every log store must do, whatever it keeps its log on. It needs no test runner of its own. */
import assert from "node:assert/strict";
import { InvariantError, isRaftError, type RaftErrorCode } from "../errors.ts";
import type { ConfState, Entry, HardState } from "../core/types.ts";
import type { LogStoreOptions } from "../storage/durable-log.ts";
import type { LogStore, SnapshotMeta, StagedSnapshot } from "../storage/log-store.ts";

/** One place for one log. */
export interface LogStoreHome {
  open(options?: LogStoreOptions): Promise<LogStore>;
  /** Ends the process that has it open, as kill -9 or a power cut would; it can be opened again then. */
  crash(): Promise<void>;
  /** Removes everything. */
  dispose(): Promise<void>;
}

export interface LogStoreSuiteOptions {
  readonly name: string;
  /** The test runner's `it`. */
  readonly it: (name: string, run: () => Promise<void>) => void;
  readonly createHome: () => Promise<LogStoreHome>;
}

type Case = (home: LogStoreHome) => Promise<void>;

const CONF: ConfState = { voters: [1, 2, 3], votersOutgoing: [], learners: [4], learnersNext: [], autoLeave: false };
const SYNC = { sync: true };

/** Registers all cases. */
export function logStoreSuite({ name, it, createHome }: LogStoreSuiteOptions): void {
  for (const [title, run] of Object.entries({ ...WRITING, ...REFUSING, ...SNAPSHOTS })) {
    it(`${name}: ${title}`, async () => {
      const home = await createHome();
      try {
        await run(home);
      } finally {
        await home.dispose();
      }
    });
  }
}

const WRITING: Readonly<Record<string, Case>> = {
  "a new log is empty and intact": async (home) => {
    const log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    assert.deepEqual([log.firstIndex(), log.lastIndex(), log.term(0)], [1, 0, 0]);
    assert.deepEqual(log.initialState().hardState, { term: 0, vote: 0, commit: 0 });
    assert.equal(log.snapshot().index, 0);
    await log.close();
  },
  "what was written is there after a restart": async (home) => {
    const hardState: HardState = { term: 3, vote: 2, commit: 1 };
    let log = await home.open();
    await log.write({ hardState, entries: entries(1, 5, 3) }, SYNC);
    await log.close();
    log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    assert.deepEqual(log.initialState().hardState, hardState);
    assert.deepEqual(log.entries(1, 6, Infinity), entries(1, 5, 3));
    await log.close();
  },
  "what was acknowledged is there after a crash": async (home) => {
    let log = await home.open();
    for (let index = 1; index <= 20; index += 1) {
      await log.write({ hardState: hard(index), entries: entries(index, index, index) }, SYNC);
    }
    await home.crash();
    log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    assert.equal(log.initialState().hardState.term, 20);
    assert.deepEqual(
      log.entries(1, 21, Infinity).map(({ term }) => term),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    assert.deepEqual(await log.verify(), { intact: true, entries: 20 });
    await log.close();
  },
  "a conflicting suffix is replaced in one write, for good": async (home) => {
    let log = await home.open({ tailBytes: 0 });
    await log.write({ hardState: hard(1), entries: entries(1, 10, 1) }, SYNC);
    await log.write({ hardState: hard(2), entries: entries(4, 5, 2) }, SYNC);
    const check = (): void => {
      assert.equal(log.lastIndex(), 5);
      assert.deepEqual(
        [1, 3, 4, 5].map((index) => log.term(index)),
        [1, 1, 2, 2],
      );
      assert.deepEqual(log.entries(1, 6, Infinity), [...entries(1, 3, 1), ...entries(4, 5, 2)]);
    };
    check();
    await home.crash();
    log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    check();
    await log.write({ entries: entries(6, 8, 2) }, SYNC);
    assert.deepEqual(await log.verify(), { intact: true, entries: 8 });
    await log.close();
  },
  "reads give as much as fits, and at least one entry, from memory or not": async (home) => {
    for (const tailBytes of [0, 1000, 1_000_000]) {
      const log = await home.open({ tailBytes });
      if (log.lastIndex() === 0) await log.write({ hardState: hard(1), entries: entries(1, 30, 1, 100) }, SYNC);
      assert.equal(log.entries(1, 31, 0).length, 1);
      assert.equal(log.entries(1, 31, 3 * 112).length, 3);
      assert.equal(log.entries(5, 31, Infinity).length, 26);
      assert.deepEqual(log.entries(30, 31, 1), entries(30, 30, 1, 100));
      assert.deepEqual(log.entries(7, 7, Infinity), []);
      await log.close();
    }
  },
  "an unsynced commit index may be forgotten, nothing else": async (home) => {
    let log = await home.open();
    await log.write({ hardState: { term: 1, vote: 1, commit: 0 }, entries: entries(1, 2, 1) }, SYNC);
    await log.write({ hardState: { term: 1, vote: 1, commit: 2 } }, { sync: false });
    assert.equal(log.initialState().hardState.commit, 2);
    await home.crash();
    log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    assert.ok([0, 2].includes(log.initialState().hardState.commit));
    assert.equal(log.lastIndex(), 2);
    await log.close();
  },
  "writes that were not waited for are carried out in order": async (home) => {
    const log = await home.open();
    const writes = [1, 2, 3, 4].map((index) =>
      log.write({ hardState: hard(1), entries: entries(index, index, 1) }, SYNC),
    );
    await Promise.all(writes);
    assert.equal(log.lastIndex(), 4);
    await log.close();
  },
};

const REFUSING: Readonly<Record<string, Case>> = {
  "a second opener is told that the log is locked": async (home) => {
    const log = await home.open();
    await refused(home.open(), "locked");
    await log.close();
    await (await home.open()).close();
  },
  "a closed log takes no writes, and closes twice": async (home) => {
    const log = await home.open();
    await log.close();
    await log.close();
    await refused(log.write({ hardState: hard(1) }, SYNC), "closed");
  },
  "reading outside the log says on which side": async (home) => {
    const log = await home.open({ trailingEntries: 0 });
    await log.write({ hardState: { term: 1, vote: 0, commit: 9 }, entries: entries(1, 9, 1) }, SYNC);
    await log.saveSnapshot(await stage(log, { index: 5, term: 1, confState: CONF }, ["x"]));
    await log.compact(5);
    assert.throws(
      () => log.term(4),
      (error) => isRaftError(error, "compacted"),
    );
    assert.throws(
      () => log.entries(5, 7, 1),
      (error) => isRaftError(error, "compacted"),
    );
    assert.throws(
      () => log.term(10),
      (error) => isRaftError(error, "unavailable"),
    );
    assert.throws(
      () => log.entries(8, 11, 1),
      (error) => isRaftError(error, "unavailable"),
    );
    assert.equal(log.term(5), 1);
    await log.close();
  },
  "what would break the log stops the node instead, and leaves the log as it was": async (home) => {
    const log = await home.open();
    await log.write({ hardState: { term: 2, vote: 1, commit: 3 }, entries: entries(1, 5, 2) }, SYNC);
    const breaks = [
      log.write({ entries: entries(7, 7, 2) }, SYNC),
      log.write({ entries: entries(6, 6, 1) }, SYNC),
      log.write({ entries: entries(3, 3, 2) }, SYNC),
      log.write({ hardState: { term: 1, vote: 0, commit: 3 } }, SYNC),
      log.write({ hardState: { term: 2, vote: 3, commit: 3 } }, SYNC),
      log.write({ entries: entries(6, 6, 2) }, { sync: false }),
      log.write({ hardState: { term: 3, vote: 0, commit: 3 } }, { sync: false }),
      log.compact(1),
    ];
    for (const each of await Promise.allSettled(breaks)) {
      assert.ok(each.status === "rejected" && each.reason instanceof InvariantError);
    }
    assert.equal(log.lastIndex(), 5);
    assert.deepEqual(log.initialState().hardState, { term: 2, vote: 1, commit: 3 });
    await log.close();
  },
};

const SNAPSHOTS: Readonly<Record<string, Case>> = {
  "a snapshot is streamed in and out, and visible only when it is whole": async (home) => {
    let log = await home.open();
    await log.write({ hardState: { term: 1, vote: 0, commit: 9 }, entries: entries(1, 9, 1) }, SYNC);
    const meta = { index: 7, term: 1, confState: CONF };
    const writer = await log.beginSnapshot(meta);
    for (const part of ["one ", "two ", "three"]) await writer.write(new TextEncoder().encode(part));
    assert.equal(log.snapshot().index, 0);
    await refused(log.readSnapshot(), "snapshot-unavailable");
    await log.saveSnapshot(await writer.finish());
    assert.equal(await contents(log), "one two three");
    await home.crash();
    log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    assert.equal(await contents(log), "one two three");
    assert.deepEqual(log.initialState().confState, CONF);
    assert.deepEqual([log.snapshot().index, log.firstIndex(), log.lastIndex()], [7, 1, 9]);
    await log.close();
  },
  "a crash before a snapshot is visible leaves the one before": async (home) => {
    let log = await home.open();
    await log.write({ hardState: { term: 1, vote: 0, commit: 9 }, entries: entries(1, 9, 1) }, SYNC);
    await log.saveSnapshot(await stage(log, { index: 3, term: 1, confState: CONF }, ["old"]));
    await stage(log, { index: 6, term: 1, confState: CONF }, ["new"]);
    await (await log.beginSnapshot({ index: 8, term: 1, confState: CONF })).write(new Uint8Array(100));
    await home.crash();
    log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    assert.equal(log.snapshot().index, 3);
    assert.equal(await contents(log), "old");
    await log.close();
  },
  "an installed snapshot replaces the log": async (home) => {
    let log = await home.open();
    await log.write({ hardState: hard(1), entries: entries(1, 9, 1) }, SYNC);
    const snapshot = await stage(log, { index: 20, term: 3, confState: CONF }, ["state"]);
    await log.write({ hardState: { term: 4, vote: 0, commit: 20 }, snapshot, entries: entries(21, 22, 4) }, SYNC);
    const check = async (): Promise<void> => {
      assert.deepEqual([log.firstIndex(), log.lastIndex(), log.term(20), log.term(22)], [21, 22, 3, 4]);
      assert.deepEqual(log.entries(21, 23, Infinity), entries(21, 22, 4));
      assert.equal(await contents(log), "state");
    };
    await check();
    await home.crash();
    log = await home.open();
    assert.deepEqual(log.opened, { state: "intact" });
    await check();
    await log.close();
  },
  "a snapshot that came in one piece is kept like a streamed one": async (home) => {
    const log = await home.open();
    const data = new TextEncoder().encode("whole");
    await log.write({ hardState: hard(2), snapshot: { index: 1, term: 1, confState: CONF, data } }, SYNC);
    assert.equal(await contents(log), "whole");
    assert.deepEqual([log.firstIndex(), log.lastIndex(), log.term(1)], [2, 1, 1]);
    await log.close();
  },
  "a snapshot that is not newer is refused, and nothing of its write happens": async (home) => {
    const log = await home.open();
    await log.write({ snapshot: { index: 9, term: 1, confState: CONF, data: new Uint8Array() } }, SYNC);
    const old = { index: 9, term: 1, confState: CONF, data: new Uint8Array(1) };
    await refused(log.write({ hardState: hard(7), snapshot: old }, SYNC), "snapshot-out-of-date");
    assert.equal(log.initialState().hardState.term, 0);
    await refused(log.saveSnapshot(await stage(log, { index: 12, term: 1, confState: CONF }, [])), "unavailable");
    await log.close();
  },
  "a reader of a snapshot finishes although a newer one takes its place": async (home) => {
    const log = await home.open();
    await log.write({ hardState: { term: 1, vote: 0, commit: 9 }, entries: entries(1, 9, 1) }, SYNC);
    await log.saveSnapshot(await stage(log, { index: 3, term: 1, confState: CONF }, ["old"]));
    const old = await log.readSnapshot();
    await log.saveSnapshot(await stage(log, { index: 4, term: 1, confState: CONF }, ["new"]));
    assert.equal(await text(old.chunks), "old");
    assert.equal(await contents(log), "new");
    await log.close();
  },
  "compaction keeps a trailing window, and no more": async (home) => {
    let log = await home.open({ trailingEntries: 3 });
    await log.write({ hardState: { term: 2, vote: 0, commit: 10 }, entries: entries(1, 10, 2) }, SYNC);
    await log.saveSnapshot(await stage(log, { index: 8, term: 2, confState: CONF }, ["x"]));
    await log.compact(2);
    assert.equal(log.firstIndex(), 1);
    await log.compact(8);
    assert.deepEqual([log.firstIndex(), log.lastIndex(), log.term(5)], [6, 10, 2]);
    await log.compact(7);
    assert.equal(log.firstIndex(), 6);
    await home.crash();
    log = await home.open({ trailingEntries: 3 });
    assert.deepEqual(log.opened, { state: "intact" });
    assert.deepEqual([log.firstIndex(), log.lastIndex(), log.term(5)], [6, 10, 2]);
    assert.deepEqual(log.entries(6, 11, Infinity), entries(6, 10, 2));
    await log.close();
  },
};

function entries(from: number, to: number, term: number, bytes = 8): readonly Entry[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => ({
    term,
    index: from + offset,
    type: "normal" as const,
    data: new Uint8Array(bytes).fill((from + offset + term) % 256),
  }));
}

function hard(term: number): HardState {
  return { term, vote: 0, commit: 0 };
}

async function stage(log: LogStore, meta: SnapshotMeta, parts: readonly string[]): Promise<StagedSnapshot> {
  const writer = await log.beginSnapshot(meta);
  for (const part of parts) await writer.write(new TextEncoder().encode(part));
  return writer.finish();
}

async function contents(log: LogStore): Promise<string> {
  return text((await log.readSnapshot()).chunks);
}

async function text(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

async function refused(action: Promise<unknown>, code: RaftErrorCode): Promise<void> {
  await assert.rejects(action, (error) => isRaftError(error, code));
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RaftLog } from "../../src/core/raft-log.ts";
import { EMPTY_CONF_STATE, entriesBytes, type Entry } from "../../src/core/types.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";

const entry = (index: number, term: number, bytes = 0): Entry => ({
  index,
  term,
  type: "normal",
  data: new Uint8Array(bytes),
});

/** What a driver or a leader may do with a log. */
type Action =
  | { readonly do: "append"; readonly back: number; readonly count: number; readonly bytes: number }
  | { readonly do: "hand-over" }
  | { readonly do: "stable" }
  | { readonly do: "commit"; readonly by: number }
  | { readonly do: "apply"; readonly by: number }
  | { readonly do: "compact" }
  | { readonly do: "restore"; readonly ahead: number };

const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    do: fc.constant("append" as const),
    back: fc.nat(3),
    count: fc.integer({ min: 1, max: 4 }),
    bytes: fc.nat(40),
  }),
  fc.record({ do: fc.constant("hand-over" as const) }),
  fc.record({ do: fc.constant("stable" as const) }),
  fc.record({ do: fc.constant("commit" as const), by: fc.nat(4) }),
  fc.record({ do: fc.constant("apply" as const), by: fc.nat(4) }),
  fc.record({ do: fc.constant("compact" as const) }),
  fc.record({ do: fc.constant("restore" as const), ahead: fc.integer({ min: 1, max: 5 }) }),
);

/** The log as a plain list: what is in it, whatever is durable. */
interface Naive {
  first: number;
  entries: Entry[];
}

class Bench {
  readonly storage = new MemoryLog();
  readonly log = new RaftLog(this.storage, Infinity);
  readonly naive: Naive = { first: 1, entries: [] };
  #term = 1;
  #handed: { last: { index: number; term: number } | undefined; snapshot: number | undefined; write: () => void }[] =
    [];

  act(action: Action): void {
    const { log, naive } = this;
    const last = naive.first + naive.entries.length - 1;
    switch (action.do) {
      case "append": {
        // A new leader may replace what is not committed.
        const from = Math.max(log.committed + 1, naive.first, last + 1 - action.back);
        if (from <= last) this.#term += 1;
        const news = Array.from({ length: action.count }, (_, i) => entry(from + i, this.#term, action.bytes));
        log.append(news);
        naive.entries.splice(from - naive.first, Infinity, ...news);
        return;
      }
      case "hand-over": {
        const entries = log.unstable.nextEntries();
        const snapshot = log.unstable.nextSnapshot();
        const write = (): void => {
          if (snapshot !== undefined) this.storage.applySnapshot(snapshot);
          this.storage.append(entries);
        };
        log.unstable.acceptInProgress();
        const end = log.unstable.entries.at(-1);
        this.#handed.push({ last: end, snapshot: snapshot?.index, write });
        return;
      }
      case "stable": {
        const done = this.#handed.shift();
        if (done === undefined) return;
        done.write();
        if (done.last !== undefined) log.unstable.stableTo(done.last);
        if (done.snapshot !== undefined) log.unstable.stableSnapshotTo(done.snapshot);
        return;
      }
      case "commit":
        log.commitTo(Math.min(last, log.committed + action.by));
        return;
      case "apply":
        if (log.unstable.snapshot === undefined) log.appliedTo(Math.min(log.committed, log.applied + action.by), 0);
        return;
      case "compact": {
        const to = Math.min(log.applied, this.storage.lastIndex());
        if (to < this.storage.firstIndex() || log.unstable.snapshot !== undefined) return;
        this.storage.compact(to);
        naive.entries.splice(0, to + 1 - naive.first);
        naive.first = to + 1;
        return;
      }
      case "restore": {
        const index = last + action.ahead;
        this.#term += 1;
        log.restore({ index, term: this.#term, confState: EMPTY_CONF_STATE, data: new Uint8Array() });
        naive.first = index + 1;
        naive.entries = [];
        return;
      }
    }
  }
}

describe("the log", () => {
  it("is the same list whatever is durable of it, compacted or replaced by a snapshot", () => {
    fc.assert(
      fc.property(fc.array(actions, { maxLength: 40 }), fc.integer({ min: 1, max: 300 }), (all, maxBytes) => {
        const bench = new Bench();
        for (const action of all) {
          bench.act(action);
          const { log, naive } = bench;
          expect([log.firstIndex(), log.lastIndex()]).toEqual([naive.first, naive.first + naive.entries.length - 1]);
          expect(log.applied <= log.committed && log.committed <= log.lastIndex()).toBe(true);
          for (const each of naive.entries) expect(log.term(each.index)).toBe(each.term);
          expect(() => log.term(log.lastIndex() + 1)).toThrow("beyond");
          const slice = log.entriesFrom(naive.first, maxBytes);
          expect(slice).toEqual(naive.entries.slice(0, slice.length));
          // As much as fits, and at least one.
          if (naive.entries.length > 0) expect(slice.length).toBeGreaterThan(0);
          if (slice.length > 1) expect(entriesBytes(slice)).toBeLessThanOrEqual(maxBytes);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("takes a leader's entries in where they match, and keeps what already does", () => {
    const log = new RaftLog(new MemoryLog(), Infinity);
    log.append([entry(1, 1), entry(2, 1), entry(3, 2)]);
    expect(log.maybeAppend({ index: 2, term: 2 }, [entry(3, 3)], 0)).toBeUndefined();
    // An old append that arrives late must not cut off what came after it.
    expect(log.maybeAppend({ index: 1, term: 1 }, [entry(2, 1)], 2)).toBe(2);
    expect([log.lastIndex(), log.committed]).toEqual([3, 2]);
    expect(log.maybeAppend({ index: 2, term: 1 }, [entry(3, 3), entry(4, 3)], 9)).toBe(4);
    expect([log.term(3), log.lastIndex(), log.committed]).toEqual([3, 4, 4]);
  });

  it("never lets a committed entry be replaced", () => {
    const log = new RaftLog(new MemoryLog(), Infinity);
    log.append([entry(1, 1), entry(2, 1)]);
    log.commitTo(2);
    expect(() => log.maybeAppend({ index: 1, term: 1 }, [entry(2, 2)], 0)).toThrow("conflicts with committed");
    expect(() => log.append([entry(2, 2)])).toThrow("would replace committed");
  });

  it("hands out committed entries once, within the bytes that may be on their way to the state machine", () => {
    const log = new RaftLog(new MemoryLog(), 60);
    log.append([1, 2, 3, 4, 5].map((index) => entry(index, 1, 10)));
    log.commitTo(5);
    const seen: number[] = [];
    while (seen.length < 5) {
      const batch = log.nextCommitted(true);
      expect(entriesBytes(batch)).toBeLessThanOrEqual(60);
      const last = batch.at(-1)?.index ?? 0;
      seen.push(...batch.map(({ index }) => index));
      log.acceptApplying(last, entriesBytes(batch), true);
      expect(log.nextCommitted(true)).toEqual([]);
      log.appliedTo(last, entriesBytes(batch));
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

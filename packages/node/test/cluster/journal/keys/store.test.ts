import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GRACE_MS, KeyStore } from "../../../../src/cluster/journal/keys/store.ts";
import { sealRecords } from "../../../../src/cluster/journal/pieces.ts";
import { drawKey, keyOf, nameOf, seal } from "../../../../src/cluster/journal/sealing.ts";
import type { SessionJournal } from "../../../../src/cluster/state/model.ts";
import { Ordered } from "../../../../src/cluster/state/ordered.ts";

const SESSION = "s";

interface Keys {
  readonly turn: number;
  readonly records: Uint8Array;
  readonly kept: Uint8Array;
}

function keysOf(turn: number): Keys {
  return { turn, records: drawKey(), kept: drawKey() };
}

/** The journal in the turn of `open`, after the one of `kept`. */
function journal(open: Keys | undefined, kept: Keys | undefined): Ordered<SessionJournal> {
  const turn = open?.turn ?? kept?.turn ?? 1;
  const records =
    open === undefined
      ? undefined
      : sealRecords({ session: SESSION, turn, key: open.records }, 0, [{ type: "heard", index: 0 }]);
  const place = { session: SESSION, turn: kept?.turn ?? 0, kind: "kept", number: 0 } as const;
  const sealed = kept === undefined ? undefined : seal(kept.kept, place, Buffer.of(1));
  return Ordered.from([[SESSION, { scope: "sessions/1", turn, records, kept: sealed, atMs: 1 }]]);
}

function namesIn(store: KeyStore): readonly string[] {
  const keys = [...store.all()].flatMap(([, turns]) => turns.flatMap(({ records, kept }) => [records, kept]));
  return keys.filter((key) => key !== undefined).map((key) => nameOf(key));
}

const none = Ordered.empty<SessionJournal>();

describe("the keys that a voter keeps", () => {
  it("are found by either name, and given as copies", () => {
    const store = new KeyStore();
    const keys = keysOf(1);
    expect(store.keep(SESSION, keys, 0)).toBe(true);
    for (const key of [keys.records, keys.kept]) {
      const [found] = store.find(SESSION, [nameOf(key)]);
      expect(found).toEqual(keys);
      found?.records?.fill(0);
    }
    keys.records.fill(0);
    expect(store.find(SESSION, [nameOf(keys.kept)])[0]?.records?.every((byte) => byte === 0)).toBe(false);
    expect(store.find("other", [nameOf(keys.kept)])).toEqual([]);
  });

  it("go when their turn has ended, but for that of what is kept, which goes when something else is", () => {
    const store = new KeyStore();
    const [one, two] = [keysOf(1), keysOf(2)];
    store.keep(SESSION, one, 0);
    store.follow(journal(one, undefined), 1);
    expect(namesIn(store)).toHaveLength(2);
    store.follow(journal(undefined, one), 2);
    expect(namesIn(store)).toEqual([nameOf(one.kept)]);
    store.keep(SESSION, two, 3);
    store.follow(journal(two, one), 4);
    expect(namesIn(store)).toHaveLength(3);
    store.follow(journal(undefined, two), 5);
    expect(namesIn(store)).toEqual([nameOf(two.kept)]);
    store.follow(none, 6);
    expect(store.size).toBe(0);
  });

  it("go at once when a turn has come and gone between two looks, or is not that which counts", () => {
    const store = new KeyStore();
    const [one, two, other] = [keysOf(1), keysOf(2), keysOf(2)];
    for (const keys of [one, two, other]) store.keep(SESSION, keys, 0);
    store.follow(journal(two, undefined), 1);
    expect(namesIn(store)).toEqual([nameOf(two.records), nameOf(two.kept)]);
    store.follow(journal(undefined, keysOf(9)), 2);
    expect(store.size).toBe(0);
  });

  it("that nothing was written with go after a while, unless they are given again", () => {
    const store = new KeyStore();
    const [given, again] = [keysOf(1), keysOf(2)];
    store.keep(SESSION, given, 0);
    store.keep(SESSION, again, 0);
    store.keep(SESSION, again, GRACE_MS);
    store.follow(none, GRACE_MS);
    expect(namesIn(store)).toHaveLength(4);
    store.follow(none, GRACE_MS + 1);
    expect(namesIn(store)).toEqual([nameOf(again.records), nameOf(again.kept)]);
  });

  it("are overwritten where they lay", () => {
    const store = new KeyStore();
    const keys = keysOf(1);
    const lay: Uint8Array[] = [];
    const from = Uint8Array.from.bind(Uint8Array);
    // What the store itself holds: its own copies.
    const watched = (bytes: Iterable<number>): Uint8Array => {
      const copy = from(bytes);
      lay.push(copy);
      return copy;
    };
    Object.defineProperty(Uint8Array, "from", { value: watched, configurable: true, writable: true });
    try {
      store.keep(SESSION, keys, 0);
    } finally {
      Reflect.deleteProperty(Uint8Array, "from");
    }
    const own = lay.filter(({ length }) => length === 32);
    expect(own).toHaveLength(2);
    store.clear();
    expect(own.every((key) => key.every((byte) => byte === 0))).toBe(true);
  });

  it("are bounded, and those in use are the last to go", () => {
    const store = new KeyStore();
    const used = keysOf(1);
    store.keep(SESSION, used, 0);
    store.follow(journal(used, undefined), 0);
    for (let i = 2; i < 40; i += 1) store.keep(SESSION, keysOf(i), 0);
    expect(namesIn(store).length).toBeLessThanOrEqual(16);
    expect(namesIn(store)).toContain(nameOf(used.records));
    let sessions = 1;
    while (sessions < 10_000 && store.keep(`s${sessions}`, used, 0)) sessions += 1;
    expect(sessions).toBe(8_192);
  });

  it("are lacking when something was written with others", () => {
    const store = new KeyStore();
    const [one, two] = [keysOf(1), keysOf(2)];
    store.keep(SESSION, one, 0);
    expect(store.lacks(journal(one, undefined))).toBe(false);
    expect(store.lacks(journal(two, one))).toBe(true);
    store.keep(SESSION, two, 0);
    expect(store.lacks(journal(two, one))).toBe(false);
  });

  it("are after any course of turns those that are needed, and no others but of what is yet to begin", () => {
    const steps = fc.array(fc.constantFrom("begin", "write", "settle", "pull", "end"), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (course) => {
        const store = new KeyStore();
        let turn = 0;
        let [open, isWritten]: [Keys | undefined, boolean] = [undefined, false];
        let kept: Keys | undefined;
        const all: Keys[] = [];
        let now = none;
        for (const step of course) {
          if (step === "begin") {
            turn += 1;
            [open, isWritten] = [keysOf(turn), false];
            all.push(open);
            store.keep(SESSION, open, 0);
          } else if (step === "write" && open !== undefined) {
            isWritten = true;
            now = journal(open, kept);
          } else if (step === "settle" && open !== undefined) {
            [kept, open] = [open, undefined];
            now = journal(undefined, kept);
          } else if (step === "pull") {
            // Somebody who is behind gives all that there ever was.
            for (const keys of all) store.keep(SESSION, keys, 0);
          } else if (step === "end") {
            [kept, open, isWritten, now] = [undefined, undefined, false, none];
          }
          store.follow(now, 0);
          if (step === "end") all.length = 0;
          const names = new Set(namesIn(store));
          const needed = [isWritten ? open?.records : undefined, open?.kept, kept?.kept];
          for (const key of needed) if (key !== undefined) expect(names.has(nameOf(key))).toBe(true);
          const journalNow = now.get(SESSION);
          const pending = open !== undefined && journalNow?.turn !== turn ? [open.records, open.kept] : [];
          const allowed = new Set([...needed, ...pending].flatMap((key) => (key === undefined ? [] : [nameOf(key)])));
          const isSettled = journalNow !== undefined && keyOf(journalNow.records?.[0]) === undefined;
          if (isSettled && open === undefined) expect([...names].filter((each) => !allowed.has(each))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
});

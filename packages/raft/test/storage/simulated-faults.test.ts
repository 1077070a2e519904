import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_CONF_STATE } from "../../src/core/types.ts";
import { isRaftError } from "../../src/errors.ts";
import { DurableImage } from "../../src/storage/durable-image.ts";
import { findHighWater, SLOT_BYTES } from "../../src/storage/high-water.ts";
import type { DoubtReason, LogStore } from "../../src/storage/log-store.ts";
import { MemoryDisk, type DiskOperation } from "../../src/storage/memory-disk.ts";
import { openMemoryLog } from "../../src/storage/memory-store.ts";
import { allEntries, entriesFrom, entryAt } from "./support.ts";

/** Ten acknowledged writes of one entry each, with a vote in the last. */
async function filledDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const log = await openMemoryLog(disk);
  await fill(log);
  await log.close();
  return disk;
}

async function fill(log: LogStore): Promise<void> {
  for (let index = 1; index <= 10; index += 1) {
    await log.write(
      { hardState: { term: index, vote: 2, commit: 0 }, entries: [entryAt(index, index)] },
      { sync: true },
    );
  }
}

const flip =
  (at: number) =>
  (bytes: Uint8Array): Uint8Array => {
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] ?? 0) ^ 0x10;
    return bytes;
  };
const gone = (): undefined => undefined;

async function expectDoubt(disk: MemoryDisk, reason: DoubtReason, lastIndex: number): Promise<LogStore> {
  const log = await openMemoryLog(disk);
  expect(log.opened).toMatchObject({ state: "doubtful", reason, left: { lastIndex } });
  expect(allEntries(log)).toEqual(Array.from({ length: lastIndex }, (_, i) => entryAt(i + 1, i + 1)));
  return log;
}

describe("a log whose disk lost something silently", () => {
  it("notices that acknowledged writes are missing, and remembers the vote", async () => {
    const disk = await filledDisk();
    disk.loseSynced(1);
    const log = await expectDoubt(disk, "log-behind", 9);
    expect(log.initialState().hardState).toMatchObject({ term: 10, vote: 2 });
  });

  it.each(["intact", "in doubt"])("claims on opening what a crash left beyond its claim, when %s", async (was) => {
    const disk = await filledDisk();
    if (was === "in doubt") disk.loseSynced(1);
    const log = await openMemoryLog(disk);
    const from = log.lastIndex();
    let crashed = false;
    disk.faults = {
      delay: async (operation: DiskOperation) => {
        if (operation !== "high-water" || crashed) return;
        crashed = true;
        disk.crash(() => 0);
      },
    };
    const write = { hardState: { term: 11, vote: 3, commit: 0 }, entries: [entryAt(from + 1, 11)] };
    await expect(log.write(write, { sync: true })).rejects.toMatchObject({ code: "storage-failed" });
    const image = new DurableImage(disk);
    expect(image.claim).toMatchObject({ term: 10, last: { index: from } });
    // A follower acknowledges entries that it already has without writing anything.
    const again = await openMemoryLog(disk);
    expect(again.lastIndex()).toBe(from + 1);
    expect(image.claim).toMatchObject({ term: 11, vote: 3, last: { index: from + 1 } });
    expect([again.opened.state, image.doubt]).toEqual(
      was === "intact" ? ["intact", undefined] : ["doubtful", "log-behind"],
    );
  });

  it("notices a record that is missing in the middle although newer ones are there", async () => {
    const disk = await filledDisk();
    disk.damageRecord(4, gone);
    await expectDoubt(disk, "record-damaged", 3);
  });

  it("notices a flipped bit anywhere in a record", async () => {
    const { length } = new Uint8Array(66);
    for (let at = 0; at < length; at += 1) {
      const disk = await filledDisk();
      disk.damageRecord(7, flip(at));
      await expectDoubt(disk, "record-damaged", 6);
    }
  });

  it("notices swapped records", async () => {
    const disk = await filledDisk();
    let taken: Uint8Array | undefined;
    disk.damageRecord(5, (bytes) => ((taken = bytes), bytes));
    disk.damageRecord(6, () => taken);
    await expectDoubt(disk, "record-damaged", 5);
  });

  it("notices a record of an earlier term that came back", async () => {
    const disk = await filledDisk();
    let stale: Uint8Array | undefined;
    disk.damageRecord(4, (bytes) => (stale = bytes));
    const log = await openMemoryLog(disk);
    await log.write({ hardState: { term: 11, vote: 0, commit: 0 }, entries: entriesFrom(4, 5, 11) }, { sync: true });
    await log.close();
    disk.damageRecord(4, () => stale);
    const { opened } = await openMemoryLog(disk);
    expect(opened).toMatchObject({ state: "doubtful", reason: "record-damaged", left: { lastIndex: 4 } });
  });

  it("notices a database that is not the one the high-water record belongs to", async () => {
    const [disk, other] = [await filledDisk(), new MemoryDisk()];
    const log = await openMemoryLog(other);
    for (let index = 1; index <= 10; index += 1) {
      const hardState = { term: index, vote: 2, commit: 0 };
      await log.write({ hardState, entries: [entryAt(index, index, 33)] }, { sync: true });
    }
    await log.close();
    let foreign: Uint8Array | undefined;
    other.damageHighWater((bytes) => (foreign = bytes));
    disk.damageHighWater(() => foreign);
    await expectDoubt(disk, "log-contradicts", 10);
  });

  it("notices a damaged or missing state, and keeps nothing then but the vote", async () => {
    for (const damage of [flip(12), flip(-1)]) {
      const disk = await filledDisk();
      disk.damageState(damage);
      const log = await expectDoubt(disk, "state-damaged", 0);
      expect(log.initialState().hardState).toEqual({ term: 10, vote: 2, commit: 0 });
    }
    const disk = await filledDisk();
    disk.damageState(gone);
    await expectDoubt(disk, "log-damaged", 0);
  });

  it("notices a missing high-water record, and one of which no slot is whole", async () => {
    const missing = await filledDisk();
    missing.damageHighWater(gone);
    await expectDoubt(missing, "high-water-missing", 10);
    const damaged = await filledDisk();
    damaged.damageHighWater((bytes) => bytes.fill(0));
    await expectDoubt(damaged, "high-water-damaged", 10);
  });

  it("tells a slot of the high-water record damaged later from one torn by a crash", async () => {
    const reasons: string[] = [];
    for (const at of [0, SLOT_BYTES]) {
      const disk = await filledDisk();
      disk.damageHighWater(flip(at + 20));
      const { opened } = await openMemoryLog(disk);
      reasons.push(opened.state === "intact" ? "intact" : opened.reason);
    }
    // Damage to the newest slot leaves a claim that the database is ahead of, as a torn write does; nothing is lost then.
    expect(reasons.toSorted()).toEqual(["high-water-damaged", "intact"]);
  });

  it("notices a loss that comes together with damage to the newest slot", async () => {
    for (const at of [0, SLOT_BYTES]) {
      const disk = await filledDisk();
      disk.damageHighWater(flip(at + 20));
      disk.loseSynced(1);
      const { opened } = await openMemoryLog(disk);
      expect(opened.state).toBe("doubtful");
    }
  });

  it("notices a snapshot that is missing or damaged", async () => {
    for (const damage of [flip(-20), flip(3), flip(-1), (bytes: Uint8Array) => bytes.slice(0, -5), gone]) {
      const disk = new MemoryDisk();
      const log = await openMemoryLog(disk);
      const snapshot = { index: 5, term: 1, confState: EMPTY_CONF_STATE, data: new Uint8Array(64) };
      await log.write({ hardState: { term: 1, vote: 1, commit: 5 }, snapshot }, { sync: true });
      await log.close();
      disk.damageSnapshots(damage);
      const opened = await openMemoryLog(disk);
      expect(opened.opened).toMatchObject({ state: "doubtful", reason: "snapshot-damaged", left: { lastIndex: 0 } });
      expect(opened.initialState().hardState).toMatchObject({ term: 1, vote: 1 });
    }
  });

  it("stays in doubt through restarts and crashes until that is settled", async () => {
    const disk = await filledDisk();
    disk.loseSynced(2);
    await (await expectDoubt(disk, "log-behind", 8)).close();
    const again = await expectDoubt(disk, "log-behind", 8);
    await again.write({ hardState: { term: 11, vote: 0, commit: 0 }, entries: [entryAt(9, 11)] }, { sync: true });
    disk.crash(() => 0);
    const third = await openMemoryLog(disk);
    expect(third.opened).toMatchObject({ state: "doubtful", reason: "log-behind", left: { lastIndex: 9 } });
    await third.settleDoubt();
    await third.close();
    expect((await openMemoryLog(disk)).opened).toEqual({ state: "intact" });
  });

  it("does not give a flipped record to a reader, and finds it when asked to", async () => {
    const disk = await filledDisk();
    const log = await openMemoryLog(disk, { tailBytes: 0 });
    disk.faults = { read: (index, bytes) => (index === 6 ? flip(20)(new Uint8Array(bytes)) : bytes) };
    expect(log.entries(1, 6, Infinity)).toHaveLength(5);
    expect(() => log.entries(5, 8, Infinity)).toThrow(expect.objectContaining({ code: "corrupt" }));
    expect(await log.verify()).toMatchObject({ intact: false, index: 6 });
  });

  it("is in doubt from the next opening on when damage was found where openings do not look", async () => {
    const disk = new MemoryDisk();
    const fresh = await openMemoryLog(disk);
    const hardState = { term: 10, vote: 2, commit: 0 };
    // All of one term: opening looks at the first and the newest only.
    await fresh.write({ hardState, entries: entriesFrom(1, 10, 10) }, { sync: true });
    await fresh.close();
    disk.damageRecord(3, flip(20));
    const log = await openMemoryLog(disk, { verifyEntries: 2 });
    expect(log.opened).toEqual({ state: "intact" });
    expect(await log.verify()).toMatchObject({ intact: false, index: 3 });
    await log.close();
    const again = await openMemoryLog(disk, { verifyEntries: 2 });
    expect(again.opened).toMatchObject({ state: "doubtful", reason: "record-damaged", left: { lastIndex: 2 } });
    expect(await again.verify()).toEqual({ intact: true, entries: 2 });
    expect(again.initialState().hardState).toMatchObject({ term: 10, vote: 2 });
  });
});

describe("a log on a disk that fails", () => {
  /** A vote: its claim must be durable before it is acknowledged. */
  const hardState = { term: 11, vote: 3, commit: 0 };

  it("counts what it finds after a crash as acknowledged before anyone reads it", async () => {
    const disk = await filledDisk();
    const log = await openMemoryLog(disk);
    disk.faults = { fail: (operation) => (operation === "high-water" ? new Error("cut") : undefined) };
    await expect(log.write({ hardState, entries: entriesFrom(11, 1, 10) }, { sync: true })).rejects.toThrow("cut");
    disk.faults = {};
    disk.crash(() => 0);
    const again = await openMemoryLog(disk);
    expect([again.opened.state, again.lastIndex()]).toEqual(["intact", 11]);
    await again.close();
    const media = disk.open();
    expect(findHighWater(await media.highWater.read())).toMatchObject({ claim: { last: { index: 11 } } });
  });

  it("does not hold entries up for their claim, whose slot a power cut may take away or tear", async () => {
    for (const fate of [0, 0.4, 0.9]) {
      const disk = await filledDisk();
      const log = await openMemoryLog(disk);
      disk.faults = { fail: (operation) => (operation === "high-water" ? new Error("cut") : undefined) };
      await log.write({ entries: entriesFrom(11, 1, 10) }, { sync: true });
      await log.write({ entries: entriesFrom(12, 1, 10) }, { sync: true });
      expect(findHighWater(disk.highWater())).toMatchObject({ claim: { last: { index: 12 } } });
      disk.faults = {};
      disk.crash(() => fate);
      const again = await openMemoryLog(disk);
      expect([again.opened.state, again.lastIndex()]).toEqual(["intact", 12]);
      await again.close();
    }
  });

  it("hears of a claim that could not be made durable", async () => {
    const disk = await filledDisk();
    const log = await openMemoryLog(disk);
    disk.faults = { fail: (operation) => (operation === "high-water" ? new Error("cut") : undefined) };
    const writes = Array.from({ length: 8 }, (_, i) =>
      log.write({ entries: entriesFrom(11 + i, 1, 10) }, { sync: true }),
    );
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.at(-1)).toMatchObject({ status: "rejected", reason: { code: "storage-failed" } });
  });

  it("leaves nothing of a replaced suffix behind", async () => {
    const disk = await filledDisk();
    const log = await openMemoryLog(disk);
    await log.write({ hardState: { term: 11, vote: 0, commit: 0 }, entries: entriesFrom(5, 2, 11) }, { sync: true });
    await log.close();
    const { records } = disk.open();
    expect([6, 7, 10].map((index) => records.read(index) !== undefined)).toEqual([true, false, false]);
  });

  it("acknowledges nothing more after a failed write or sync, and loses nothing of before", async () => {
    for (const failing of ["records", "records-sync", "high-water"] satisfies DiskOperation[]) {
      const disk = await filledDisk();
      const log = await openMemoryLog(disk);
      const full = (): Error | undefined => new Error("no space left");
      disk.faults = { fail: (operation) => (operation === failing ? full() : undefined) };
      const write = log.write({ hardState, entries: entriesFrom(11, 1, 10) }, { sync: true });
      await expect(write).rejects.toMatchObject({ code: "storage-failed" });
      disk.faults = {};
      const next = log.write({ hardState, entries: entriesFrom(11, 1, 10) }, { sync: true });
      await expect(next).rejects.toMatchObject({ code: "storage-failed" });
      expect(log.lastIndex()).toBe(10);
      disk.crash(() => 0);
      const again = await openMemoryLog(disk);
      expect(again.opened).toEqual({ state: "intact" });
      expect(allEntries(again).slice(0, 10)).toHaveLength(10);
    }
  });

  it("is intact after a power cut at any step of any write, with everything that was acknowledged", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (cutAt, luck) => {
          const disk = new MemoryDisk();
          const log = await openMemoryLog(disk, { trailingEntries: 0 });
          let step = 0;
          let draw = 0;
          const random = (): number => luck[draw++ % Math.max(luck.length, 1)] ?? 0;
          disk.faults = {
            delay: async () => {
              if (step === cutAt) disk.crash(random);
              step += 1;
            },
          };
          const acknowledged = await untilPowerCut(log);
          disk.faults = {};
          disk.crash(random);
          const after = await openMemoryLog(disk);
          expect(after.opened).toEqual({ state: "intact" });
          expect(after.initialState().hardState.term).toBeGreaterThanOrEqual(acknowledged.term);
          for (const [index, term] of acknowledged.terms) {
            if (index >= after.firstIndex() && index <= acknowledged.stable) expect(after.term(index)).toBe(term);
          }
          expect(after.lastIndex()).toBeGreaterThanOrEqual(acknowledged.stable);
          expect((await after.verify()).intact).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** Writes, replaces suffixes, takes snapshots and compacts until the disk is gone; says what was acknowledged. */
async function untilPowerCut(
  log: LogStore,
): Promise<{ readonly term: number; readonly terms: ReadonlyMap<number, number>; readonly stable: number }> {
  const terms = new Map<number, number>();
  let term = 0;
  let stable = 0;
  try {
    for (let round = 1; round <= 6; round += 1) {
      const from = 3 * (round - 1) + 1;
      // What a next round may replace is not stable until that round is through.
      stable = Math.max(0, from - 1);
      await log.write(
        { hardState: { term: round, vote: 1, commit: from - 1 }, entries: entriesFrom(from, 5, round) },
        { sync: true },
      );
      term = round;
      for (let index = from; index < from + 5; index += 1) terms.set(index, round);
      if (round % 2 === 0) {
        const writer = await log.beginSnapshot({
          index: from - 1,
          term: log.term(from - 1),
          confState: EMPTY_CONF_STATE,
        });
        await writer.write(new Uint8Array(10));
        await log.saveSnapshot(await writer.finish());
        await log.compact(from - 1);
      }
    }
  } catch (error) {
    if (!isRaftError(error, "closed", "storage-failed")) throw error;
  }
  return { term, terms, stable };
}

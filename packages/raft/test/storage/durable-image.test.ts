import { describe, expect, it } from "vitest";
import { InvariantError } from "../../src/errors.ts";
import { DurableImage } from "../../src/storage/durable-image.ts";
import { MemoryDisk, type DiskOperation } from "../../src/storage/memory-disk.ts";
import { openMemoryLog } from "../../src/storage/memory-store.ts";
import { entriesFrom } from "./support.ts";

describe("what a simulated disk would keep", () => {
  it("is nothing of a write whose sync has not returned, and all of it afterwards", async () => {
    const disk = new MemoryDisk();
    const image = new DurableImage(disk);
    expect([image.hardState.term, image.lastIndex, image.holds(1, 1)]).toEqual([0, 0, false]);
    const log = await openMemoryLog(disk);
    await log.write({ hardState: { term: 1, vote: 2, commit: 0 }, entries: entriesFrom(1, 3, 1) }, { sync: true });
    const seen: unknown[] = [];
    disk.faults = {
      delay: async (operation: DiskOperation) => {
        seen.push([operation, image.hardState.term, image.lastIndex, image.holds(3, 1), image.holds(3, 2)]);
      },
    };
    await log.write({ hardState: { term: 2, vote: 1, commit: 0 }, entries: entriesFrom(3, 2, 2) }, { sync: true });
    expect(seen).toEqual([
      ["records", 1, 3, true, false],
      ["records-sync", 1, 3, true, false],
      ["high-water", 2, 4, false, true],
    ]);
    expect(image.hardState).toEqual({ term: 2, vote: 1, commit: 0 });
  });

  it("claims in the high-water record what was synced before, and no more", async () => {
    const disk = new MemoryDisk();
    const image = new DurableImage(disk);
    expect(image.claim).toBeUndefined();
    const log = await openMemoryLog(disk);
    await log.write({ hardState: { term: 1, vote: 2, commit: 0 }, entries: entriesFrom(1, 3, 1) }, { sync: true });
    const seen: unknown[] = [];
    disk.faults = {
      delay: async (operation: DiskOperation) => {
        seen.push([operation, image.claim?.term, image.claim?.last.index]);
      },
    };
    await log.write({ hardState: { term: 2, vote: 1, commit: 0 }, entries: entriesFrom(4, 1, 2) }, { sync: true });
    expect(seen).toEqual([
      ["records", 1, 3],
      ["records-sync", 1, 3],
      ["high-water", 1, 3],
    ]);
    expect([image.claim?.term, image.claim?.vote, image.claim?.last.index]).toEqual([2, 1, 4]);
  });

  it("shows no snapshot before its file is synced, and gives no two files one name", async () => {
    const { snapshots } = new MemoryDisk().open();
    const file = await snapshots.begin("a.part");
    await file.write(Uint8Array.of(1));
    await expect(snapshots.begin("a.part")).rejects.toThrow(InvariantError);
    await expect(snapshots.publish("a.part", "a")).rejects.toThrow(InvariantError);
    expect(await snapshots.open("a")).toBeUndefined();
    await file.finish();
    await snapshots.publish("a.part", "a");
    expect((await snapshots.open("a"))?.fileBytes).toBe(1);
  });

  it("is what a crash leaves when nothing unsynced survives it", async () => {
    const disk = new MemoryDisk();
    const image = new DurableImage(disk);
    const log = await openMemoryLog(disk);
    await log.write({ hardState: { term: 1, vote: 2, commit: 0 }, entries: entriesFrom(1, 3, 1) }, { sync: true });
    await log.write({ hardState: { term: 1, vote: 2, commit: 3 } }, { sync: false });
    expect([log.initialState().hardState.commit, image.hardState.commit]).toEqual([3, 0]);
    disk.crash(() => 0);
    expect(image.hardState.commit).toBe(0);
  });

  it("remembers a doubt until it is settled", async () => {
    const disk = new MemoryDisk();
    const image = new DurableImage(disk);
    const log = await openMemoryLog(disk);
    for (const index of [1, 2]) await log.write({ entries: entriesFrom(index, 1, 1) }, { sync: true });
    await log.close();
    expect(image.doubt).toBeUndefined();
    expect(disk.losable).toBeGreaterThanOrEqual(2);
    disk.loseSynced(1);
    const again = await openMemoryLog(disk);
    expect([image.doubt, image.lastIndex]).toEqual(["log-behind", 1]);
    await again.settleDoubt();
    expect(image.doubt).toBeUndefined();
  });

  it("keeps a life that is over from touching the files of the next", async () => {
    const disk = new MemoryDisk();
    const before = disk.open();
    const file = await before.snapshots.begin("a.part");
    disk.crash(() => 0);
    const after = disk.open();
    const again = await after.snapshots.begin("a.part");
    await again.write(Uint8Array.of(1));
    await again.finish();
    await file.abort();
    await expect(before.snapshots.discard("a.part")).rejects.toMatchObject({ code: "closed" });
    await after.snapshots.publish("a.part", "a");
    expect((await after.snapshots.open("a"))?.fileBytes).toBe(1);
  });
});

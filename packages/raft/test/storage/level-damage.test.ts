import { cp, mkdtemp, open, readdir, rm, stat, truncate, writeFile, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FORMAT_VERSION } from "../../src/storage/record.ts";
import { openLevelLog } from "../../src/storage/level-log.ts";
import { openLevelMedia } from "../../src/storage/level-media.ts";
import { FieldWriter } from "../../src/storage/bytes.ts";
import { SLOT_BYTES } from "../../src/storage/high-water.ts";
import { allEntries, entriesFrom, entryAt } from "./support.ts";

/** Enough for several tables beside the write-ahead log. */
const BATCHES = 120;
const BATCH_ENTRIES = 20;
const ENTRY_BYTES = 4000;
const LAST = BATCHES * BATCH_ENTRIES;
const HARD = { term: 3, vote: 2, commit: 1 };

let parent = "";
/** As a killed process left it: tables, and a write-ahead log that is not empty. */
let original = "";
let copies = 0;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "raft-damage-"));
  original = join(parent, "original");
  const running = join(parent, "running");
  const log = await openLevelLog(running);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const entries = entriesFrom(batch * BATCH_ENTRIES + 1, BATCH_ENTRIES, 3, ENTRY_BYTES);
    await log.write({ hardState: HARD, entries }, { sync: true });
  }
  await cp(running, original, { recursive: true });
  await log.close();
  await rm(running, { recursive: true });
});

afterAll(() => rm(parent, { recursive: true }));

async function copy(): Promise<string> {
  copies += 1;
  const folder = join(parent, String(copies));
  await cp(original, folder, { recursive: true });
  return folder;
}

async function filesEnding(folder: string, ending: string | RegExp): Promise<readonly string[]> {
  const names = await readdir(join(folder, "log"));
  const found = names.filter((name) => (typeof ending === "string" ? name.endsWith(ending) : ending.test(name)));
  return found.toSorted().map((name) => join(folder, "log", name));
}

/** Flips some bytes around a place, given as a part of the file. */
async function flip(path: string, part: number): Promise<void> {
  const { size } = await stat(path);
  const file = await open(path, "r+");
  try {
    const at = Math.min(Math.max(0, Math.floor(size * part)), Math.max(0, size - 8));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, at);
    await file.write(
      buffer.map((byte) => byte ^ 0x5a),
      0,
      bytesRead,
      at,
    );
  } finally {
    await file.close();
  }
}

/**
 * The promise: whatever was done to the files, either everything acknowledged is there, or the log says that it is in
 * doubt. What is left is a true prefix either way, and the log can be written.
 */
async function expectNoSilentLoss(folder: string): Promise<"intact" | "doubtful"> {
  const log = await openLevelLog(folder);
  try {
    const { hardState } = log.initialState();
    const left = allEntries(log);
    expect(left).toEqual(entriesFrom(1, left.length, 3, ENTRY_BYTES));
    if (log.opened.state === "intact") {
      expect(left).toHaveLength(LAST);
      expect(hardState).toEqual(HARD);
    } else {
      expect(log.opened.left.lastIndex).toBe(left.length);
    }
    await log.write(
      { hardState: { ...HARD, term: 9, vote: 0 }, entries: [entryAt(left.length + 1, 9)] },
      { sync: true },
    );
    return log.opened.state;
  } finally {
    await log.close();
    await rm(folder, { recursive: true });
  }
}

describe("a log on LevelDB whose files were damaged", () => {
  it("is intact as it was left by a killed process", async () => {
    const folder = await copy();
    expect(await filesEnding(folder, ".ldb")).not.toHaveLength(0);
    expect(await expectNoSilentLoss(folder)).toBe("intact");
  });

  it("is in doubt when the whole folder is gone and somebody remembers that there was one, until that is settled", async () => {
    copies += 1;
    const folder = join(parent, String(copies));
    for (const wasKept of [true, false]) {
      const log = await openLevelLog(folder, { wasKept });
      expect(log.opened).toMatchObject({ state: "doubtful", reason: "log-damaged" });
      if (!wasKept) await log.settleDoubt();
      await log.close();
    }
    const settled = await openLevelLog(folder, { wasKept: true });
    expect(settled.opened.state).toBe("intact");
    await settled.close();
    await rm(folder, { recursive: true });
    const fresh = await openLevelLog(folder);
    expect(fresh.opened.state).toBe("intact");
    await fresh.close();
  });

  it("is in doubt once it was said to be, though nothing of it is damaged, until that is settled", async () => {
    const folder = await copy();
    const told = await openLevelLog(folder);
    expect(told.opened.state).toBe("intact");
    await told.doubt?.();
    await told.close();
    const doubted = await openLevelLog(folder);
    expect(doubted.opened).toMatchObject({ state: "doubtful", reason: "log-behind" });
    expect(doubted.lastIndex()).toBe(LAST);
    await doubted.settleDoubt();
    await doubted.close();
    const settled = await openLevelLog(folder);
    expect(settled.opened.state).toBe("intact");
    await settled.close();
  });

  it("is in doubt after bytes of the write-ahead log were flipped, at its tail as in its middle", async () => {
    for (const part of [0, 0.2, 0.5, 0.8, 1]) {
      const folder = await copy();
      for (const path of await filesEnding(folder, ".log")) await flip(path, part);
      expect(await expectNoSilentLoss(folder), `flipped at ${part}`).toBe("doubtful");
    }
  });

  it("is in doubt after the write-ahead log was cut off, emptied or removed", async () => {
    for (const part of [0, 0.3, 0.99, undefined]) {
      const folder = await copy();
      for (const path of await filesEnding(folder, ".log")) {
        if (part === undefined) await rm(path);
        else await truncate(path, Math.floor((await stat(path)).size * part));
      }
      expect(await expectNoSilentLoss(folder), `cut at ${part}`).toBe("doubtful");
    }
  });

  it("is in doubt after a table was cut off or removed", async () => {
    for (const cut of [true, false]) {
      const folder = await copy();
      const [path = ""] = await filesEnding(folder, ".ldb");
      if (cut) await truncate(path, 100_000);
      else await rm(path);
      expect(await expectNoSilentLoss(folder)).toBe("doubtful");
    }
  });

  it("never loses silently by flipped bytes in a table", async () => {
    const found = new Set<string>();
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      const folder = await copy();
      for (const path of await filesEnding(folder, ".ldb")) await flip(path, part);
      found.add(await expectNoSilentLoss(folder));
    }
    expect(found).toContain("doubtful");
  });

  it("never loses silently by damage to LevelDB's own books", async () => {
    const found: string[] = [];
    for (const name of [/^MANIFEST/, /^CURRENT$/]) {
      for (const part of [0, 0.5, 1]) {
        const folder = await copy();
        for (const path of await filesEnding(folder, name)) await flip(path, part);
        found.push(await expectNoSilentLoss(folder));
      }
      const cut = await copy();
      for (const path of await filesEnding(cut, name)) await truncate(path, Math.floor((await stat(path)).size / 2));
      found.push(await expectNoSilentLoss(cut));
      const removed = await copy();
      for (const path of await filesEnding(removed, name)) await rm(path);
      found.push(await expectNoSilentLoss(removed));
    }
    expect(found).toContain("doubtful");
  });

  it("is in doubt after the whole database was removed", async () => {
    const folder = await copy();
    await rm(join(folder, "log"), { recursive: true });
    expect(await expectNoSilentLoss(folder)).toBe("doubtful");
  });

  it("survives a torn slot of the high-water record, and doubts one that is gone", async () => {
    const states: string[] = [];
    for (const slot of [0, 1]) {
      const folder = await copy();
      const path = join(folder, "high-water");
      const bytes = await readFile(path);
      bytes.fill(0xff, slot * SLOT_BYTES + 10, slot * SLOT_BYTES + 30);
      await writeFile(path, bytes);
      states.push(await expectNoSilentLoss(folder));
    }
    expect(states.toSorted()).toEqual(["doubtful", "intact"]);
    for (const damage of [
      (path: string) => rm(path),
      (path: string) => truncate(path, 0),
      (path: string) => truncate(path, 10),
    ]) {
      const folder = await copy();
      await damage(join(folder, "high-water"));
      expect(await expectNoSilentLoss(folder)).toBe("doubtful");
    }
  });
});

describe("a log of another format version", () => {
  /** The state record as another version would have written it: first its version, last its checksum. */
  async function setVersion(folder: string, version: number): Promise<void> {
    const media = await openLevelMedia(folder);
    const state = await media.records.readState();
    const fields = new FieldWriter(state?.length ?? 0).u8(version).data(state?.subarray(1, -4) ?? new Uint8Array());
    fields.seal();
    await media.records.write({ state: fields.bytes, puts: [], remove: { from: 0, to: 0 } }, true);
    await media.close();
  }

  it("is refused without being touched when nothing can read it", async () => {
    for (const version of [0, FORMAT_VERSION + 1]) {
      const folder = await copy();
      await setVersion(folder, version);
      await expect(openLevelLog(folder)).rejects.toMatchObject({ code: "unknown-format" });
      await setVersion(folder, FORMAT_VERSION);
      expect(await expectNoSilentLoss(folder)).toBe("intact");
    }
  });

  it("is brought up to date by a migration", async () => {
    const folder = await copy();
    await setVersion(folder, 0);
    let migrated = 0;
    const log = await openLevelLog(folder, {
      migrations: new Map([
        [
          0,
          async ({ records }) => {
            migrated += 1;
            const state = await records.readState();
            const fields = new FieldWriter(state?.length ?? 0).u8(1).data(state?.subarray(1, -4) ?? new Uint8Array());
            fields.seal();
            await records.write({ state: fields.bytes, puts: [], remove: { from: 0, to: 0 } }, true);
          },
        ],
      ]),
    });
    expect([migrated, log.opened.state, log.lastIndex()]).toEqual([1, "intact", LAST]);
    await log.close();
  });
});

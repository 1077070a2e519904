import { describe, expect, it } from "vitest";
import { message, APPEND_THREAD } from "../../src/core/types.ts";
import { AppendQueue } from "../../src/driver/append-queue.ts";
import { MemoryDisk, openMemoryLog, type Entry, type LogStore, type Message } from "../../src/index.ts";

function entries(from: number, to: number, term: number): Entry[] {
  const made: Entry[] = [];
  for (let index = from; index <= to; index += 1) {
    made.push({ index, term, type: "normal", data: Uint8Array.of(index, term) });
  }
  return made;
}

/** What a follower says to its leader once entries up to `index` are durable. */
function acknowledgement(index: number, term = 1, reject = false): Message {
  return message({ type: "append-response", from: 1, to: 2, term, index, reject });
}

function work(given: Partial<Message>): Message {
  return message({ type: "storage-append", to: APPEND_THREAD, from: 1, ...given });
}

async function queueOn(disk: MemoryDisk) {
  const log = await openMemoryLog(disk);
  const said: Message[][] = [];
  const failures: unknown[] = [];
  const queue = new AppendQueue({
    log,
    restore: async () => undefined,
    stored: (responses) => void said.push([...responses]),
    failed: (error) => void failures.push(error),
    nowMs: () => 0,
  });
  return { log, queue, said, failures };
}

/** A disk whose syncs wait until they are let through, and are counted. */
function slowDisk() {
  const gates: (() => void)[] = [];
  const disk = new MemoryDisk();
  const close = (): void => {
    disk.faults = {
      delay: (operation) =>
        operation === "records-sync" ? new Promise((resolve) => gates.push(resolve)) : Promise.resolve(),
    };
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const letThrough = async (): Promise<void> => {
    await settle();
    gates.shift()?.();
    await settle();
  };
  return { disk, close, letThrough };
}

const termsOf = (log: LogStore): number[] =>
  log.entries(log.firstIndex(), log.lastIndex() + 1, Infinity).map(({ term }) => term);

describe("the append queue", () => {
  it("writes in one sync what came while it was writing, and says all that waited for it", async () => {
    const { disk, close, letThrough } = slowDisk();
    const { log, queue, said } = await queueOn(disk);
    close();
    queue.push(work({ term: 1, commit: 0, entries: entries(1, 1, 1), responses: [acknowledgement(1)] }), undefined);
    queue.flush();
    for (let index = 2; index <= 5; index += 1) {
      queue.push(work({ entries: entries(index, index, 1), responses: [acknowledgement(index)] }), undefined);
      queue.flush();
    }
    expect(said).toEqual([]);
    await letThrough();
    expect(said).toEqual([[acknowledgement(1)]]);
    expect(log.lastIndex()).toBe(1);
    await letThrough();
    expect(log.lastIndex()).toBe(5);
    // Of several acknowledgements the last says it all.
    expect(said).toEqual([[acknowledgement(1)], [acknowledgement(5)]]);
    await log.close();
  });

  it("keeps of several what was written last, where one takes the place of another", async () => {
    const { disk, close, letThrough } = slowDisk();
    const { log, queue } = await queueOn(disk);
    close();
    queue.push(work({ term: 1, entries: entries(1, 2, 1) }), undefined);
    queue.flush();
    queue.push(work({ entries: entries(3, 6, 1) }), undefined);
    queue.push(work({ term: 2, entries: entries(4, 4, 2) }), undefined);
    queue.push(work({ entries: entries(5, 5, 2) }), undefined);
    queue.push(work({ term: 3, entries: entries(2, 3, 3) }), undefined);
    queue.flush();
    await letThrough();
    await letThrough();
    expect(termsOf(log)).toEqual([1, 3, 3]);
    expect(log.initialState().hardState).toMatchObject({ term: 3 });
    await log.close();
  });

  it("does not swallow a rejection, nor an acknowledgement of another term", async () => {
    const { disk, close, letThrough } = slowDisk();
    const { log, queue, said } = await queueOn(disk);
    close();
    const responses = [acknowledgement(1), acknowledgement(9, 1, true), acknowledgement(2, 2), acknowledgement(3, 2)];
    queue.push(work({ term: 1, entries: entries(1, 1, 1), responses }), undefined);
    queue.flush();
    await letThrough();
    expect(said).toEqual([[acknowledgement(1), acknowledgement(9, 1, true), acknowledgement(3, 2)]]);
    await log.close();
  });

  it("syncs a vote, but spends no write on a commit index alone, and keeps that when it closes", async () => {
    let syncs = 0;
    const disk = new MemoryDisk({
      delay: async (operation) => {
        if (operation === "records-sync") syncs += 1;
      },
    });
    const { log, queue } = await queueOn(disk);
    syncs = 0;
    const step = (given: Partial<Message>): Promise<void> => {
      queue.push(work(given), undefined);
      queue.flush();
      return new Promise((resolve) => setImmediate(resolve));
    };
    await step({ term: 1, vote: 2, entries: entries(1, 3, 1) });
    expect(syncs).toBe(1);
    await step({ term: 1, vote: 2, commit: 2 });
    expect(syncs).toBe(1);
    await step({ term: 2, vote: 3, commit: 2 });
    expect(syncs).toBe(2);
    await step({ term: 2, vote: 3, commit: 3 });
    await queue.close();
    expect(log.initialState().hardState).toEqual({ term: 2, vote: 3, commit: 3 });
    await log.close();
  });

  it("spends a write on a commit index that is to be kept, once it is known, and only one", async () => {
    let syncs = 0;
    const disk = new MemoryDisk({
      delay: async (operation) => {
        if (operation === "records-sync") syncs += 1;
      },
    });
    const { log, queue } = await queueOn(disk);
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const step = (given: Partial<Message>): Promise<void> => {
      queue.push(work(given), undefined);
      queue.flush();
      return turn();
    };
    await step({ term: 1, vote: 2, entries: entries(1, 5, 1) });
    syncs = 0;
    await step({ term: 1, vote: 2, commit: 2 });
    queue.keepCommit(3);
    await turn();
    expect(syncs).toBe(0);
    await step({ term: 1, vote: 2, commit: 4 });
    expect(syncs).toBe(1);
    await step({ term: 1, vote: 2, commit: 5 });
    queue.keepCommit(4);
    await turn();
    expect(syncs).toBe(1);
    queue.keepCommit(5);
    await turn();
    expect(syncs).toBe(2);
    disk.crash(() => 0);
    expect((await openMemoryLog(disk)).initialState().hardState.commit).toBe(5);
    await log.close();
  });

  it("says nothing, and writes nothing more, after a write that failed", async () => {
    const disk = new MemoryDisk();
    const { log, queue, said, failures } = await queueOn(disk);
    disk.faults = { fail: (operation) => (operation === "records-sync" ? new Error("disk full") : undefined) };
    queue.push(work({ term: 1, entries: entries(1, 1, 1), responses: [acknowledgement(1)] }), undefined);
    queue.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toHaveLength(1);
    queue.push(work({ entries: entries(2, 2, 1), responses: [acknowledgement(2)] }), undefined);
    queue.flush();
    await queue.close();
    expect(said).toEqual([]);
    await log.close();
  });
});

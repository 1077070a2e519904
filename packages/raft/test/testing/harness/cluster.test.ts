import { readdir, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { WatchItem } from "../../../src/testing/kv/index.ts";
import { clientOf, done, otherThan, withCluster } from "./support.ts";

const SMALL_LOG = { limits: { snapshotEntries: 100 }, log: { trailingEntries: 10 } };

describe("three processes", () => {
  it("keep what is put, swap what is compared, forget what is deleted, and list ranges", async () => {
    await withCluster(3, async ({ kv }) => {
      expect(await done(kv.get("a"))).toBe(null);
      await done(kv.put("a", "1"));
      expect(await done(kv.get("a"))).toBe("1");
      expect(await done(kv.cas("a", "2", "3"))).toBe(false);
      expect(await done(kv.cas("a", "1", "2"))).toBe(true);
      expect(await done(kv.cas("b", null, "new"))).toBe(true);
      await done(kv.put("c", "ü"));
      expect(await done(kv.range({ from: "a", to: "c", limit: 10 }))).toEqual([
        ["a", "2"],
        ["b", "new"],
      ]);
      await done(kv.delete("a"));
      expect(await done(kv.get("a"))).toBe(null);
    });
  });

  it("answer linearizable reads through every node, also right after a write", async () => {
    await withCluster(3, async ({ cluster, kv }) => {
      for (let round = 0; round < 20; round += 1) {
        await done(kv.put("key", String(round)));
        for (const node of cluster.ids()) {
          expect(await done(kv.get("key", { node, pinned: true }))).toBe(String(round));
        }
      }
    });
  });

  it("tell a follower's watcher of every change, in order", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      const seen: string[] = [];
      const onItem = (item: WatchItem): void => void seen.push(wordsFor(item));
      const watch = await kv.watch({ prefix: "w/" }, onItem, { node: otherThan(cluster, leader), pinned: true });
      for (const value of ["1", "2", "3"]) await done(kv.put("w/a", value));
      await done(kv.put("other", "x"));
      await done(kv.delete("w/a"));
      while (seen.length < 4) await delay(5);
      expect(seen).toEqual(["w/a=1", "w/a=2", "w/a=3", "w/a gone"]);
      watch.stop();
      await watch.ended;
      await done(kv.put("w/a", "4"));
      expect(seen.length).toBe(4);
    });
  });

  it("carry the conversation on when the leader is killed, with every acknowledged write", async () => {
    await withCluster(3, async ({ cluster, kv }) => {
      let count = 0;
      for (let round = 0; round < 3; round += 1) {
        for (let i = 0; i < 20; i += 1, count += 1) await done(kv.put(`key-${count}`, String(count)));
        const leader = await cluster.leader();
        const during = done(kv.put(`during-${round}`, "kept"));
        await cluster.kill(leader);
        await during;
        for (let i = 0; i < count; i += 1) expect(await done(kv.get(`key-${i}`))).toBe(String(i));
        await cluster.restart(leader);
      }
      for (let round = 0; round < 3; round += 1) expect(await done(kv.get(`during-${round}`))).toBe("kept");
      expect(cluster.crashes()).toEqual([]);
    });
  });

  it("hold every acknowledged write after all were killed at once", async () => {
    await withCluster(3, async ({ cluster, kv }) => {
      for (let i = 0; i < 50; i += 1) await done(kv.put(`key-${i}`, String(i)));
      await Promise.all(cluster.ids().map((id) => cluster.kill(id)));
      await Promise.all(cluster.ids().map((id) => cluster.restart(id)));
      for (let i = 0; i < 50; i += 1) expect(await done(kv.get(`key-${i}`))).toBe(String(i));
    });
  });

  it("serve no stale read from a leader that was stopped and did not notice", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      await done(kv.put("key", "old"));
      // This read reaches the old leader while it is stopped, and waits there.
      const asked = clientOf(cluster);
      cluster.pause(leader);
      const early = asked.get("key", { node: leader, pinned: true });
      await cluster.until((statuses) => statuses.some(({ role }) => role === "leader"));
      await done(kv.put("key", "new"));
      cluster.resume(leader);
      const late = asked.get("key", { node: leader, pinned: true });
      // The early read was asked for before the write: it may see either. The late one may not.
      expect(["old", "new"]).toContain(await done(early));
      expect(await done(late)).toBe("new");
      const stale = await done(asked.get("key", { node: leader, pinned: true, consistency: "stale" }));
      expect(["old", "new"]).toContain(stale);
      asked.close();
    });
  });

  it("refuse writes to a leader that is cut off, or call them unknown, and never lose an acknowledged one", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      const plain = clientOf(cluster, { useSession: false });
      await cluster.isolate(leader);
      const outcome = await plain.put("key", "lost?", { node: leader, pinned: true, timeoutMs: 500 });
      expect(["refused", "unknown"]).toContain(outcome.outcome);
      await done(kv.put("key", "kept"));
      await cluster.heal();
      expect(await done(kv.get("key", { node: leader, pinned: true }))).toBe("kept");
      plain.close();
    });
  });

  it("leave a write unknown whose answer does not come, and carry it out once when a session retries it", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      const plain = clientOf(cluster, { useSession: false });
      await done(kv.put("key", "0"));
      cluster.pause(leader);
      const outcome = await plain.put("other", "1", { node: leader, pinned: true, timeoutMs: 300 });
      expect(outcome).toMatchObject({ outcome: "unknown", reason: "deadline" });
      // The session's client believes in the stopped leader too. A swap carried out twice would not take the second time.
      for (let i = 0; i < 10; i += 1) expect(await done(kv.cas("key", String(i), String(i + 1)))).toBe(true);
      cluster.resume(leader);
      expect(await done(kv.get("key"))).toBe("10");
      plain.close();
    });
  });

  it("work on while one of them is slow, and while a direction of a link is gone", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      const slow = otherThan(cluster, leader);
      await Promise.all(cluster.ids().map(async (id) => (id === slow ? undefined : cluster.delay(slow, id, 150))));
      for (let i = 0; i < 20; i += 1) await done(kv.put(`slow-${i}`, String(i)));
      await cluster.heal();
      await cluster.cutOneWay(leader, slow);
      for (let i = 0; i < 20; i += 1) await done(kv.put(`cut-${i}`, String(i)));
      await cluster.heal();
      expect(await done(kv.get("slow-19", { node: slow, pinned: true }))).toBe("19");
      expect(await done(kv.get("cut-19", { node: slow, pinned: true }))).toBe("19");
    });
  });
});

describe("a node", () => {
  it("joins by snapshot, becomes a voter, and holds what was written before", async () => {
    await withCluster(
      3,
      async ({ cluster, kv }) => {
        for (let i = 0; i < 300; i += 1) await done(kv.put(`key-${i % 50}`, String(i)));
        const id = await cluster.addNode();
        await cluster.changeMembership([{ operation: "add-learner", node: id }]);
        await cluster.changeMembership([{ operation: "add-voter", node: id }]);
        expect(await done(kv.get("key-49", { node: id, pinned: true }))).toBe("299");
        const { counters, snapshotIndex } = await cluster.status(id);
        expect(counters.snapshotsReceived).toBeGreaterThanOrEqual(1);
        expect(snapshotIndex).toBeGreaterThan(1);
      },
      SMALL_LOG,
    );
  });

  it("finds its links as they are when it is back, not as they were when it was started", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      const id = otherThan(cluster, leader);
      await done(kv.put("key", "1"));
      await cluster.kill(id);
      await cluster.isolate(id);
      const restarted = cluster.restart(id);
      await cluster.heal();
      await restarted;
      expect(await done(kv.get("key", { node: id, pinned: true }))).toBe("1");
      await cluster.kill(id);
      await cluster.isolate(id);
      await cluster.restart(id);
      const { outcome } = await kv.get("key", { node: id, pinned: true, timeoutMs: 700 });
      expect(outcome).toBe("refused");
    });
  });

  it("leaves, and the others go on without it", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      await done(kv.put("key", "1"));
      expect((await cluster.leave(leader)).outcome).toBe("committed");
      expect(cluster.isRunning(leader)).toBe(false);
      await done(kv.put("key", "2"));
      const { confState } = await cluster.status(await cluster.leader());
      expect(confState.voters).toEqual(cluster.ids().filter((id) => id !== leader));
      expect(cluster.crashes()).toEqual([]);
    });
  });

  it("hands leadership over on request, and when it stops", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      await done(kv.put("key", "1"));
      const to = otherThan(cluster, leader);
      expect(await cluster.transfer(to)).toEqual({ outcome: "transferred", leader: to });
      await cluster.stop(to);
      await done(kv.put("key", "2"));
      expect(await cluster.leader()).not.toBe(to);
    });
  });

  it("whose log was damaged notices, rejoins by itself, and votes again when it has everything", async () => {
    await withCluster(3, async ({ cluster, leader, kv }) => {
      for (let i = 0; i < 100; i += 1) await done(kv.put(`key-${i}`, String(i)));
      const hurt = otherThan(cluster, leader);
      await cluster.kill(hurt);
      await damage(join(cluster.folderOf(hurt), "log"));
      await cluster.restart(hurt);
      expect((await cluster.status(hurt)).log.state).toBe("doubtful");
      // Demoted, caught up, promoted: it says that it votes when it has been through all of it.
      await cluster.until((statuses) => statuses.some(({ id, log }) => id === hurt && log.state === "intact"));
      const { confState } = await cluster.status(hurt);
      expect(confState.voters).toEqual(cluster.ids());
      expect(await done(kv.get("key-99", { node: hurt, pinned: true }))).toBe("99");
      await cluster.kill(hurt);
      await cluster.restart(hurt);
      expect((await cluster.status(hurt)).log.state).toBe("intact");
    });
  });
});

function wordsFor(item: WatchItem): string {
  if (item.type === "lagged") return "lagged";
  return item.type === "delete" ? `${item.key} gone` : `${item.key}=${Buffer.from(item.value).toString()}`;
}

/** Flips bytes in the middle of LevelDB's newest write-ahead log, which it would drop without a word. */
async function damage(folder: string): Promise<void> {
  const newest = (await readdir(folder))
    .filter((name) => name.endsWith(".log"))
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new Error("there is no write-ahead log to damage");
  const file = await open(join(folder, newest), "r+");
  const { size } = await file.stat();
  await file.write(Buffer.alloc(64, 0xa5), 0, 64, Math.floor(size / 2));
  await file.close();
}

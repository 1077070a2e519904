import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { untilUnited, type LivePeer } from "@parley/node/testing";
import { openLevelLog, type LogStore } from "@parley/raft";
import { describe, expect, it } from "vitest";
import { household, putUntilDone, SECRET, startAll, untilEqual, valueAt } from "./support.ts";

/** Raft keeps 5,000 entries for stragglers, and makes a snapshot of every 64 MiB. */
const WRITES = 6_500;
const VALUE = "x".repeat(12_000);
const AT_ONCE = 32;

/** What the log of a peer that does not run says. */
async function fromLog<T>(peer: LivePeer, read: (log: LogStore) => T): Promise<T> {
  const [folder = ""] = await readdir(join(peer.home, "raft"));
  const log = await openLevelLog(join(peer.home, "raft", folder));
  try {
    return read(log);
  } finally {
    await log.close();
  }
}

describe("a peer that was away for so long that the others have thrown away what it missed", () => {
  it("returns by a snapshot, with all that they hold", async () => {
    const house = await household({ joinSecret: SECRET });
    const peers = await house.addAll(3);
    await startAll(peers);
    const { prime } = await untilUnited(peers, { voters: 3 });
    const [away, other] = peers.filter((peer) => peer !== prime);
    if (away === undefined || other === undefined) throw new Error("three");
    await putUntilDone(away, "before", "kept");
    await away.stop();
    const last = await fromLog(away, (log) => log.lastIndex());

    let next = 0;
    const writer = async (): Promise<void> => {
      for (let i = next++; i < WRITES; i = next++) await putUntilDone(prime, `key-${i % 50}`, `${VALUE}${i}`);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, writer));
    await Promise.all([prime.stop(), other.stop()]);
    for (const peer of [prime, other]) {
      expect(await fromLog(peer, (log) => log.firstIndex())).toBeGreaterThan(last + 1);
    }

    await startAll(peers);
    await untilUnited(peers, { voters: 3 });
    expect(await valueAt(away, "before")).toBe("kept");
    await untilEqual(peers);
    await away.stop();
    // What it missed never was in its log.
    expect(await fromLog(away, (log) => log.firstIndex())).toBeGreaterThan(last + 1);
    expect(house.crashes()).toEqual([]);
  }, 300_000);
});

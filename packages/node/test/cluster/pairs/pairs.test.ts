import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { ClusterPairs } from "../../../src/cluster/pairs/cluster-pairs.ts";
import { HomePairs } from "../../../src/cluster/pairs/home-pairs.ts";
import { HousePairs } from "../../../src/cluster/pairs/house-pairs.ts";
import type { Pairs } from "../../../src/cluster/pairs/port.ts";
import { afterPrefix } from "../../../src/cluster/pairs/prefix.ts";
import { isPeerError } from "../../../src/errors.ts";
import { FakeCluster } from "../../fake-cluster.ts";
import { fill } from "../../gateway/management/writable.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "parley-pairs-"));
  ends.push(() => rm(made, { recursive: true }));
  return path.join(made, "pairs");
}

async function homePairs(at?: string): Promise<HomePairs> {
  const pairs = await HomePairs.open(at ?? (await folder()));
  ends.push(() => pairs.close());
  return pairs;
}

async function clusterPairs(): Promise<ClusterPairs> {
  const { shared, reach } = await fill(new FakeCluster());
  reach();
  return new ClusterPairs(shared);
}

const kinds: readonly (readonly [string, () => Promise<Pairs>])[] = [
  ["a peer that belongs to none", () => homePairs()],
  ["a cluster", clusterPairs],
];

describe.each(kinds)("the pairs of %s", (_kind, open) => {
  it("are read as they were written, in the order of their keys, and by prefix", async () => {
    const pairs = await open();
    for (const key of ["b/2", "a/1", "b/1", "b", "c"]) await pairs.put(key, bytes(key));
    expect([...pairs.range("b/")].map(([key, { value }]) => [key, text(value)])).toEqual([
      ["b/1", "b/1"],
      ["b/2", "b/2"],
    ]);
    expect(text(pairs.get("c")?.value)).toBe("c");
    await pairs.delete("b/1");
    expect([...pairs.range("b")].map(([key]) => key)).toEqual(["b", "b/2"]);
  });

  it("change only from the revision that was expected", async () => {
    const pairs = await open();
    const first = await pairs.put("k", bytes("1"), { revision: 0 });
    expect(await pairs.put("k", bytes("2"), { revision: 0 })).toMatchObject({ outcome: "conflict" });
    if (first.outcome !== "written") throw new Error("not written");
    expect(pairs.get("k")?.revision).toBe(first.revision);
    const second = await pairs.put("k", bytes("2"), { revision: first.revision });
    expect(second).toMatchObject({ outcome: "written" });
    expect(await pairs.delete("k", { revision: first.revision })).toMatchObject({ outcome: "conflict" });
    expect(text(pairs.get("k")?.value)).toBe("2");
    expect(await pairs.delete("nobody")).toEqual({ outcome: "written", revision: 0 });
  });

  it("refuse what is too long, and keep what was there", async () => {
    const pairs = await open();
    await pairs.put("k", bytes("1"));
    for (const put of [() => pairs.put("k", new Uint8Array(300_000)), () => pairs.put("x".repeat(600), bytes("1"))]) {
      await expect(put()).rejects.toSatisfy((error) => isPeerError(error, "usage"));
    }
    expect(text(pairs.get("k")?.value)).toBe("1");
  });

  it("tell who watches of changes below its prefix, and of no others", async () => {
    const pairs = await open();
    let heard = 0;
    const stop = pairs.watch("a/", () => (heard += 1));
    await pairs.put("b/1", bytes("1"));
    await new Promise(setImmediate);
    expect(heard).toBe(0);
    await pairs.put("a/1", bytes("1"));
    await expect.poll(() => heard).toBe(1);
    await pairs.delete("a/1");
    await expect.poll(() => heard).toBe(2);
    stop();
    await pairs.put("a/2", bytes("1"));
    await new Promise(setImmediate);
    expect(heard).toBe(2);
  });
});

describe("the pairs of a peer that belongs to none", () => {
  it("are there again after a restart, and their revisions go on rising", async () => {
    const at = await folder();
    const commands = fc.array(
      fc.record({ key: fc.string({ minLength: 1, maxLength: 6, unit: "binary" }), value: fc.option(fc.uint8Array()) }),
      { maxLength: 20 },
    );
    const model = new Map<string, Uint8Array>();
    let newest = 0;
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const pairs = await HomePairs.open(at);
        try {
          expect(new Map([...pairs.range("")].map(([key, { value }]) => [key, value]))).toEqual(model);
          for (const { key, value } of list) {
            if (value === null) {
              await pairs.delete(key);
              model.delete(key);
            } else {
              const written = await pairs.put(key, value);
              if (written.outcome !== "written") throw new Error("not written");
              // What was taken away may have had the newest revision: only what is kept counts.
              expect(written.revision).toBeGreaterThan(
                Math.max(0, ...[...pairs.range("")].map(([other, { revision }]) => (other === key ? 0 : revision))),
              );
              newest = Math.max(newest, written.revision);
              model.set(key, value);
            }
          }
        } finally {
          await pairs.close();
        }
      }),
      { numRuns: 25 },
    );
    expect(newest).toBeGreaterThan(0);
  });

  it("are not opened twice, and what is no pair is told", async () => {
    const at = await folder();
    const first = await homePairs(at);
    await first.put("k", bytes("1"));
    await expect(HomePairs.open(at)).rejects.toSatisfy((error) => isPeerError(error, "home-unusable"));
    expect(text(first.get("k")?.value)).toBe("1");
  });
});

describe("the pairs of a house", () => {
  it("are those of the cluster that the peer belongs to, and of nobody while it belongs to none", async () => {
    const cluster = new FakeCluster();
    const alone = await homePairs();
    const pairs = new HousePairs(cluster, alone);
    let heard = 0;
    pairs.watch("", () => (heard += 1));
    await expect(pairs.put("k", bytes("1"))).rejects.toSatisfy((error) => isPeerError(error, "not-member"));
    const { shared, reach } = await fill(cluster);
    reach();
    cluster.change(() => undefined);
    await pairs.put("k", bytes("1"));
    await expect.poll(() => heard).toBeGreaterThan(0);
    expect(text(shared.now.pairs.get("k")?.value)).toBe("1");
    cluster.change(() => (cluster.belonging = "off"));
    expect(pairs.get("k")).toBeUndefined();
    await pairs.put("k", bytes("own"));
    expect(text(alone.get("k")?.value)).toBe("own");
  });
});

it("finds the end of a prefix, whatever is in it", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.string({ unit: "binary", maxLength: 6 }),
      (prefix, key) => {
        const end = afterPrefix(prefix);
        expect(key >= prefix && (end === undefined || key < end)).toBe(key.startsWith(prefix));
      },
    ),
  );
});

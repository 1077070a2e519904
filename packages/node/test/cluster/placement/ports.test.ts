import type { ActorError, PlacementChange } from "@parley/actors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SharedState } from "../../../src/cluster/consensus/shared-state.ts";
import { entityMemoryOf } from "../../../src/cluster/placement/entity-memory.ts";
import { membersOf } from "../../../src/cluster/placement/members.ts";
import { placementTableOf } from "../../../src/cluster/placement/placement-table.ts";
import { ClusterMachine } from "../../../src/cluster/state/machine.ts";
import { MemoryConsensusWorld } from "../../../src/testing/index.ts";
import { admit, FOUND, RECORD } from "../state/support.ts";

const TIMEOUT = { timeoutMs: 5_000 };

describe("the ports of placement", () => {
  let world: MemoryConsensusWorld;
  let a: SharedState;
  let b: SharedState;
  const never = new AbortController().signal;

  const open = async (peer: string): Promise<SharedState> => {
    const machine = new ClusterMachine();
    return new SharedState(await world.start(peer, machine), machine);
  };

  beforeEach(async () => {
    world = new MemoryConsensusWorld(["a", "b", "c"]);
    [a, b] = [await open("a"), await open("b")];
    await a.submit(FOUND, TIMEOUT);
    await a.submit(admit("b"), TIMEOUT);
    await b.read(TIMEOUT);
  });

  afterEach(() => world.dispose());

  const term = (): number => a.consensus.leadership.current().term;

  describe("members", () => {
    it("are those that belong, and a change of their software is no change of theirs", async () => {
      const members = membersOf(b);
      let heard = 0;
      members.watch(() => (heard += 1));
      expect(members.current()).toEqual(["a", "b"]);
      await a.submit({ type: "describe", peer: "a", knows: 2, record: RECORD }, TIMEOUT);
      await b.submit(admit("c"), TIMEOUT);
      await b.read(TIMEOUT);
      await new Promise((resolve) => setImmediate(resolve));
      expect(members.current()).toEqual(["a", "b", "c"]);
      expect(heard).toBe(1);
    });
  });

  describe("the placement table", () => {
    const change = (fields: Partial<PlacementChange> = {}): PlacementChange => ({
      term: term(),
      shard: 1,
      expectedEpoch: 0,
      owner: "parley://a/rooms",
      ...fields,
    });

    it("is empty at first, and shows a change as soon as that is settled", async () => {
      const table = placementTableOf(a, { kind: "rooms", shards: 4 });
      expect(table.read().rows).toHaveLength(4);
      expect(await table.propose(change(), { signal: never })).toBeUndefined();
      expect(table.read().rows[1]).toEqual({ epoch: 1, owner: "parley://a/rooms" });
    });

    it("tells every host of a change, and only of its own kind", async () => {
      const [rooms, lamps] = [
        placementTableOf(b, { kind: "rooms", shards: 4 }),
        placementTableOf(b, { kind: "lamps", shards: 4 }),
      ];
      const heard: string[] = [];
      rooms.watch(() => heard.push("rooms"));
      lamps.watch(() => heard.push("lamps"));
      await placementTableOf(a, { kind: "rooms", shards: 4 }).propose(change(), { signal: never });
      await b.read(TIMEOUT);
      await new Promise((resolve) => setImmediate(resolve));
      expect(new Set(heard)).toEqual(new Set(["rooms"]));
    });

    it.each<[string, Partial<PlacementChange>, ActorError["code"]]>([
      ["stale epoch", { expectedEpoch: 7 }, "stale-epoch"],
      ["stale term", { term: 0 }, "stale-term"],
      ["shard that is not there", { shard: 4 }, "bad-message"],
    ])("refuses a %s", async (_, fields, code) => {
      const table = placementTableOf(a, { kind: "rooms", shards: 4 });
      expect(await table.propose(change(fields), { signal: never })).toMatchObject({ code });
      expect(table.read().rows.every(({ epoch }) => epoch === 0)).toBe(true);
    });

    it("refuses a coordinator whose term is over, though nobody else has changed anything yet", async () => {
      const table = placementTableOf(a, { kind: "rooms", shards: 4 });
      const late = change();
      world.elect("b");
      await b.read(TIMEOUT);
      expect(await table.propose(late, { signal: never })).toMatchObject({ code: "stale-term" });
    });

    it("does not claim to know what became of a change without a quorum, or that was given up", async () => {
      const table = placementTableOf(a, { kind: "rooms", shards: 4, timeoutMs: 30 });
      world.isolate("a");
      await expect(table.propose(change(), { signal: never })).rejects.toMatchObject({ code: "peer-gone" });
      const patient = placementTableOf(a, { kind: "rooms", shards: 4 });
      const givenUp = new AbortController();
      const proposed = patient.propose(change(), { signal: givenUp.signal });
      givenUp.abort();
      await expect(proposed).rejects.toMatchObject({ code: "cancelled" });
    });

    it("wants one number of shards for ever", async () => {
      await placementTableOf(a, { kind: "rooms", shards: 4 }).propose(change(), { signal: never });
      await b.read(TIMEOUT);
      const other = placementTableOf(b, { kind: "rooms", shards: 8 });
      // Who comes with another number reads the table as it is.
      expect(other.read().rows).toHaveLength(4);
      expect(() => placementTableOf(b, { kind: "rooms", shards: 0 })).toThrow("there cannot be 0 shards");
    });
  });

  describe("the memory of entities", () => {
    const stamp = (token: number) => ({ scope: "rooms/1", kind: "epoch" as const, token });
    const options = { signal: never };

    it("gives a new owner what the old one has added, in the order of the calls", async () => {
      const old = entityMemoryOf(a);
      await Promise.all([
        old.add(stamp(1), "kitchen", options),
        old.add(stamp(1), "attic", options),
        old.remove(stamp(1), "kitchen", options),
        old.add(stamp(1), "cellar", options),
      ]);
      expect(await entityMemoryOf(b).load(stamp(2), options)).toEqual(["attic", "cellar"]);
    });

    it("takes nothing of the old owner once the new one has looked", async () => {
      const old = entityMemoryOf(a);
      await old.add(stamp(1), "kitchen", options);
      await entityMemoryOf(b).load(stamp(2), options);
      await expect(old.add(stamp(1), "late", options)).rejects.toMatchObject({ code: "stale-epoch" });
      await expect(old.load(stamp(1), options)).rejects.toMatchObject({ code: "stale-epoch" });
      expect(await entityMemoryOf(b).load(stamp(2), options)).toEqual(["kitchen"]);
    });

    it("refuses a name that cannot be kept, and goes on", async () => {
      const memory = entityMemoryOf(a);
      const refused = memory.add(stamp(1), "x".repeat(600), options);
      const next = memory.add(stamp(1), "short", options);
      await expect(refused).rejects.toMatchObject({ code: "bad-message" });
      await next;
      expect(await memory.load(stamp(1), options)).toEqual(["short"]);
    });

    it("never does what was given up before its turn", async () => {
      const memory = entityMemoryOf(a);
      const givenUp = new AbortController();
      const first = memory.add(stamp(1), "first", options);
      const second = memory.add(stamp(1), "second", { signal: givenUp.signal });
      givenUp.abort();
      await expect(second).rejects.toMatchObject({ code: "cancelled" });
      await first;
      expect(await memory.load(stamp(1), options)).toEqual(["first"]);
    });

    it("keeps no more waiting than it can", async () => {
      const memory = entityMemoryOf(a, { timeoutMs: 50 });
      world.isolate("a");
      const givenUp = new AbortController();
      const all = Array.from({ length: 1_024 }, (_, i) => memory.add(stamp(1), `e${i}`, { signal: givenUp.signal }));
      const settled = Promise.allSettled(all);
      await expect(memory.add(stamp(1), "one more", options)).rejects.toMatchObject({ code: "mailbox-full" });
      givenUp.abort();
      await settled;
    });
  });
});

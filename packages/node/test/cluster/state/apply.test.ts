import { describe, expect, it } from "vitest";
import { EMPTY_STATE, entitiesOf, needsRotation } from "../../../src/cluster/state/model.ts";
import { readRange } from "../../../src/cluster/state/pairs.ts";
import { encodeCommand } from "../../../src/cluster/state/codec.ts";
import type { ClusterCommand } from "../../../src/cluster/state/schemas.ts";
import { LIMITS } from "../../../src/cluster/state/limits.ts";
import { admit, Agreed, bytes, FOUND, newcomer, RECORD } from "./support.ts";

const put = (key: string, value: number, when?: { revision: number } | { value: Uint8Array }): ClusterCommand => ({
  type: "put",
  key,
  value: bytes(value),
  ...(when === undefined ? {} : { when }),
});

describe("who belongs", () => {
  it("is decided by nobody before the cluster is founded, and it is founded once", () => {
    const agreed = new Agreed();
    expect(agreed.run(admit("b"))).toMatchObject({ reason: "not-founded" });
    expect(agreed.run(FOUND)).toEqual({ outcome: "done", value: 1 });
    expect(agreed.run({ ...FOUND, cluster: "other" } as ClusterCommand)).toMatchObject({ reason: "already-founded" });
    expect(agreed.state.id).toBe("home-1");
  });

  it("gives every peer a number that nobody else ever gets", () => {
    const agreed = Agreed.of("b");
    expect(agreed.run(admit("c"))).toEqual({ outcome: "done", value: 3 });
    expect(agreed.run(admit("c"))).toEqual({ outcome: "done", value: 3 });
    agreed.run({ type: "leave", peer: "c" });
    expect(agreed.run(admit("c"))).toEqual({ outcome: "done", value: 4 });
  });

  it("lets nobody in with an older mesh key, nor whom it has revoked", () => {
    const agreed = Agreed.of("b", "c");
    expect(agreed.run(admit("d", 2))).toMatchObject({ reason: "mismatch" });
    agreed.run({ type: "revoke", peer: "c", by: "a", atMs: 5 });
    expect(agreed.run(admit("c"))).toMatchObject({ reason: "revoked" });
    expect(agreed.state.members.has("c")).toBe(false);
  });

  it("remembers who has left, and under which number, until they come back; of many the latest", () => {
    const agreed = Agreed.of("b", "c");
    agreed.run({ type: "leave", peer: "c" });
    expect([...agreed.state.left.range()]).toEqual([["c", 3]]);
    agreed.run(admit("c"));
    expect([...agreed.state.left.range()]).toEqual([]);
    for (let i = 0; i < LIMITS.left + 2; i += 1) agreed.run(admit(`p${i}`), { type: "leave", peer: `p${i}` });
    expect(agreed.state.left.size).toBe(LIMITS.left);
    expect(agreed.state.left.has("p1")).toBe(false);
    expect(agreed.state.left.has("p2")).toBe(true);
  });

  it("keeps its last member", () => {
    const agreed = Agreed.of();
    expect(agreed.run({ type: "leave", peer: "a" })).toMatchObject({ reason: "last-member" });
    expect(agreed.run({ type: "revoke", peer: "a", by: "a", atMs: 0 })).toMatchObject({ reason: "last-member" });
  });

  it("remembers who refuses a revoked peer, once each and in one order", () => {
    const agreed = Agreed.of("b", "c");
    const acknowledge = (by: string): ClusterCommand => ({ type: "acknowledge", peer: "c", by });
    expect(agreed.run(acknowledge("a"))).toMatchObject({ reason: "mismatch" });
    agreed.run({ type: "revoke", peer: "c", by: "a", atMs: 5 }, acknowledge("b"), acknowledge("a"), acknowledge("b"));
    expect(agreed.state.revoked.get("c")).toMatchObject({ acknowledged: ["a", "b"], by: "a", node: 3 });
    expect(agreed.run(acknowledge("c"))).toMatchObject({ reason: "not-a-member" });
  });

  it("takes a member's word about itself, and nobody else's", () => {
    const agreed = Agreed.of();
    const describe = (peer: string): ClusterCommand => ({ type: "describe", peer, knows: 1, record: RECORD });
    expect(agreed.run(describe("stranger"))).toMatchObject({ reason: "not-a-member" });
    expect(agreed.run(describe("a"))).toMatchObject({ outcome: "done" });
    expect(agreed.state.records.get("a")).toEqual(RECORD);
  });
});

describe("the mesh key", () => {
  const rotate = (term: number, generation: number, ...peers: readonly string[]): ClusterCommand => ({
    type: "rotate",
    term,
    generation,
    publicKey: bytes(generation),
    signature: bytes(generation, generation),
    boxes: peers.map((peer) => [peer, bytes(1)] as const),
  });

  it("is due to change when somebody who knew it belongs no more", () => {
    const agreed = Agreed.of("b");
    expect(needsRotation(agreed.state)).toBe(false);
    agreed.run({ type: "leave", peer: "b" });
    expect(needsRotation(agreed.state)).toBe(true);
    expect(agreed.run(rotate(1, 2, "a"))).toEqual({ outcome: "done", value: 2 });
    expect(needsRotation(agreed.state)).toBe(false);
  });

  it("keeps all generations with their signatures, the oldest first, and of very many the newest", () => {
    const agreed = Agreed.of();
    for (const generation of [2, 3]) agreed.run(rotate(1, generation, "a"));
    expect(agreed.state.meshKey).toMatchObject({ generation: 3, publicKey: bytes(3), signature: bytes(3, 3) });
    expect(agreed.state.meshKey?.earlier).toEqual([
      { publicKey: bytes(9), signature: bytes(8) },
      { publicKey: bytes(2), signature: bytes(2, 2) },
    ]);
    for (let generation = 4; generation <= LIMITS.keyLinks + 3; generation += 1) {
      agreed.run({ ...rotate(1, generation, "a"), publicKey: bytes(7) } as ClusterCommand);
    }
    expect(agreed.state.meshKey?.earlier).toHaveLength(LIMITS.keyLinks);
    expect(agreed.state.meshKey?.earlier[0]).toEqual({ publicKey: bytes(3), signature: bytes(3, 3) });
  });

  it("is changed by the prime of the term only, whichever way its term is wrong", () => {
    const agreed = Agreed.of();
    agreed.term = 5;
    expect(agreed.run(rotate(4, 2, "a"))).toMatchObject({ reason: "stale-term" });
    expect(agreed.run(rotate(6, 2, "a"))).toMatchObject({ reason: "stale-term" });
    expect(agreed.run(rotate(5, 2, "a"))).toMatchObject({ outcome: "done" });
  });

  it("is sealed to all members and to nobody else", () => {
    const agreed = Agreed.of("b");
    for (const peers of [["a"], ["a", "b", "c"], ["a", "a", "b"], ["a", "c"]]) {
      expect(agreed.run(rotate(1, 2, ...peers))).toMatchObject({ reason: "mismatch" });
    }
    expect(agreed.run(rotate(1, 3, "a", "b"))).toMatchObject({ reason: "mismatch" });
    expect(agreed.run(rotate(1, 2, "b", "a"))).toMatchObject({ outcome: "done" });
  });
});

describe("versions of the commands", () => {
  const knows = (peer: string, version: number): ClusterCommand => ({
    type: "describe",
    peer,
    knows: version,
    record: RECORD,
  });

  it("come into force once every member knows them, and do not go back", () => {
    const agreed = Agreed.of("b");
    expect(agreed.run(knows("a", 2), { type: "raise-version", to: 2 })).toMatchObject({
      reason: "not-in-force",
      detail: "version 2 needs newer software on host of b",
    });
    expect(agreed.run(knows("b", 2), { type: "raise-version", to: 2 })).toEqual({ outcome: "done", value: 2 });
    expect(agreed.run({ type: "raise-version", to: 1 })).toEqual({ outcome: "done", value: 2 });
    expect(agreed.run(admit("c"))).toMatchObject({ reason: "too-old" });
    expect(agreed.run(knows("a", 1))).toMatchObject({ reason: "too-old" });
    const member = newcomer("c", 2);
    expect(agreed.run({ type: "admit", member, generation: 1, box: bytes() })).toMatchObject({ outcome: "done" });
  });
});

describe("keys and values", () => {
  it("are put, read in order, and deleted", () => {
    const agreed = Agreed.of();
    agreed.run(put("b", 2), put("a", 1), put("__proto__", 3));
    expect(readRange(agreed.state, { limit: 9 }).map(([key, { value }]) => [key, ...value])).toEqual([
      ["__proto__", 3],
      ["a", 1],
      ["b", 2],
    ]);
    expect(readRange(agreed.state, { from: "a", to: "b", limit: 9 })).toHaveLength(1);
    expect(agreed.run({ type: "delete", key: "a" })).toEqual({ outcome: "done", value: 3 });
    expect(agreed.run({ type: "delete", key: "a" })).toEqual({ outcome: "done", value: 0 });
  });

  it("are set only if they are what the writer believes", () => {
    const agreed = Agreed.of();
    expect(agreed.run(put("k", 1, { revision: 0 }))).toEqual({ outcome: "done", value: 2 });
    expect(agreed.run(put("k", 2, { revision: 0 }))).toMatchObject({ reason: "mismatch" });
    expect(agreed.run(put("k", 2, { value: bytes(9) }))).toMatchObject({ reason: "mismatch" });
    expect(agreed.run(put("new", 2, { value: bytes() }))).toMatchObject({ reason: "mismatch" });
    expect(agreed.run(put("k", 2, { value: bytes(1) }))).toMatchObject({ outcome: "done" });
    expect(agreed.run({ type: "delete", key: "k", when: { revision: 2 } })).toMatchObject({ reason: "mismatch" });
    expect(agreed.state.pairs.get("k")).toEqual({ value: bytes(2), revision: 6 });
  });

  it("count what they hold, so that they can be bounded", () => {
    const agreed = Agreed.of();
    agreed.run(put("key", 1), put("key", 2), put("another", 3), { type: "delete", key: "key" });
    expect(agreed.state.pairBytes).toBe("another".length + 1);
  });

  it("take nothing of an owner after a newer one was there", () => {
    const agreed = Agreed.of();
    const stamped = (token: number): ClusterCommand => ({
      type: "put",
      key: "k",
      value: bytes(token),
      stamp: { scope: "rooms/1", kind: "epoch", token },
    });
    expect(agreed.run(stamped(2))).toMatchObject({ outcome: "done" });
    agreed.run({ type: "fence", stamp: { scope: "rooms/1", kind: "epoch", token: 3 } });
    expect(agreed.run(stamped(2))).toMatchObject({ reason: "stale-epoch" });
    expect(agreed.state.pairs.get("k")?.value).toEqual(bytes(2));
  });
});

describe("where entities live", () => {
  const place = (term: number, expectedEpoch: number, shard = 0): ClusterCommand => ({
    type: "place",
    kind: "rooms",
    term,
    shard,
    expectedEpoch,
    owner: "parley://a/rooms",
  });

  it("changes under the prime's term and the shard's epoch only", () => {
    const agreed = Agreed.of();
    expect(agreed.run(place(1, 0))).toMatchObject({ reason: "mismatch" });
    agreed.run({ type: "open-table", kind: "rooms", shards: 4 });
    expect(agreed.run(place(1, 0))).toEqual({ outcome: "done", value: 1 });
    expect(agreed.run(place(1, 0))).toMatchObject({ reason: "stale-epoch" });
    expect(agreed.run(place(1, 0, 4))).toMatchObject({ reason: "mismatch" });
    agreed.term = 2;
    expect(agreed.run(place(1, 1))).toMatchObject({ reason: "stale-term" });
    expect(agreed.state.tables.get("rooms")?.rows[0]).toEqual({ epoch: 1, owner: "parley://a/rooms" });
  });

  it("has one number of shards", () => {
    const agreed = Agreed.of();
    const open = (shards: number): ClusterCommand => ({ type: "open-table", kind: "rooms", shards });
    expect(agreed.run(open(4), open(4))).toEqual({ outcome: "done", value: 4 });
    expect(agreed.run(open(5))).toMatchObject({ reason: "mismatch" });
  });

  it("remembers the entities of each scope apart", () => {
    const agreed = Agreed.of();
    const stamp = (scope: string, token = 1) => ({ scope, kind: "epoch" as const, token });
    for (const [scope, entity] of [
      ["r/1", "a"],
      ["r/10", "b"],
      ["r/1", "c\u0000d"],
    ] as const) {
      agreed.run({ type: "remember", stamp: stamp(scope), entity });
    }
    expect(entitiesOf(agreed.state, "r/1")).toEqual(["a", "c\u0000d"]);
    expect(agreed.run({ type: "forget", stamp: stamp("r/1", 0), entity: "a" })).toMatchObject({
      reason: "stale-epoch",
    });
    agreed.run({ type: "forget", stamp: stamp("r/1"), entity: "a" });
    expect(entitiesOf(agreed.state, "r/1")).toEqual(["c\u0000d"]);
    expect(
      agreed.run({ type: "remember", stamp: { scope: "r/1", kind: "term", token: 9 }, entity: "x" }),
    ).toMatchObject({
      reason: "mismatch",
    });
  });
});

describe("bounds", () => {
  it.each<[string, number, (i: number) => ClusterCommand]>([
    ["members", 255, (i) => admit(`p${i}`)],
    ["settings", 1_024, (i) => ({ type: "set", key: `s${i}`, value: "x" })],
    ["tables", 64, (i) => ({ type: "open-table", kind: `k${i}`, shards: 1 })],
  ])("of %s are kept, and said", (_, limit, make) => {
    const agreed = Agreed.of();
    for (let i = 0; i < limit; i += 1) expect(agreed.run(make(i))).toMatchObject({ outcome: "done" });
    expect(agreed.run(make(limit))).toMatchObject({ outcome: "refused", reason: "full" });
    expect(agreed.run(make(0))).toMatchObject({ outcome: "done" });
  });

  it("of the bytes of all pairs are kept, and said", () => {
    const agreed = Agreed.of();
    const value = new Uint8Array(256 * 1024);
    const write = (i: number) => encodeCommand({ type: "put", key: `k${i}`, value });
    let taken = 0;
    while (agreed.runBytes(write(taken)).outcome === "done") taken += 1;
    expect(taken).toBe(255);
    expect(agreed.runBytes(write(0))).toMatchObject({ outcome: "done" });
  });

  it("never let a refused command change more than the place in the log", () => {
    const agreed = new Agreed();
    agreed.run(admit("b"));
    expect(agreed.state).toEqual({ ...EMPTY_STATE, index: 1, term: 1 });
  });
});

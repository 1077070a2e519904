import { describe, expect, it, onTestFinished } from "vitest";
import { knockAt } from "../../../src/mesh/door/client/visit.ts";
import { Door } from "../../../src/mesh/door/server/door.ts";
import type { DoorEvent } from "../../../src/mesh/door/server/ports.ts";
import { MAX_WAITING, MAX_WAITING_PER_SOURCE, WaitingList } from "../../../src/mesh/door/server/waiting-list.ts";
import { memoryStreams } from "./memory-stream.ts";
import { application, JOINER, MALLORY, MEMBER, TestCluster } from "./people.ts";

const knock = (list: WaitingList, peerId: string, address: string): boolean =>
  list.enter({ peerId, name: peerId, version: "1", address, sinceMs: 0 }) !== undefined;

describe("the list of who waits", () => {
  it("has room for a newcomer though a stranger has filled it from some addresses", () => {
    const list = new WaitingList(() => undefined);
    for (let i = 0; i < MAX_WAITING; i += 1) {
      expect(knock(list, `stranger-${i}`, `10.0.0.${Math.floor(i / MAX_WAITING_PER_SOURCE)}`)).toBe(true);
    }
    expect(knock(list, "stranger-x", "10.0.0.0")).toBe(false);
    for (const [i, host] of ["kitchen", "cellar", "attic"].entries()) {
      expect([host, knock(list, host, `10.0.1.${i}`)]).toEqual([host, true]);
    }
    expect(list.peers).toHaveLength(MAX_WAITING);
    expect(list.peers.map(({ peerId }) => peerId)).toEqual(expect.arrayContaining(["kitchen", "cellar", "attic"]));
    // Who has waited longest there stays.
    expect(list.peers.map(({ peerId }) => peerId)).toContain("stranger-0");
  });

  it("takes nobody's place for one more where each host has one", () => {
    const list = new WaitingList(() => undefined);
    for (let i = 0; i < MAX_WAITING; i += 1) knock(list, `peer-${i}`, `10.0.0.${i}`);
    expect(knock(list, "one more", "10.0.1.1")).toBe(false);
    expect(list.peers).toHaveLength(MAX_WAITING);
  });
});

describe("the door, when its own cluster is over", () => {
  it("sends away whoever waits, and tells the person who has approved one", async () => {
    const cluster = new TestCluster();
    const events: DoorEvent["type"][] = [];
    const door = new Door({ cluster, onEvent: ({ type }) => events.push(type) });
    onTestFinished(() => door.close());
    const failed = (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined).catch((error) => error);
    const waits = (peerId: string, confirm: () => Promise<boolean>): Promise<unknown> => {
      const [theirs, ours] = memoryStreams({ peerId, address: "192.168.1.7" }, { peerId: MEMBER });
      void door.serve(ours);
      return failed(knockAt(theirs, { application, confirm }));
    };
    const knocked = waits(JOINER, () => Promise.resolve(true));
    void waits(MALLORY, () => Promise.withResolvers<boolean>().promise);
    await expect.poll(() => door.waiting.length, { timeout: 20_000 }).toBe(2);
    const approved = failed(door.approve(MALLORY));
    cluster.belongs = false;
    door.sendAway();
    expect(door.waiting).toEqual([]);
    expect(await approved).toMatchObject({
      code: "interrupted",
      message: expect.stringContaining("no cluster") as string,
    });
    expect(await knocked).toMatchObject({ code: "peer-silent" });
    expect(await waits(JOINER, () => Promise.resolve(true))).toMatchObject({ code: "pairing-closed" });
    expect(events).toEqual(["waiting", "waiting", "left", "left"]);
    expect(cluster.admissions).toEqual([]);
  });
});

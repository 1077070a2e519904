import { describe, expect, it } from "vitest";
import { MAX_WAITING, MAX_WAITING_PER_SOURCE, WaitingList } from "../../../src/mesh/door/server/waiting-list.ts";

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

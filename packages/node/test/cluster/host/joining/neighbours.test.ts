import { describe, expect, it } from "vitest";
import type { About } from "../../../../src/mesh/door/protocol/messages.ts";
import { Neighbours, SILENT_AFTER } from "../../../../src/cluster/host/joining/neighbours.ts";

const ADDRESS = "/ip4/192.168.1.7/tcp/8766";
const about = {
  name: "kitchen",
  version: "0.1.0",
  peerId: "12D3KooWKitchen",
  cluster: null,
  pairing: "closed" as const,
  services: [],
} satisfies About;

describe("an address that a person has given", () => {
  it("is not asked for its name again while who answered there is still there", () => {
    const neighbours = new Neighbours();
    expect(neighbours.heard(undefined, [ADDRESS])).toBe(true);
    neighbours.met(about, ADDRESS);
    expect(neighbours.heard(undefined, [ADDRESS])).toBe(false);
    expect(neighbours.nameless()).toEqual([]);
  });

  it("is asked again when that one is silent: its host may have become another peer", () => {
    const neighbours = new Neighbours();
    neighbours.met(about, ADDRESS).failures = SILENT_AFTER;
    expect(neighbours.heard(undefined, [ADDRESS])).toBe(true);
    expect(neighbours.nameless()).toEqual([ADDRESS]);
    neighbours.met({ ...about, peerId: "12D3KooWReplaced" }, ADDRESS);
    expect(neighbours.nameless()).toEqual([]);
  });
});

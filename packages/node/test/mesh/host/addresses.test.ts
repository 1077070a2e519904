import { describe, expect, it } from "vitest";
import { addressesForOthers } from "../../../src/mesh/host/addresses.ts";

const LOOPBACK = ["/ip4/127.0.0.1/tcp/8766", "/ip4/127.9.9.9/tcp/8766", "/ip6/::1/tcp/8766", "/dns/localhost/tcp/8766"];

describe("what other hosts are told of a peer's addresses", () => {
  it("is not loopback, wherever that stands, where there is another address", () => {
    const lan = ["/ip4/192.168.1.7/tcp/8766", "/ip6/fd00::2/tcp/8766", "/dns/attic.local/tcp/8766"];
    expect(addressesForOthers([...LOOPBACK, ...lan])).toEqual(lan);
    expect(addressesForOthers([...lan, ...LOOPBACK])).toEqual(lan);
  });

  it("is loopback where there is nothing else: all peers are on this machine then", () => {
    expect(addressesForOthers(LOOPBACK)).toEqual(LOOPBACK);
    expect(addressesForOthers([])).toEqual([]);
  });
});

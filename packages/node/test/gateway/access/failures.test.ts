import { isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failures, networkOf } from "../../../src/gateway/access/failures.ts";

const RATE = { amount: 20, perMs: 60_000 };

describe("failed tries", () => {
  it("make an address wait, and no other one", () => {
    const failures = new Failures(RATE);
    for (let tries = 0; tries < 20; tries += 1) expect(failures.note("10.0.0.1", 0)).toBe(0);
    expect(failures.note("10.0.0.1", 0)).toBe(3_000);
    expect(failures.note("10.0.0.2", 0)).toBe(0);
    expect(failures.note("10.0.0.1", 3_000)).toBe(0);
    expect(failures.note("10.0.0.1", 3_000)).toBe(3_000);
  });

  it("of one IPv6 network are those of one host, by whatever of its addresses", () => {
    const failures = new Failures(RATE);
    for (let tries = 0; tries < 20; tries += 1)
      failures.note(`2001:db8:0:1::${(tries * 4_099).toString(16).slice(-4)}`, 0);
    expect(failures.note("2001:db8:0:1:a:b:c:d", 0)).toBeGreaterThan(0);
    expect(failures.note("2001:db8:0:2::1", 0)).toBe(0);
  });
});

describe("the network of an address", () => {
  it.each([
    ["192.168.1.9", "192.168.1.9"],
    ["2001:DB8::1", "2001:db8:0:0::/64"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["64:ff9b::192.0.2.33", "64:ff9b:0:0::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
    ["", ""],
    ["no address", "no address"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it("is one for all writings of an address, and whatever its last 64 bits are", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        fc.pre(isIPv6(address));
        const whole = new URL(`http://[${address}]`).hostname.slice(1, -1);
        expect(networkOf(address)).toBe(networkOf(whole));
        const [first] = networkOf(address).split("::");
        expect(networkOf(`${first}:1:2:3:4`)).toBe(networkOf(address));
      }),
    );
  });
});

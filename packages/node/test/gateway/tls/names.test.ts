import fc from "fast-check";
import type { NetworkInterfaceInfo } from "node:os";
import { isIP } from "node:net";
import { describe, expect, it } from "vitest";
import { isHostName } from "../../../src/config/index.ts";
import { namesOf } from "../../../src/gateway/tls/names.ts";
import { addressesOf } from "../../../src/gateway/tls/trust.ts";

const EVERYWHERE = { host: "0.0.0.0", isLocalOnly: false, names: [] };
const info = (address: string, internal = false): NetworkInterfaceInfo =>
  ({ address, internal, family: isIP(address) === 6 ? "IPv6" : "IPv4" }) as NetworkInterfaceInfo;
const machine = (hostname: string, ...addresses: readonly string[]) => ({
  hostname,
  interfaces: { lo: [info("127.0.0.1", true)], eth0: addresses.map((address) => info(address)) },
});

describe("the names of a peer", () => {
  it("are loopback's, the host's, those with .local, its addresses, and those that a person has given", () => {
    const access = { ...EVERYWHERE, names: ["parley.example.org"] };
    expect(namesOf("Kitchen", access, machine("Attic.fritz.box", "fe80::1%eth0", "192.168.1.7"))).toEqual([
      "localhost",
      "127.0.0.1",
      "::1",
      "attic.fritz.box",
      "attic",
      "attic.local",
      "kitchen",
      "kitchen.local",
      "192.168.1.7",
      "fe80::1",
      "parley.example.org",
    ]);
  });

  it("are those as well that it is called out under on the network", () => {
    const names = namesOf("attic", EVERYWHERE, machine("attic"), ["parley-abcdefghij.local"]);
    expect(names).toContain("parley-abcdefghij.local");
  });

  it("are one address where it listens at one, and none of the host's where it keeps to its own machine", () => {
    const host = machine("attic", "192.168.1.7", "10.0.0.1");
    expect(namesOf("attic", { ...EVERYWHERE, host: "10.0.0.1" }, host)).toContain("10.0.0.1");
    expect(namesOf("attic", { ...EVERYWHERE, host: "10.0.0.1" }, host)).not.toContain("192.168.1.7");
    const local = namesOf("attic", { host: "127.0.0.5", isLocalOnly: true, names: ["parley.example.org"] }, host);
    expect(local).toEqual(["localhost", "127.0.0.1", "::1", "127.0.0.5", "parley.example.org"]);
    expect(addressesOf(local.slice(0, 4), 8765)).toEqual([]);
  });

  it("are each something that a certificate can hold, whatever people call their machines", () => {
    const weird = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 70 }),
      fc.constantFrom("Küche", "a_b", "..", "-", "1.2.3.4"),
    );
    fc.assert(
      fc.property(weird, weird, (name, hostname) => {
        const names = namesOf(name, EVERYWHERE, machine(hostname, "192.168.1.7"));
        for (const each of names) expect([each, isIP(each) !== 0 || isHostName(each)]).toEqual([each, true]);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
    expect(namesOf("Küche", EVERYWHERE, machine("x"))).toContain("xn--kche-0ra.local");
  });

  it("lead clients from elsewhere to it, by a name first", () => {
    const names = ["localhost", "127.0.0.1", "::1", "attic", "attic.local", "192.168.1.7", "fe80::1", "fd00::7"];
    expect(addressesOf(names, 8765)).toEqual([
      "https://attic.local:8765",
      "https://attic:8765",
      "https://192.168.1.7:8765",
      "https://[fd00::7]:8765",
    ]);
  });
});

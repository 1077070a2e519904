import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServiceCache, type Heard } from "../../src/node/dns-sd/service-cache.ts";

const TYPE = "_parley._tcp.local";
const instance = `Kitchen.${TYPE}`;
const ptr: Heard = { name: TYPE, type: "PTR", ttl: 120, data: instance };
const srv: Heard = { name: instance, type: "SRV", ttl: 120, data: { port: 8765, target: "kitchen.local" } };
const txt: Heard = { name: instance, type: "TXT", ttl: 120, data: [Buffer.from("txtvers=1")] };
const a: Heard = { name: "kitchen.local", type: "A", ttl: 120, data: "192.168.1.7" };
const whole = { instance, port: 8765, addresses: ["192.168.1.7"], txt: [Buffer.from("txtvers=1")] };

describe("what was heard of services", () => {
  it("is told once all of it is known, in whatever packets and order it came", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([srv, txt, a], { minLength: 3 }), fc.boolean(), (rest, apart) => {
        const cache = new ServiceCache(TYPE);
        const packets = apart ? [[ptr], ...rest.map((record) => [record])] : [[...rest, ptr]];
        const found = packets.flatMap((packet) => cache.take(packet, 0).found);
        expect(found).toEqual([whole]);
      }),
    );
  });

  it("is told again only when it changes", () => {
    const cache = new ServiceCache(TYPE);
    cache.take([ptr, srv, txt, a], 0);
    expect(cache.take([ptr, srv, txt, a], 1000).found).toEqual([]);
    const more = { ...txt, data: [Buffer.from("txtvers=1"), Buffer.from("pairing=open")] };
    expect(cache.take([more], 2000).found).toMatchObject([{ txt: more.data }]);
    const moved = cache.take([{ ...a, data: "192.168.1.8" }], 3000).found;
    expect(moved).toMatchObject([{ addresses: ["192.168.1.7", "192.168.1.8"] }]);
  });

  it("knows names in any case", () => {
    const cache = new ServiceCache(TYPE);
    const loud = (record: Heard) => ({ ...record, name: record.name.toUpperCase() });
    expect(cache.take([loud(ptr), loud(srv), loud(txt), loud(a)], 0).found).toHaveLength(1);
  });

  it("is gone when it says goodbye, or was not heard of for as long as it said", () => {
    const cache = new ServiceCache(TYPE);
    cache.take([ptr, srv, txt, a], 0);
    expect(cache.take([{ ...ptr, ttl: 0 }], 1000).gone).toEqual([instance]);
    expect(cache.take([ptr, srv, txt, a], 2000).found).toHaveLength(1);
    expect(cache.expire(121_999)).toEqual([]);
    cache.take([ptr], 100_000);
    expect(cache.expire(122_000)).toEqual([]);
    expect(cache.expire(220_000)).toEqual([instance]);
    expect(cache.take([ptr, srv, txt], 230_000).found).toEqual([]);
  });

  it("gives IPv4 before IPv6, and no link-local IPv6", () => {
    const cache = new ServiceCache(TYPE);
    const addresses = ["fd00::7", "fe80::7", "192.168.1.7"].map((data) => ({ ...a, type: "AAAA", data }));
    expect(cache.take([ptr, srv, txt, ...addresses], 0).found).toMatchObject([
      { addresses: ["192.168.1.7", "fd00::7"] },
    ]);
  });

  it("passes over other services, and records that are not what they say", () => {
    const cache = new ServiceCache(TYPE);
    const other = { ...ptr, data: "printer._ipp._tcp.local" };
    const odd: Heard[] = [
      other,
      { ...ptr, data: 7 },
      { ...srv, data: null },
      { ...srv, data: { port: 0, target: "x" } },
      { ...srv, data: { port: 80, target: 5 } },
      { ...a, data: "example.org" },
      { ...txt, data: "text" },
    ];
    expect(cache.take([ptr, ...odd, a], 0)).toEqual({ found: [], gone: [] });
  });

  it("stays bounded, whatever strangers call out", () => {
    const cache = new ServiceCache(TYPE);
    const flood = Array.from({ length: 2000 }, (_, n) => {
      const name = `n${n}.${TYPE}`;
      const target = `h${n}.local`;
      return [
        { ...ptr, data: name },
        { ...srv, name, data: { port: 1, target } },
        { ...txt, name },
        { ...a, name: target },
      ];
    });
    expect(cache.take(flood.flat(), 0).found).toHaveLength(256);
    const addresses = Array.from({ length: 100 }, (_, n) => ({ ...a, name: "h1999.local", data: `10.0.0.${n}` }));
    expect(cache.take(addresses, 0).found[0]?.addresses).toHaveLength(8);
  });

  it("hears of a service while others call out names without end, and again after they did", () => {
    const cache = new ServiceCache(TYPE);
    const names = (from: number): Heard[] =>
      Array.from({ length: 400 }, (_, n) => ({ ...ptr, ttl: 4_500, data: `n${from + n}.${TYPE}` }));
    cache.take([ptr, srv, txt, a], 0);
    cache.take(names(0), 1_000);
    expect(cache.take([ptr, srv, txt, a], 2_000).found).toEqual([whole]);
    for (let i = 1; i < 5; i += 1) cache.take(names(400 * i), 2_000 + i);
    expect(cache.take([ptr, srv, txt, a], 300_000).found).toEqual([whole]);
  });

  it("takes any records without throwing", () => {
    const record = fc.record({
      name: fc.oneof(fc.constantFrom(TYPE, instance, "kitchen.local"), fc.string()),
      type: fc.constantFrom("PTR", "SRV", "TXT", "A", "AAAA", "NSEC"),
      ttl: fc.option(fc.integer(), { nil: undefined }),
      data: fc.oneof(fc.anything(), fc.constantFrom(instance, "10.0.0.1", { port: 1, target: "kitchen.local" })),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        for (const { port, addresses } of new ServiceCache(TYPE).take(records, 0).found) {
          expect(port).toBeGreaterThan(0);
          expect(addresses.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});

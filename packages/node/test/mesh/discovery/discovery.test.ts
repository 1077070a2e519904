import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { isPeerError } from "../../../src/errors.ts";
import type { BrowserOptions, FoundPeer } from "../../../src/mesh/discovery/browser.ts";
import {
  startDiscovery,
  type Discovery,
  type DiscoveryOptions,
  type Sighting,
} from "../../../src/mesh/discovery/discovery.ts";
import { readKnownHost, resolveBySystem } from "../../../src/mesh/discovery/known-hosts.ts";
import { kitchen } from "./sample.ts";

const SELF = "12D3KooWSelfSelfSelfSelfSelfSelfSelfSelfSelfSelfSe1f";
const running: Discovery[] = [];
afterEach(async () => {
  for (const discovery of running.splice(0)) await discovery.close();
});

function look(options: Partial<DiscoveryOptions> = {}) {
  const sightings: Sighting[] = [];
  const troubles: string[] = [];
  let nowMs = 0;
  let browsing: BrowserOptions | undefined;
  let looks = 0;
  const discovery = startDiscovery({
    self: SELF,
    knownHosts: [],
    resolve: (host) => Promise.resolve([host]),
    browse: (options) => {
      browsing = options;
      return { look: () => (looks += 1), close: () => Promise.resolve() };
    },
    onSighting: (sighting) => sightings.push(sighting),
    onTrouble: (what) => troubles.push(what),
    nowMs: () => nowMs,
    ...options,
  });
  running.push(discovery);
  return {
    discovery,
    sightings,
    troubles,
    pass: (ms: number) => (nowMs += ms),
    found: (peer: FoundPeer) => browsing?.onFound(peer),
    fail: (error: Error) => browsing?.onTrouble?.(error),
    looks: () => looks,
  };
}

const peer: FoundPeer = { instance: "kitchen", advert: kitchen, addresses: ["192.168.1.7", "fd00::7"], port: 8765 };

/** Waits for it, however busy the machine is. */
const expectSoon = <T>(get: () => T) => expect.poll(get, { timeout: 20_000 });

describe("discovery", () => {
  it("tells of peers from the list, from mDNS and from adverts alike", async () => {
    const { discovery, sightings, found } = look({ knownHosts: [readKnownHost("10.0.0.5:4001", 8766)] });
    await expectSoon(() => sightings.length).toBe(1);
    discovery.heard("12D3KooWOther", ["/ip4/10.0.0.6/tcp/4001"]);
    found(peer);
    expect(sightings).toEqual([
      { peerId: undefined, addresses: ["/ip4/10.0.0.5/tcp/4001"], source: "list", advert: undefined },
      { peerId: "12D3KooWOther", addresses: ["/ip4/10.0.0.6/tcp/4001"], source: "mdns", advert: undefined },
      {
        peerId: kitchen.peerId,
        addresses: ["/ip4/192.168.1.7/tcp/8766", "/ip6/fd00::7/tcp/8766"],
        source: "dns-sd",
        advert: kitchen,
      },
    ]);
  });

  it("does not sight this peer itself, nor peers that take no others", () => {
    const { discovery, sightings, found } = look();
    discovery.heard(SELF, ["/ip4/10.0.0.6/tcp/4001"]);
    found({ ...peer, advert: { ...kitchen, peerId: SELF } });
    found({ ...peer, advert: { ...kitchen, meshPort: undefined } });
    expect(sightings).toEqual([]);
  });

  it("does not repeat itself within seconds, but tells what is new at once", () => {
    const { discovery, sightings, pass } = look();
    const hear = (address: string) => discovery.heard("12D3KooWOther", [address]);
    hear("/ip4/10.0.0.6/tcp/1");
    hear("/ip4/10.0.0.6/tcp/1");
    hear("/ip4/10.0.0.7/tcp/1");
    expect(sightings).toHaveLength(2);
    pass(5000);
    hear("/ip4/10.0.0.6/tcp/1");
    expect(sightings).toHaveLength(3);
  });

  it("asks for a name anew each time, so that a host that has moved is found", async () => {
    let address = "10.0.0.5";
    const { discovery, sightings } = look({
      knownHosts: [readKnownHost("kitchen.local", 8766)],
      resolve: () => Promise.resolve([address]),
    });
    await expectSoon(() => sightings.length).toBe(1);
    address = "10.0.0.9";
    discovery.look();
    await expect
      .poll(() => sightings.map(({ addresses }) => addresses[0]))
      .toEqual(["/ip4/10.0.0.5/tcp/8766", "/ip4/10.0.0.9/tcp/8766"]);
  });

  it("goes on by itself, and tells a trouble once while it lasts", async () => {
    let asked = 0;
    const { sightings, troubles } = look({
      knownHosts: [readKnownHost("kitchen.local", 8766)],
      listEveryMs: 5,
      resolve: () => {
        asked += 1;
        return asked < 4 ? Promise.reject(new Error("no such name")) : Promise.resolve(["10.0.0.5"]);
      },
    });
    await expectSoon(() => sightings.length).toBe(1);
    expect(troubles).toEqual(["kitchen.local cannot be found: no such name"]);
  });

  it("looks on every other way when one does not work, and everywhere when it is asked to", async () => {
    const { discovery, sightings, troubles, fail, looks } = look({ knownHosts: [readKnownHost("10.0.0.5", 1)] });
    fail(new Error("EACCES"));
    fail(new Error("EACCES"));
    expect(troubles).toEqual(["EACCES"]);
    await expectSoon(() => sightings.length).toBe(1);
    discovery.look();
    expect(looks()).toBe(1);
  });

  it("says nothing any more once it is closed", async () => {
    const slow = Promise.withResolvers<readonly string[]>();
    const { discovery, sightings, troubles, found, fail } = look({
      knownHosts: [readKnownHost("kitchen.local", 1)],
      resolve: () => slow.promise,
    });
    await discovery.close();
    slow.resolve(["10.0.0.5"]);
    await slow.promise;
    found(peer);
    fail(new Error("late"));
    discovery.heard("12D3KooWOther", ["/ip4/10.0.0.6/tcp/1"]);
    expect([...sightings, ...troubles]).toEqual([]);
  });
});

describe("an entry of the list", () => {
  it.each([
    ["kitchen.local:4001", { host: "kitchen.local", port: 4001 }],
    [" 192.168.1.7 ", { host: "192.168.1.7", port: 8766 }],
    ["fd00::7", { host: "fd00::7", port: 8766 }],
    ["[fd00::7]:4001", { host: "fd00::7", port: 4001 }],
    ["/ip4/10.0.0.5/tcp/4001", { host: "10.0.0.5", port: 4001 }],
    [
      `/dns4/kitchen.local/tcp/4001/p2p/${kitchen.peerId}`,
      { host: "kitchen.local", port: 4001, peerId: kitchen.peerId },
    ],
  ])("is read from %j", (text, expected) => {
    expect(readKnownHost(text, 8766)).toEqual({ peerId: undefined, ...expected });
  });

  it.each([
    "",
    ":4001",
    "kitchen:0",
    "kitchen:65536",
    "kitchen:port",
    "a b",
    "/ip4/10.0.0.5",
    "/ip4/10.0.0.5/udp/1",
    "http://x/",
  ])("is refused when it is %j, with what to write instead", (text) => {
    expect(() => readKnownHost(text, 8766)).toThrowError(
      expect.objectContaining({ code: "usage", nextStep: expect.stringContaining("Write it as") }),
    );
  });

  it("is read or refused, whatever was written", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `/${text}`),
          fc.webUrl(),
        ),
        (text) => {
          try {
            expect(readKnownHost(text, 8766).port).toBeGreaterThan(0);
          } catch (error) {
            if (!isPeerError(error, "usage")) throw error;
          }
        },
      ),
    );
  });

  it("is found by the machine's own resolver", async () => {
    expect(await resolveBySystem("127.0.0.1")).toEqual(["127.0.0.1"]);
    await expect(resolveBySystem("no-such-host.invalid")).rejects.toThrow(/no-such-host/);
  });
});

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { PeerError } from "../../../../src/errors.ts";
import { Seeker, type SeekerOptions, type SeekerOwner } from "../../../../src/cluster/host/joining/seeker.ts";
import { Visits, type Hello, type Place } from "../../../../src/cluster/host/joining/visits.ts";
import type { MeshHost } from "../../../../src/mesh/host/mesh-host.ts";
import { until } from "../../../mesh/host/hosts.ts";
import { noLog } from "../../../support.ts";

const REAL = "12D3KooWReal";
const ADDRESS = "/ip4/192.168.1.7/tcp/8766";
const about = {
  name: "kitchen",
  version: "0.1.0",
  peerId: REAL,
  cluster: { id: "home-1", isAloneAndEmpty: false },
  pairing: "closed" as const,
  services: [],
};

/** Nobody is anywhere but the one. */
async function hello({ peer }: Place): Promise<Hello> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (peer === REAL) return { about, address: ADDRESS };
  throw new PeerError("unreachable", "nobody is there", { nextStep: "Look elsewhere." });
}

const nothing = (): void => undefined;

function seeker(beside: (cluster: string) => void, more: Partial<SeekerOptions> = {}): Seeker {
  const owner: SeekerOwner = {
    own: () => undefined,
    found: () => new Promise(nothing),
    enter: () => Promise.resolve(),
    dissolve: () => Promise.resolve(),
    look: nothing,
    knock: nothing,
    withdraw: nothing,
    report: (_about, cluster) => beside(cluster),
    reached: nothing,
    shown: nothing,
    changed: nothing,
  };
  const made = new Seeker({
    self: "12D3KooWSelf",
    secret: undefined,
    visits: { hello } as unknown as Visits,
    log: noLog,
    times: { discoveryMs: 60_000, lookAgainMs: 1_000, quietMs: 1_000, retryMs: 1_000 },
    isMember: () => false,
    hasCompany: () => false,
    owner,
    ...more,
  });
  onTestFinished(() => made.close());
  return made;
}

describe("a peer that looks for others", () => {
  it("finds the one that is there among all that somebody has made up", async () => {
    const seen: string[] = [];
    const looking = seeker((cluster) => seen.push(cluster));
    looking.start({ type: "started", as: "fresh" });
    for (let i = 0; i < 400; i += 1) looking.heard(`12D3KooWFake${i}`, [`/ip4/192.168.1.200/tcp/${1_000 + i}`]);
    // As many as are visited at once are known to be silent by then, and each would be visited again before any other.
    await until(() => looking.neighbours.all().filter(({ failures }) => failures > 0).length >= 16, "vain visits");
    looking.heard(REAL, [ADDRESS]);
    await until(() => seen.includes("home-1"), "the one that is there");
    expect(seen).toEqual(["home-1"]);
  });

  it("asks a founder anew that has refused it: what that showed before may be over", async () => {
    const happened: string[] = [];
    const founder = { ...about, pairing: "secret" as const };
    const visits = {
      hello: async (): Promise<Hello> => {
        const isFirst = happened.length === 0;
        happened.push("hello");
        // It has given its cluster up meanwhile.
        return { about: { ...founder, cluster: isFirst ? founder.cluster : null }, address: ADDRESS };
      },
      pair: async (): Promise<never> => {
        happened.push("pair");
        throw new PeerError("pairing-closed", "this peer does not belong to that cluster", { nextStep: "Wait." });
      },
    };
    const times = { discoveryMs: 60_000, lookAgainMs: 1_000, quietMs: 1_000, retryMs: 20 };
    const looking = seeker(nothing, { secret: "s", visits: visits as unknown as Visits, times });
    looking.start({ type: "started", as: "fresh" });
    looking.heard(REAL, [ADDRESS]);
    await until(() => happened.length >= 3, "what comes after a refusal");
    expect(happened.slice(0, 3)).toEqual(["hello", "pair", "hello"]);
    await until(() => looking.phase === "looking", "that it looks for others");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(happened.filter((each) => each === "pair")).toHaveLength(1);
  });

  it("gives more time to who has answered before, and did not in time", async () => {
    const given: number[] = [];
    const visits = {
      hello: async ({ peer }: Place, _signal: AbortSignal, options: { timeoutMs: number }): Promise<Hello> => {
        if (peer !== REAL) throw new PeerError("unreachable", "nobody is there", { nextStep: "Look elsewhere." });
        given.push(options.timeoutMs);
        if (given.length === 1) return { about: { ...about, cluster: null }, address: ADDRESS };
        throw new PeerError("peer-silent", "the other peer said nothing in time", { nextStep: "Try again." });
      },
    };
    const looking = seeker(nothing, { visits: visits as unknown as Visits });
    looking.start({ type: "started", as: "fresh" });
    looking.heard(REAL, [ADDRESS]);
    for (let times = 2; times <= 5; times += 1) {
      await until(() => given.length >= times - 1, "an answer");
      await new Promise(setImmediate);
      looking.look();
    }
    await until(() => given.length >= 5, "five hellos");
    expect(given.slice(0, 5)).toEqual([3_000, 3_000, 6_000, 9_000, 9_000]);
  });

  it("looks round soon when something has changed, however seldom it did before", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const hellos: number[] = [];
    const visits = {
      hello: async (): Promise<Hello> => {
        hellos.push(performance.now());
        return { about, address: ADDRESS };
      },
    };
    const looking = seeker(nothing, { visits: visits as unknown as Visits });
    looking.start({ type: "started", as: "left" });
    looking.heard(REAL, [ADDRESS]);
    await vi.advanceTimersByTimeAsync(120_000);
    const before = hellos.length;
    // Right after a round: the next one is due in ten seconds.
    while (hellos.length === before) await vi.advanceTimersByTimeAsync(100);
    const since = hellos.length;
    looking.step({ type: "paired", cluster: "home-1" });
    await vi.advanceTimersByTimeAsync(1_100);
    expect(hellos.length - since).toBe(1);
  });
});

describe("a hello", () => {
  it("is given its time from when its turn comes, after whatever else is asked at the same door", async () => {
    const begun: AbortSignal[] = [];
    const host = {
      addresses: () => [ADDRESS],
      dial: async (_peer: string, _addresses: readonly string[], { signal }: { signal: AbortSignal }) => {
        begun.push(signal);
        await new Promise((resolve) => setTimeout(resolve, begun.length === 1 ? 400 : 0));
        signal.throwIfAborted();
        throw new PeerError("unreachable", "nobody is there", { nextStep: "Look elsewhere." });
      },
    };
    const application = { name: "n", version: "1", sealingKey: new Uint8Array(32), addresses: [], knows: 1 };
    const visits = new Visits({ host: host as unknown as MeshHost, application: () => application });
    const place = { peer: REAL, addresses: [ADDRESS] };
    const signal = AbortSignal.timeout(20_000);
    const before = visits.welcome(place, signal).catch((error: unknown) => error);
    const hello = visits.hello(place, signal, { timeoutMs: 150 });
    await before;
    await expect(hello).rejects.toMatchObject({ code: "unreachable" });
    expect(begun).toHaveLength(2);
  });
});

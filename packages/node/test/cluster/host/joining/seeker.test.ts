import { describe, expect, it, onTestFinished } from "vitest";
import { PeerError } from "../../../../src/errors.ts";
import { Seeker, type SeekerOwner } from "../../../../src/cluster/host/joining/seeker.ts";
import type { Hello, Place, Visits } from "../../../../src/cluster/host/joining/visits.ts";
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

function seeker(beside: (cluster: string) => void): Seeker {
  const owner: SeekerOwner = {
    own: () => undefined,
    found: () => new Promise(nothing),
    enter: () => Promise.resolve(),
    dissolve: () => Promise.resolve(),
    look: nothing,
    knock: nothing,
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
});

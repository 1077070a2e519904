import { describe, expect, it, onTestFinished } from "vitest";
import { ShutOut, type Ending } from "../../../../src/cluster/host/member/shut-out.ts";
import type { Link } from "../../../../src/mesh/links/links.ts";
import type { PeerLinkStatus } from "../../../../src/mesh/links/peer-links.ts";
import { until } from "../../../mesh/host/hosts.ts";
import { noLog } from "../../../support.ts";

const TIMES = { lookEveryMs: 2, againMs: 4, rarelyMs: 8 };

function refusing(peer: string): PeerLinkStatus {
  const addresses = [`/dns/${peer}/tcp/1`];
  return { peer, addresses, state: "waiting", roundTripMs: undefined, lastError: "no", isShutOut: true };
}

/** A peer that knows these members; what they say can be changed. */
function outcast(members: readonly string[]) {
  const says = new Map<string, Ending | undefined | Error>();
  const shows = new Map<string, string | undefined>();
  const statuses = new Map<string, PeerLinkStatus>();
  const linked = new Set<string>();
  const asked: string[] = [];
  const verdicts: Ending[] = [];
  const all = new Map(["self", ...members].map((peer, i) => [peer, { peer, node: i + 1, name: peer, addresses: [] }]));
  const shutOut = new ShutOut({
    roster: { self: "self", cluster: "home-1", members: all },
    links: { status: () => [...statuses.values()], current: (peer) => (linked.has(peer) ? ({} as Link) : undefined) },
    endingAsTold: async ({ peer = "", addresses }) => {
      expect(addresses).toEqual([`/dns/${peer}/tcp/1`]);
      asked.push(peer);
      const said = says.get(peer);
      if (said instanceof Error) throw said;
      return said;
    },
    shownAt: async ({ peer = "" }) => shows.get(peer),
    changed: () => undefined,
    ended: (how) => verdicts.push(how),
    log: noLog,
    times: TIMES,
  });
  onTestFinished(() => shutOut.close());
  return {
    shutOut,
    asked,
    shows,
    linked,
    verdicts,
    refuses: (peer: string, said: Ending | undefined | Error) => {
      says.set(peer, said);
      statuses.set(peer, refusing(peer));
    },
    forget: (peer: string) => all.delete(peer),
    statuses,
  };
}

describe("a peer that members refuse", () => {
  it("asks nobody while it is refused by nobody, though links are down", async () => {
    const { asked, statuses } = outcast(["a", "b"]);
    statuses.set("a", { ...refusing("a"), isShutOut: false });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(asked).toEqual([]);
  });

  it("believes two members that it was revoked, and not one where it knows two", async () => {
    const { refuses, shutOut, verdicts, asked } = outcast(["a", "b", "c"]);
    refuses("a", "revoked");
    await until(() => shutOut.accusers.length === 1 && asked.length > 3);
    expect(verdicts).toEqual([]);
    refuses("b", "revoked");
    await until(() => verdicts.length > 0);
    expect(shutOut.accusers).toEqual(["a", "b"]);
  });

  it("believes the only other one", async () => {
    const { refuses, verdicts } = outcast(["a"]);
    refuses("a", "revoked");
    await until(() => verdicts.length > 0);
    expect(verdicts[0]).toBe("revoked");
  });

  it("believes that it was let go as it believes that it was revoked, and is called that by nobody's one word", async () => {
    const { refuses, shutOut, verdicts, asked } = outcast(["a", "b", "c"]);
    refuses("a", "left");
    await until(() => asked.length > 3);
    expect(verdicts).toEqual([]);
    expect(shutOut.accusers).toEqual([]);
    refuses("b", "left");
    await until(() => verdicts.length > 0);
    expect(verdicts[0]).toBe("left");
  });

  it("takes it that it was let go where one says that and another that it was revoked", async () => {
    const { refuses, verdicts } = outcast(["a", "b"]);
    refuses("a", "revoked");
    refuses("b", "left");
    await until(() => verdicts.length > 0);
    expect(verdicts[0]).toBe("left");
  });

  it("takes nobody's word who does not belong, whose link is up again, or who says otherwise by now", async () => {
    const { refuses, shutOut, verdicts, forget, linked, asked } = outcast(["a", "b", "c", "d"]);
    refuses("stranger", "revoked");
    refuses("a", "revoked");
    await until(() => shutOut.accusers.includes("a"));
    refuses("a", undefined);
    await until(() => shutOut.accusers.length === 0);
    refuses("b", "revoked");
    await until(() => shutOut.accusers.includes("b"));
    linked.add("b");
    refuses("c", "revoked");
    await until(() => shutOut.accusers.includes("c"));
    forget("c");
    expect(shutOut.accusers).toEqual([]);
    refuses("d", new Error("no answer"));
    await until(() => asked.includes("d"));
    expect(verdicts).toEqual([]);
    expect(asked).not.toContain("stranger");
  });

  it("sees that a member shows another cluster, makes nothing of it by itself, and forgets it when that is over", async () => {
    const { refuses, shows, shutOut, verdicts, linked, asked } = outcast(["a", "b"]);
    shows.set("a", "home-2");
    refuses("a", undefined);
    await until(() => shutOut.movedOn.length === 1);
    expect(shutOut.movedOn).toEqual([{ peer: "a", cluster: "home-2" }]);
    linked.add("a");
    expect(shutOut.movedOn).toEqual([]);
    linked.delete("a");
    for (const shown of ["home-1", undefined]) {
      shows.set("a", shown);
      await until(() => shutOut.movedOn.length === 0);
      shows.set("a", "home-2");
      await until(() => shutOut.movedOn.length === 1);
    }
    const times = asked.length;
    refuses("a", "revoked");
    await until(() => asked.length > times + 1);
    expect(verdicts).toEqual([]);
    expect(shutOut.accusers).toEqual(["a"]);
    expect(shutOut.movedOn).toEqual([]);
  });
});

import { describe, expect, it, onTestFinished } from "vitest";
import { ShutOut } from "../../../../src/cluster/host/member/shut-out.ts";
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
  const says = new Map<string, boolean | Error>();
  const statuses = new Map<string, PeerLinkStatus>();
  const linked = new Set<string>();
  const asked: string[] = [];
  let verdicts = 0;
  const all = new Map(["self", ...members].map((peer, i) => [peer, { peer, node: i + 1, name: peer, addresses: [] }]));
  const shutOut = new ShutOut({
    roster: { self: "self", members: all },
    links: { status: () => [...statuses.values()], current: (peer) => (linked.has(peer) ? ({} as Link) : undefined) },
    isRevokedSays: async ({ peer = "", addresses }) => {
      expect(addresses).toEqual([`/dns/${peer}/tcp/1`]);
      asked.push(peer);
      const said = says.get(peer) ?? false;
      if (said instanceof Error) throw said;
      return said;
    },
    changed: () => undefined,
    revoked: () => (verdicts += 1),
    log: noLog,
    times: TIMES,
  });
  onTestFinished(() => shutOut.close());
  return {
    shutOut,
    asked,
    linked,
    verdicts: () => verdicts,
    refuses: (peer: string, said: boolean | Error) => {
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
    refuses("a", true);
    await until(() => shutOut.accusers.length === 1 && asked.length > 3);
    expect(verdicts()).toBe(0);
    refuses("b", true);
    await until(() => verdicts() > 0);
    expect(shutOut.accusers).toEqual(["a", "b"]);
  });

  it("believes the only other one", async () => {
    const { refuses, verdicts } = outcast(["a"]);
    refuses("a", true);
    await until(() => verdicts() > 0);
    expect(verdicts()).toBeGreaterThan(0);
  });

  it("takes nobody's word who does not belong, whose link is up again, or who says otherwise by now", async () => {
    const { refuses, shutOut, verdicts, forget, linked, asked } = outcast(["a", "b", "c", "d"]);
    refuses("stranger", true);
    refuses("a", true);
    await until(() => shutOut.accusers.includes("a"));
    refuses("a", false);
    await until(() => shutOut.accusers.length === 0);
    refuses("b", true);
    await until(() => shutOut.accusers.includes("b"));
    linked.add("b");
    refuses("c", true);
    await until(() => shutOut.accusers.includes("c"));
    forget("c");
    expect(shutOut.accusers).toEqual([]);
    refuses("d", new Error("no answer"));
    await until(() => asked.includes("d"));
    expect(verdicts()).toBe(0);
    expect(asked).not.toContain("stranger");
  });
});

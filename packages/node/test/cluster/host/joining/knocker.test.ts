import { describe, expect, it, onTestFinished } from "vitest";
import { Knocker, MAX_KNOCKS } from "../../../../src/cluster/host/joining/knocker.ts";
import type { Welcome } from "../../../../src/cluster/host/joining/welcome.ts";
import { fingerprintOf } from "../../../../src/mesh/door/code/fingerprint.ts";
import { until } from "../../../mesh/host/hosts.ts";
import { noLog } from "../../../support.ts";

const WELCOME: Welcome = { cluster: "c1", node: 2, index: 3, members: [] };

/** A newcomer beside a cluster of these peers, at whose doors persons can approve it. */
function newcomer(peers: readonly string[]) {
  const shown = [...peers];
  const waits = new Map<string, { readonly approve: () => void; readonly fail: () => void }>();
  const declined: string[] = [];
  const entered: Welcome[] = [];
  const knocker: Knocker = new Knocker({
    visits: {
      knock: async ({ peer = "" }, { confirm }, signal) => {
        const approved = Promise.withResolvers<void>();
        waits.set(peer, { approve: () => approved.resolve(), fail: () => approved.reject(new Error("gone")) });
        signal.addEventListener("abort", () => approved.reject(new Error("aborted")), { once: true });
        try {
          await approved.promise;
        } finally {
          waits.delete(peer);
        }
        if (await confirm()) return WELCOME;
        declined.push(peer);
        throw new Error("declined");
      },
    },
    log: noLog,
    placeOf: (peer) => ({ peer, addresses: [] }),
    peersOf: (cluster) => (cluster === "c1" ? shown : []),
    enter: async (welcome) => {
      entered.push(welcome);
      knocker.stop();
    },
    onNews: () => undefined,
    changed: () => undefined,
    againMs: 2,
  });
  onTestFinished(() => knocker.stop());
  return { knocker, waits, declined, entered, shown };
}

describe("a newcomer that knocks", () => {
  it("waits at several members at once, also such as are met later, and nowhere else", async () => {
    const { knocker, waits, shown } = newcomer(["a", "b"]);
    knocker.knock("b", "c1");
    await until(() => waits.size === 2);
    shown.push("c", "d", "e", "f", "g");
    await until(() => waits.size === MAX_KNOCKS);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(knocker.at).toEqual(["b", "a", "c", "d", "e"]);
    knocker.knock("z", "c2");
    await until(() => waits.has("z"));
    expect([...waits.keys()]).toEqual(["z"]);
  });

  it("withdraws when it belongs elsewhere, but not from where its own person wants to go", async () => {
    const { knocker, waits } = newcomer(["a"]);
    knocker.knock("a", "c1");
    await until(() => waits.size === 1);
    knocker.trust(fingerprintOf("a"));
    knocker.withdraw();
    expect(knocker.at).toEqual(["a"]);
    knocker.distrust();
    knocker.withdraw();
    await until(() => waits.size === 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(knocker.at).toEqual([]);
  });

  it("is let in by whoever approves it first, and waits at the others no more", async () => {
    const { knocker, waits, entered, declined } = newcomer(["a", "b", "c"]);
    knocker.knock("a", "c1");
    await until(() => waits.size === 3);
    waits.get("b")?.approve();
    await until(() => knocker.isApprovedBy("b"));
    expect(knocker.isApprovedBy("a")).toBe(false);
    // As `parley join --fingerprint` does it: what that person has said is not taken back by it.
    knocker.trust(fingerprintOf("b"));
    knocker.knock("b", "c1");
    await until(() => entered.length > 0);
    await until(() => waits.size === 0);
    expect(entered).toEqual([WELCOME]);
    expect(declined).toEqual([]);
    expect(knocker.at).toEqual([]);
  });

  it("joins through the one whose fingerprint its person has compared, though others approve it too", async () => {
    const { knocker, waits, entered } = newcomer(["a", "b"]);
    knocker.knock("a", "c1");
    await until(() => waits.size === 2);
    knocker.trust(fingerprintOf("b"));
    waits.get("a")?.approve();
    await until(() => knocker.isApprovedBy("a"));
    expect(entered).toEqual([]);
    waits.get("b")?.approve();
    await until(() => entered.length > 0);
  });

  it("waits at the one that its person names, though it waits at as many as it may", async () => {
    const { knocker, waits } = newcomer(["a", "b", "c", "d", "e"]);
    knocker.knock("a", "c1");
    await until(() => waits.size === MAX_KNOCKS);
    waits.get("a")?.approve();
    await until(() => knocker.isApprovedBy("a"));
    knocker.knock("f", "c1");
    await until(() => waits.has("f"));
    expect(knocker.at).toEqual(["a", "c", "d", "e", "f"]);
    expect(knocker.isApprovedBy("a")).toBe(true);
  });

  it("leaves the place of one that is gone to another", async () => {
    const { knocker, waits, shown } = newcomer(["a", "b"]);
    knocker.knock("a", "c1");
    await until(() => waits.size === 2);
    shown.splice(1, 1, "c");
    waits.get("b")?.fail();
    await until(() => waits.has("c"));
    expect(knocker.at).toEqual(["a", "c"]);
  });
});

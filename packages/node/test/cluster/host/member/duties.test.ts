import { describe, expect, it, onTestFinished } from "vitest";
import { Duties } from "../../../../src/cluster/host/member/duties.ts";
import type { MeshIdentity } from "../../../../src/cluster/host/member/mesh-identity.ts";
import type { SharedState } from "../../../../src/cluster/consensus/shared-state.ts";
import { awake, isExpelled, takeVote } from "../../../../src/cluster/membership/sleep.ts";
import { KNOWN_VERSION } from "../../../../src/cluster/state/versions.ts";
import { until } from "../../../mesh/host/hosts.ts";
import { noLog } from "../../../support.ts";
import { Agreed, RECORD } from "../../state/support.ts";

const SPARED_AFTER_MS = 1_500;

/** The duties of member `a`, in a cluster that agrees to all of them. */
function member(agreed: Agreed, sparedAfterMs = SPARED_AFTER_MS) {
  let leader = "a";
  const shared = {
    get now() {
      return agreed.state;
    },
    consensus: { leadership: { current: () => ({ leader, term: 1 }) } },
    submit: async (command: Parameters<SharedState["submit"]>[0]) => ({ ...agreed.run(command), index: 1 }),
  } as unknown as SharedState;
  const duties = new Duties({
    self: "a",
    shared,
    identity: { rotation: () => undefined } as unknown as MeshIdentity,
    secrets: { due: () => undefined },
    record: () => RECORD,
    isGoing: () => false,
    log: noLog,
    sparedAfterMs,
  });
  onTestFinished(() => duties.stop());
  return { duties, lead: (peer: string) => void (leader = peer) };
}

describe("the prime's duties", () => {
  it("give whoever lost its vote for a revocation that came to nothing that vote back, and not at once", async () => {
    const agreed = Agreed.of("b", "p");
    const { duties } = member(agreed);
    agreed.run(takeVote("p", "b"));
    const startedMs = performance.now();
    duties.look();
    await until(() => !isExpelled(agreed.state, "p"));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(SPARED_AFTER_MS);
  });

  it("give it back at once where whoever wanted to revoke it was revoked itself, or has left", async () => {
    for (const going of [
      { type: "revoke", peer: "b", by: "p", atMs: 1 },
      { type: "leave", peer: "b" },
    ] as const) {
      const agreed = Agreed.of("b", "p");
      const { duties } = member(agreed, 3_600_000);
      agreed.run(takeVote("p", "b"), going);
      duties.look();
      await until(() => !isExpelled(agreed.state, "p"));
      duties.stop();
      expect(agreed.state.members.has("p")).toBe(true);
    }
  });

  it("are taken up by the next prime where the one before died in the middle", async () => {
    const agreed = Agreed.of("b", "p");
    const { duties, lead } = member(agreed);
    lead("b");
    agreed.run(takeVote("p", "b"));
    duties.look();
    await new Promise((resolve) => setTimeout(resolve, SPARED_AFTER_MS + 1_200));
    expect(isExpelled(agreed.state, "p")).toBe(true);
    lead("a");
    await until(() => !isExpelled(agreed.state, "p"));
  });

  it("count anew for a second revocation, and forget the mark of who is gone", async () => {
    const agreed = Agreed.of("b", "p");
    const { duties } = member(agreed);
    agreed.run(takeVote("p", "b"));
    duties.look();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    agreed.run(awake("p"));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const startedMs = performance.now();
    agreed.run(takeVote("p", "b"));
    await until(() => !isExpelled(agreed.state, "p"));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(SPARED_AFTER_MS);
    agreed.run(takeVote("p", "b"), { type: "revoke", peer: "p", by: "a", atMs: 1 });
    await until(() => agreed.state.settings.size === 0 && agreed.state.revoked.get("p")?.acknowledged.length === 1);
    expect(agreed.state.members.has("p")).toBe(false);
  });

  it("bring newer commands into force once all know them, by the prime alone", async () => {
    const agreed = Agreed.of("b");
    const { duties, lead } = member(agreed);
    duties.look();
    await until(() => agreed.state.members.get("a")?.knows === KNOWN_VERSION);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(agreed.state.version).toBe(1);
    lead("b");
    agreed.run({ type: "describe", peer: "b", knows: KNOWN_VERSION, record: RECORD });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(agreed.state.version).toBe(1);
    lead("a");
    await until(() => agreed.state.version === KNOWN_VERSION);
  });

  it("do not let the one that is to go take its vote back itself", async () => {
    const agreed = Agreed.of("b");
    const { duties, lead } = member(agreed);
    lead("b");
    agreed.run(takeVote("a", "b"));
    duties.look();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(isExpelled(agreed.state, "a")).toBe(true);
  });
});

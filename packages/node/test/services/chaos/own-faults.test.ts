import { describe, expect, it } from "vitest";
import type { Hindrance } from "../../../src/mesh/host/hindrance.ts";
import { PEER_FAULTS, SLOW_MS, type Fault, type PeerFault } from "../../../src/services/chaos/faults.ts";
import type { Restarter } from "../../../src/services/chaos/manager.ts";
import { OwnFaults } from "../../../src/services/chaos/own-faults.ts";
import { eventually, noLog } from "../../support.ts";

const faultOf = (kind: PeerFault, holdMs = 30): Fault => {
  return { id: crypto.randomUUID(), kind, holdMs, by: "owner", account: "chaos-1", withPeople: false };
};

/** A peer, and what was done to it. */
function own(
  given: {
    readonly isAllowed?: boolean;
    readonly restarter?: Restarter;
    readonly hasCluster?: boolean;
    readonly isAtTerminal?: boolean;
  } = {},
) {
  const { isAllowed = true, restarter = { by: "self" }, hasCluster = true, isAtTerminal = false } = given;
  const done: string[] = [];
  const hindrances: Hindrance[] = [];
  const drain = {
    isDraining: false,
    begin: ({ timeoutMs }: { readonly timeoutMs: number }): void => void done.push(`drain ${timeoutMs}`),
    undo: (): void => void done.push("undrain"),
  };
  const faults = new OwnFaults({
    isAllowed,
    cluster: hasCluster ? { hinder: (hindrance) => void hindrances.push(hindrance) } : {},
    drain,
    log: noLog,
    isAtTerminal,
    restarter: async () => restarter,
    process: {
      standStill: async (_, holdMs) => void done.push(`stop ${holdMs}`),
      killAndStartAgain: async (_, holdMs) => void done.push(`kill ${holdMs}`),
      killAlone: async () => void done.push("kill"),
    },
  });
  return { faults, done, hindrances, drain };
}

describe("a fault of this peer", () => {
  it("is not done where its owner does not allow it, and says how to allow it", async () => {
    const { faults } = own({ isAllowed: false });
    for (const kind of PEER_FAULTS) {
      expect(await faults.whyNot(faultOf(kind))).toMatchObject({
        nextStep: expect.stringContaining("PARLEY_CHAOS_ALLOWED"),
      });
    }
  });

  it("ends by itself, whatever it is", async () => {
    const { faults, done, hindrances } = own();
    for (const kind of PEER_FAULTS) {
      await faults.begin(faultOf(kind, 120));
      expect(faults.running).toBe(kind);
      expect(await faults.whyNot(faultOf("slow"))).toMatchObject({ message: "another fault is under way there" });
      await eventually(() => faults.running).toBeUndefined();
    }
    expect(done).toEqual(["kill 120", "stop 120", "drain 1000", "undrain"]);
    const free = { isCut: false, holdUpMs: 0 };
    expect(hindrances).toEqual([{ isCut: true, holdUpMs: 0 }, free, { isCut: false, holdUpMs: SLOW_MS }, free]);
  });

  it("leaves to a service manager what that does", async () => {
    const { faults, done } = own({ restarter: { by: "manager", name: "pm2" } });
    await faults.begin(faultOf("kill"));
    expect(done).toEqual(["kill"]);
    expect((await faults.bearing()).notes).toEqual(["after a kill pm2 starts it again"]);
  });

  it("is left out where it could not be undone, or there is nothing to do it to", async () => {
    const nobody = own({ restarter: { by: "nobody", why: "it is the first of its container" } }).faults;
    expect(await nobody.whyNot(faultOf("kill"))).toMatchObject({ message: expect.stringContaining("its container") });
    expect(await nobody.whyNot(faultOf("stop"))).toBeUndefined();
    const alone = own({ hasCluster: false }).faults;
    expect(Object.keys((await alone.bearing()).impossible).toSorted()).toEqual(["cut", "drain", "slow"]);
    const draining = own();
    draining.drain.isDraining = true;
    expect(await draining.faults.whyNot(faultOf("cut"))).toMatchObject({ message: "it drains" });
  });

  it("says what a kill means to who looks at the peer in a terminal", async () => {
    expect((await own({ isAtTerminal: true }).faults.bearing()).notes).toEqual([
      expect.stringContaining("in the background"),
    ]);
  });
});

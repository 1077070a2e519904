import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { PeerError, type PeerErrorCode } from "../../../../src/errors.ts";
import { MACHINE } from "../../../../src/cluster/host/ground.ts";
import { Arrival } from "../../../../src/cluster/host/joining/arrival.ts";
import type { Host, Place } from "../../../../src/cluster/host/joining/visits.ts";
import type { Welcome } from "../../../../src/cluster/host/joining/welcome.ts";
import { until } from "../../../mesh/host/hosts.ts";
import { noLog } from "../../../support.ts";
import { areOneCluster, freePorts, TestPeer } from "../peers.ts";

const TIMES = { againMs: 2, rarelyMs: 8, underWayMs: 40 };
const HOST: Host = { peer: "member-1", addresses: ["/ip4/10.0.0.7/tcp/8766"], cluster: "home-1" };
const WELCOME: Welcome = { cluster: "home-1", node: 2, index: 9, members: [] };
const soon = (): AbortSignal => AbortSignal.timeout(20_000);

const failure = (code: PeerErrorCode): PeerError => new PeerError(code, code, { nextStep: "" });

/** A peer's notes in memory, and a member that answers as it is told. */
function newcomer(files = new Map<string, string>()) {
  const asked: Place[] = [];
  const entered: Welcome[] = [];
  let answer: () => Promise<Welcome> = () => Promise.reject(failure("unreachable"));
  let nothings = 0;
  const arrival = new Arrival({
    files: {
      read: async (path) => files.get(path),
      write: async (path, text) => void files.set(path, text),
      remove: async (path) => void files.delete(path),
    },
    path: "joining.json",
    log: noLog,
    ask: (place) => {
      asked.push(place);
      return answer();
    },
    addressesOf: () => ["/ip4/10.0.0.8/tcp/8766"],
    enter: async (welcome) => {
      entered.push(welcome);
      await arrival.settled();
    },
    cameToNothing: () => (nothings += 1),
    times: TIMES,
  });
  onTestFinished(() => arrival.stop());
  const answers = (given: typeof answer): void => void (answer = given);
  return { arrival, asked, entered, files, answers, nothings: () => nothings };
}

describe("a peer that may have been let in", () => {
  it("asks the one member that has proven itself until it has its welcome, also in another life", async () => {
    const { arrival, files } = newcomer();
    await arrival.expect(HOST);
    const again = newcomer(files);
    await again.arrival.recall();
    expect(again.arrival.isOpen).toBe(true);
    again.arrival.pursue();
    again.arrival.pursue();
    await until(() => again.asked.length > 3);
    again.answers(async () => WELCOME);
    await until(() => again.entered.length > 0);
    expect(again.entered).toEqual([WELCOME]);
    const place = { peer: "member-1", addresses: ["/ip4/10.0.0.8/tcp/8766", "/ip4/10.0.0.7/tcp/8766"] };
    expect(again.asked.every((each) => JSON.stringify(each) === JSON.stringify(place))).toBe(true);
    expect(files.size).toBe(0);
    expect(again.arrival.isOpen).toBe(false);
  });

  it.each(["admission-refused", "revoked", "already-member"] as const)(
    "gives up when that member says %s for longer than it can be under way",
    async (code) => {
      const { arrival, answers, nothings, files, asked, entered } = newcomer();
      answers(() => Promise.reject(failure(code)));
      await arrival.expect(HOST);
      arrival.pursue();
      await until(() => nothings() === 1);
      expect(asked.length).toBeGreaterThan(1);
      expect([files.size, entered.length]).toEqual([0, 0]);
    },
  );

  it("is not drawn into another cluster than the one whose code was proven", async () => {
    const { arrival, answers, nothings, entered } = newcomer();
    answers(async () => ({ ...WELCOME, cluster: "elsewhere" }));
    await arrival.expect(HOST);
    arrival.pursue();
    await until(() => nothings() === 1);
    expect(entered).toEqual([]);
  });

  it("asks nobody where nothing was written down, or nobody can read it", async () => {
    const files = new Map([["joining.json", "{ half"]]);
    const { arrival, asked } = newcomer(files);
    await arrival.recall();
    arrival.pursue();
    expect(arrival.isOpen).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toEqual([]);
  });
});

/** A disk on which a cluster's record cannot be written: as if the peer ended right before. */
const endsBeforeRecord = {
  ...MACHINE,
  files: {
    ...MACHINE.files,
    write: (path: string, text: string) =>
      path.endsWith("cluster.json") ? Promise.reject(failure("home-unusable")) : MACHINE.files.write(path, text),
  },
};

async function founderAndNewcomer(): Promise<readonly [founder: TestPeer, newcomer: TestPeer]> {
  const [a = 0, b = 0] = await freePorts(2);
  const founder = await TestPeer.started({ name: "founder", port: a });
  await until(() => founder.cluster.belonging === "member", "a founder");
  await founder.put("kept", "value");
  const late = await TestPeer.make({ name: "newcomer", port: b, known: [a] });
  await late.start({ ground: endsBeforeRecord });
  await until(() => late.cluster.belonging === "waiting", "a newcomer that waits");
  return [founder, late];
}

describe("a newcomer that ends between its admission and its record of it", () => {
  it("belongs when it starts again, without another code", async () => {
    const [founder, late] = await founderAndNewcomer();
    const { code } = await founder.cluster.openPairing();
    await expect(late.cluster.join({ proof: { code }, signal: soon() })).rejects.toMatchObject({
      code: "home-unusable",
    });
    expect(founder.cluster.peers()).toHaveLength(2);
    expect(founder.cluster.pairingEnd).toBe("used");
    expect((await stat(join(late.folder, "joining.json"))).mode & 0o777).toBe(0o600);
    await late.stop();
    await late.start();
    await until(() => areOneCluster([founder, late]), "one cluster");
    await until(async () => !(await readdir(late.folder)).includes("joining.json"), "a note that is gone");
  });

  it("does so too when two people had approved it", async () => {
    const [founder, late] = await founderAndNewcomer();
    await until(() => founder.cluster.waiting().length === 1, "a knock");
    const approving = founder.cluster.approve("newcomer");
    await until(() => late.cluster.met().some(({ hasApproved }) => hasApproved), "an approval");
    const over = new AbortController();
    const joining = late.cluster
      .join({ proof: { fingerprint: late.cluster.met()[0]?.fingerprint ?? "" }, signal: over.signal })
      .catch((error: unknown) => error);
    await approving;
    over.abort(new Error("it ends"));
    await joining;
    await late.stop();
    await late.start();
    await until(() => areOneCluster([founder, late]), "one cluster");
    expect(founder.cluster.peers().map(({ nodeId }) => nodeId)).toEqual([1, 2]);
    expect(late.cluster.belonging).toBe("member");
  });
});

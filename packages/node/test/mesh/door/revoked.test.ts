import { describe, expect, it, onTestFinished } from "vitest";
import { askAbout, askWelcome, knockAt, pairWith } from "../../../src/mesh/door/client/visit.ts";
import { Door } from "../../../src/mesh/door/server/door.ts";
import { memoryStreams, type MemoryEnd } from "./memory-stream.ts";
import { application, CLUSTER, JOINER, MALLORY, MEMBER, TestCluster } from "./people.ts";

const SECRET = "a join secret of the house";

describe("the door, to a revoked peer", () => {
  it("says that it is, whatever that asks, and by which cluster, and nothing else", async () => {
    const cluster = new TestCluster();
    const door = new Door({ cluster, joinSecret: SECRET });
    onTestFinished(() => door.close());
    const visit = (peerId = JOINER): MemoryEnd => {
      const [theirs, ours] = memoryStreams({ peerId, address: "192.168.1.7" }, { peerId: MEMBER });
      void door.serve(ours);
      return theirs;
    };
    cluster.revoked.add(JOINER);
    const { code } = door.openWindow();
    const request = { self: JOINER, clusterId: CLUSTER, application };
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => askAbout(visit()),
      () => askWelcome(visit()),
      () => pairWith(visit(), { ...request, method: "code", secret: code }),
      () => pairWith(visit(), { ...request, method: "secret", secret: SECRET }),
      () => knockAt(visit(), { application, confirm: () => Promise.resolve(true) }),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: "revoked", details: { cluster: CLUSTER } });
    }
    expect(door.waiting).toEqual([]);
    expect(door.window?.triesLeft).toBe(5);
    expect(cluster.admissions).toEqual([]);
    await expect(askAbout(visit(MALLORY))).resolves.toMatchObject({ name: "attic" });
  });
});

describe("the door, to a peer that has left", () => {
  it("says so when that asks for its welcome, and under which number, and tells others nothing of it", async () => {
    const cluster = new TestCluster();
    const door = new Door({ cluster });
    onTestFinished(() => door.close());
    const visit = (peerId: string): MemoryEnd => {
      const [theirs, ours] = memoryStreams({ peerId, address: "192.168.1.7" }, { peerId: MEMBER });
      void door.serve(ours);
      return theirs;
    };
    cluster.departed.add(JOINER);
    const refused = (peerId: string): Promise<unknown> => askWelcome(visit(peerId)).catch((error: unknown) => error);
    expect(await refused(JOINER)).toMatchObject({
      code: "admission-refused",
      details: { cluster: CLUSTER, node: 3 },
    });
    expect(await refused(MALLORY)).toMatchObject({ code: "admission-refused", details: { peer: MEMBER } });
    expect(await refused(MALLORY)).not.toHaveProperty("details.cluster");
    await expect(askAbout(visit(JOINER))).resolves.toMatchObject({ name: "attic" });
  });
});

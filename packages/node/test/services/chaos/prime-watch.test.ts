import { expect, it } from "vitest";
import { PrimeWatch } from "../../../src/services/chaos/prime-watch.ts";
import { FakeCluster, fakePeer, fakePeerId } from "../../fake-cluster.ts";

it("measures from when it was told until another peer is prime, and no other change", () => {
  const cluster = new FakeCluster();
  const lead = (name: string | undefined): void =>
    cluster.change(({ members }) => {
      cluster.members = members.map((each) => ({ ...each, isPrime: each.name === name }));
    });
  cluster.members = [...cluster.members, fakePeer("cellar", "C")];
  lead("attic");
  let nowMs = 1_000;
  const watch = new PrimeWatch({ cluster, nowMs: () => nowMs });
  watch.begin("first", fakePeerId("A"));
  nowMs = 1_300;
  lead(undefined);
  lead("attic");
  expect(watch.found).toEqual([]);
  nowMs = 1_450;
  lead("cellar");
  expect(watch.found).toEqual([{ id: "first", ms: 450 }]);
  nowMs = 9_000;
  lead("attic");
  expect(watch.found).toEqual([{ id: "first", ms: 450 }]);
  watch.close();
});

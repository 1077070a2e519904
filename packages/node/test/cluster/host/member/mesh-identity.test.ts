import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MeshIdentity } from "../../../../src/cluster/host/member/mesh-identity.ts";
import { applyCommand } from "../../../../src/cluster/state/apply.ts";
import { encodeCommand } from "../../../../src/cluster/state/codec.ts";
import { EMPTY_STATE, type ClusterState } from "../../../../src/cluster/state/model.ts";
import type { ClusterCommand, CommandOf } from "../../../../src/cluster/state/schemas.ts";
import { restoreState } from "../../../../src/cluster/state/snapshot.ts";
import { makeMeshKey, type OpenMeshKey } from "../../../../src/mesh/keys/mesh-key.ts";
import { rawPublic } from "../../../../src/mesh/keys/raw-keys.ts";
import { newcomer, snapshotBytes } from "../../state/support.ts";

const CLUSTER = "home-1";
const broken = expect.objectContaining({ code: "seal-broken" });

/** A cluster of two, `a` and `b`, as its log makes it. */
function home() {
  const [a, b] = ["a", "b"].map((peer) => {
    const { privateKey } = generateKeyPairSync("x25519");
    return { peer, privateKey, sealingKey: rawPublic(privateKey) };
  });
  if (a === undefined || b === undefined) throw new Error("two");
  let state: ClusterState = EMPTY_STATE;
  const run = (command: ClusterCommand): void => {
    const step = applyCommand(state, encodeCommand(command), { index: state.index + 1, term: 1 });
    expect(step.result.outcome).toBe("done");
    state = step.state;
  };
  const identityOf = ({ peer: self, privateKey }: typeof a): MeshIdentity =>
    new MeshIdentity({ cluster: CLUSTER, self, sealingKey: privateKey, stateOf: () => state });
  const { record } = makeMeshKey(CLUSTER, [{ peerId: "a", sealingKey: a.sealingKey }]);
  const { publicKey, signature, sealed } = record;
  const meshKey = { publicKey, signature, box: sealed["a"] ?? new Uint8Array() };
  run({ type: "found", cluster: CLUSTER, member: { ...newcomer("a"), sealingKey: a.sealingKey }, meshKey });
  const [ofA, ofB] = [identityOf(a), identityOf(b)];
  const box = ofA.boxFor({ peerId: "b", sealingKey: b.sealingKey });
  run({ type: "admit", member: { ...newcomer("b"), sealingKey: b.sealingKey }, ...box });
  const holders = [a, b].map(({ peer, sealingKey }) => ({ peerId: peer, sealingKey }));
  const rotation = (previous: OpenMeshKey): CommandOf<"rotate"> => {
    const next = makeMeshKey(CLUSTER, holders, previous).record;
    const { sealed: boxes, ...rest } = next;
    return { type: "rotate", term: 1, ...rest, boxes: Object.entries(boxes) };
  };
  return {
    ofA,
    ofB,
    late: () => identityOf(b),
    run,
    rotation,
    now: () => state,
    restart: async () => {
      const bytes = snapshotBytes(state);
      state = await restoreState(
        (async function* () {
          yield bytes;
        })(),
      );
    },
  };
}

describe("the mesh's identity at a member", () => {
  it("is followed from generation to generation, by members and by who comes later, also from a snapshot", async () => {
    const { ofA, ofB, late, run, rotation, restart, now } = home();
    for (let generation = 2; generation <= 4; generation += 1) {
      run(rotation(ofA.open()));
      expect(ofA.open().generation).toBe(generation);
    }
    expect(ofB.open().generation).toBe(4);
    await restart();
    expect(now().meshKey?.earlier).toHaveLength(3);
    expect(late().open().generation).toBe(4);
    run(rotation(ofB.open()));
    for (const identity of [ofA, ofB, late()]) expect(identity.open().generation).toBe(5);
  });

  it("is not one that the generation before has not signed, nor one that comes after such a one", () => {
    const { ofA, ofB, late, run, rotation } = home();
    ofA.open();
    const forger: OpenMeshKey = { generation: 1, privateKey: generateKeyPairSync("ed25519").privateKey };
    const forged = rotation(forger);
    run(forged);
    for (const identity of [ofA, ofB, late()]) expect(() => identity.open()).toThrowError(broken);
    for (const identity of [ofA, late()]) {
      expect(() => identity.sign(new Uint8Array(1))).toThrowError(broken);
      expect(() => identity.boxFor({ peerId: "c", sealingKey: new Uint8Array(32).fill(9) })).toThrowError(broken);
    }
    run(rotation({ generation: 2, privateKey: generateKeyPairSync("ed25519").privateKey }));
    for (const identity of [ofA, ofB, late()]) expect(() => identity.open()).toThrowError(broken);
  });

  it("is not one of another past than this peer has seen", async () => {
    const one = home();
    const other = home();
    let isOther = false;
    const { privateKey } = generateKeyPairSync("x25519");
    const identity = new MeshIdentity({
      cluster: CLUSTER,
      self: "c",
      sealingKey: privateKey,
      stateOf: () => (isOther ? other.now() : one.now()),
    });
    const sealingKey = rawPublic(privateKey);
    for (const { ofA, run } of [one, other]) {
      run({ type: "admit", member: { ...newcomer("c"), sealingKey }, ...ofA.boxFor({ peerId: "c", sealingKey }) });
    }
    expect(identity.open().generation).toBe(1);
    isOther = true;
    const rotated = makeMeshKey(
      CLUSTER,
      [...other.now().members.values()].map((member) => ({ peerId: member.peer, sealingKey: member.sealingKey })),
      other.ofA.open(),
    ).record;
    const { sealed, ...rest } = rotated;
    other.run({ type: "rotate", term: 1, ...rest, boxes: Object.entries(sealed) });
    expect(() => identity.open()).toThrowError(broken);
  });
});

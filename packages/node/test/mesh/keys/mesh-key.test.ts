import { generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { follows, isChain, makeMeshKey, openMeshKey, sealMeshKey } from "../../../src/mesh/keys/mesh-key.ts";
import { publicKeyFrom, rawPublic } from "../../../src/mesh/keys/raw-keys.ts";

const CLUSTER = "c-7f3a";

function peer(peerId: string) {
  const { privateKey } = generateKeyPairSync("x25519");
  return { peerId, sealingKey: rawPublic(privateKey), own: { peerId, sealingKey: privateKey } };
}

const [anna, ben, carl] = [peer("anna"), peer("ben"), peer("carl")];
const broken = expect.objectContaining({ code: "seal-broken" });

describe("the mesh's key", () => {
  it("can be opened and used by every member, and proves the same identity", () => {
    const { record } = makeMeshKey(CLUSTER, [anna, ben]);
    expect(record.generation).toBe(1);
    for (const { own } of [anna, ben]) {
      const { privateKey } = openMeshKey(CLUSTER, record, own);
      const signed = sign(null, Buffer.from("hello"), privateKey);
      expect(verify(null, Buffer.from("hello"), publicKeyFrom("Ed25519", record.publicKey), signed)).toBe(true);
    }
  });

  it("cannot be opened by who is no member, in another cluster, or with what was sealed to another", () => {
    const { record } = makeMeshKey(CLUSTER, [anna, ben]);
    expect(() => openMeshKey(CLUSTER, record, carl.own)).toThrowError(broken);
    expect(() => openMeshKey("c-other", record, anna.own)).toThrowError(broken);
    const swapped = { ...record, sealed: { anna: record.sealed["ben"] ?? new Uint8Array() } };
    expect(() => openMeshKey(CLUSTER, swapped, anna.own)).toThrowError(broken);
    expect(() => openMeshKey(CLUSTER, { ...record, sealed: {} }, { ...anna.own, peerId: "toString" })).toThrowError(
      broken,
    );
    expect(() => openMeshKey(CLUSTER, { ...record, publicKey: ben.sealingKey }, anna.own)).toThrowError(broken);
  });

  it("can be sealed to a newcomer by any member that has opened it", () => {
    const { record } = makeMeshKey(CLUSTER, [anna]);
    const sealed = sealMeshKey(CLUSTER, openMeshKey(CLUSTER, record, anna.own), carl);
    const opened = openMeshKey(CLUSTER, { ...record, sealed: { ...record.sealed, carl: sealed } }, carl.own);
    expect(rawPublic(opened.privateKey)).toEqual(record.publicKey);
  });

  it("changes with a new generation, which the revoked cannot open and everybody can follow", () => {
    const first = makeMeshKey(CLUSTER, [anna, ben, carl]);
    const second = makeMeshKey(CLUSTER, [anna, ben], openMeshKey(CLUSTER, first.record, ben.own));
    const third = makeMeshKey(CLUSTER, [anna], second.key);
    expect(() => openMeshKey(CLUSTER, second.record, carl.own)).toThrowError(broken);
    expect(second.record.publicKey).not.toEqual(first.record.publicKey);
    expect(follows(CLUSTER, first.record, undefined)).toBe(true);
    expect(follows(CLUSTER, second.record, first.record)).toBe(true);
    expect(follows(CLUSTER, third.record, second.record)).toBe(true);
  });

  it("follows no generation that did not sign it, none that is not right before it, and none of another cluster", () => {
    const first = makeMeshKey(CLUSTER, [anna]);
    const second = makeMeshKey(CLUSTER, [anna], first.key);
    const stranger = makeMeshKey(CLUSTER, [anna], {
      generation: 1,
      privateKey: generateKeyPairSync("ed25519").privateKey,
    });
    expect(follows(CLUSTER, stranger.record, first.record)).toBe(false);
    expect(follows(CLUSTER, second.record, undefined)).toBe(false);
    expect(follows(CLUSTER, first.record, first.record)).toBe(false);
    expect(follows("c-other", second.record, first.record)).toBe(false);
    expect(follows(CLUSTER, { ...second.record, publicKey: stranger.record.publicKey }, first.record)).toBe(false);
    expect(follows(CLUSTER, { ...second.record, signature: new Uint8Array(3) }, first.record)).toBe(false);
    expect(follows(CLUSTER, { ...first.record, publicKey: new Uint8Array(3) }, undefined)).toBe(false);
  });

  it("can be followed over all generations, from the first or from a later one, and not past a forged one", () => {
    const first = makeMeshKey(CLUSTER, [anna]);
    const second = makeMeshKey(CLUSTER, [anna], first.key);
    const third = makeMeshKey(CLUSTER, [anna], second.key);
    const all = [first.record, second.record, third.record];
    expect(isChain(CLUSTER, 1, all)).toBe(true);
    expect(isChain(CLUSTER, 2, all.slice(1))).toBe(true);
    expect(isChain(CLUSTER, 3, all.slice(2))).toBe(true);
    expect(isChain(CLUSTER, 1, [])).toBe(false);
    expect(isChain(CLUSTER, 2, all)).toBe(false);
    expect(isChain("c-other", 1, all)).toBe(false);
    const forged = makeMeshKey(CLUSTER, [anna], {
      ...first.key,
      privateKey: generateKeyPairSync("ed25519").privateKey,
    });
    expect(isChain(CLUSTER, 1, [first.record, forged.record, third.record])).toBe(false);
    expect(isChain(CLUSTER, 1, [first.record, third.record])).toBe(false);
    expect(isChain(CLUSTER, 1, [{ ...first.record, signature: second.record.signature }])).toBe(false);
  });
});

import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkVouch, NONCE_BYTES, vouch, type Question } from "../../../../src/cluster/host/joining/reunion.ts";
import { encodeWelcome } from "../../../../src/cluster/host/joining/welcome.ts";
import type { MeshKey, MeshKeyLink } from "../../../../src/cluster/state/model.ts";
import { Ordered } from "../../../../src/cluster/state/ordered.ts";
import { makeMeshKey, type OpenMeshKey } from "../../../../src/mesh/keys/mesh-key.ts";

const CLUSTER = "home-1";
const question: Question = {
  cluster: CLUSTER,
  asker: "returning",
  answerer: "newer",
  nonce: randomBytes(NONCE_BYTES),
  generation: 2,
};
const member = (peer: string, node: number) => ({ peer, node, name: peer, addresses: [] });
const told = { cluster: CLUSTER, node: 3, index: 99, members: [member("returning", 3), member("newer", 7)] };

/** The mesh's key after so many generations, and all of them. */
function meshKeyOf(generations: number, cluster = CLUSTER) {
  const links: MeshKeyLink[] = [];
  let open: OpenMeshKey | undefined;
  for (let i = 0; i < generations; i += 1) {
    const { record, key } = makeMeshKey(cluster, [], open);
    links.push({ publicKey: record.publicKey, signature: record.signature });
    open = key;
  }
  const last = links.at(-1);
  if (open === undefined || last === undefined) throw new Error("one at least");
  const { privateKey } = open;
  const meshKey: MeshKey = { ...last, generation: generations, earlier: links.slice(0, -1), sealed: Ordered.empty() };
  return { meshKey, links, sign: (statement: Uint8Array) => sign(null, statement, privateKey) };
}

const mesh = meshKeyOf(5);
const known = mesh.links[1]?.publicKey ?? new Uint8Array();
const answer = vouch(question, encodeWelcome(told), mesh);

describe("what newer members say of who belongs now", () => {
  it("is believed by who knows an earlier generation of the mesh's key, or the present one", () => {
    expect(checkVouch(answer, question, known)).toEqual(told);
    const current = { ...question, generation: 5 };
    expect(checkVouch(vouch(current, encodeWelcome(told), mesh), current, mesh.meshKey.publicKey)).toEqual(told);
  });

  it("is believed for this one question only", () => {
    const others: readonly Partial<Question>[] = [
      { cluster: "home-2" },
      { asker: "another" },
      { answerer: "another" },
      { nonce: randomBytes(NONCE_BYTES) },
      { generation: 3 },
    ];
    for (const other of others) {
      expect(() => checkVouch(answer, { ...question, ...other }, known)).toThrow(/not proven/);
    }
  });

  it("is not believed of a cluster that only has the same id, nor with another's welcome", () => {
    const impostor = meshKeyOf(5);
    expect(() => checkVouch(vouch(question, encodeWelcome(told), impostor), question, known)).toThrow(
      /does not follow/,
    );
    // With the true generations, and a key of its own.
    const { privateKey } = generateKeyPairSync("ed25519");
    const forged = { ...mesh, sign: (statement: Uint8Array) => sign(null, statement, privateKey) };
    expect(() => checkVouch(vouch(question, encodeWelcome(told), forged), question, known)).toThrow(/not signed/);
    const elsewhere = vouch(question, encodeWelcome({ ...told, cluster: "home-2" }), mesh);
    expect(() => checkVouch(elsewhere, question, known)).toThrow(/another cluster/);
  });

  it("is not believed with a byte of it changed that matters, nor when it is no such thing", () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(answer.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Uint8Array.from(answer);
        changed[at] = (changed[at] ?? 0) ^ by;
        // How the generation that the asker knows itself was signed is nothing to it.
        try {
          expect(checkVouch(changed, question, known)).toEqual(told);
        } catch (error) {
          expect(error).toMatchObject({ name: "PeerError", message: expect.stringContaining("not proven") as string });
          refused += 1;
        }
      }),
    );
    expect(refused).toBeGreaterThan(50);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(() => checkVouch(bytes, question, known)).toThrow(/not proven/);
      }),
    );
  });

  it("is not said to who knows a generation that is forgotten here, or is yet to come", () => {
    for (const generation of [6, 1_000]) {
      expect(() => vouch({ ...question, generation }, encodeWelcome(told), mesh)).toThrow(/not known here/);
    }
    const long = meshKeyOf(60);
    expect(() => vouch({ ...question, generation: 1 }, encodeWelcome(told), long)).toThrow(/not known here/);
    expect(vouch({ ...question, generation: 13 }, encodeWelcome(told), long).length).toBeLessThan(15 * 1024);
  });
});

import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SharedState } from "../../../../src/cluster/consensus/shared-state.ts";
import { holdsNothing } from "../../../../src/cluster/host/member/contents.ts";
import { HouseSecrets } from "../../../../src/cluster/host/member/house-secrets.ts";
import { rawPublic } from "../../../../src/mesh/keys/raw-keys.ts";
import { Agreed, bytes, FOUND, newcomer } from "../../state/support.ts";

const about = bytes(1, 2, 3);
const secret = Buffer.from("nobody else's business");

interface Person {
  readonly peer: string;
  readonly privateKey: KeyObject;
  readonly member: ReturnType<typeof newcomer>;
}

function person(peer: string): Person {
  const { privateKey } = generateKeyPairSync("x25519");
  return { peer, privateKey, member: { ...newcomer(peer), sealingKey: rawPublic(privateKey) } };
}

/** What each member of one cluster holds. */
function house(...people: readonly Person[]) {
  const agreed = new Agreed();
  const [founder] = people;
  if (founder === undefined || FOUND.type !== "found") throw new Error("somebody founds it");
  agreed.run({ ...FOUND, member: founder.member });
  const join = ({ member }: Person) => agreed.run({ type: "admit", member, generation: 1, box: bytes(7) });
  for (const other of people.slice(1)) join(other);
  const shared = {
    get now() {
      return agreed.state;
    },
    submit: async (command: Parameters<SharedState["submit"]>[0]) => ({ ...agreed.run(command), index: 1 }),
  } as unknown as SharedState;
  const secretsOf = ({ peer, privateKey }: Person) => new HouseSecrets({ self: peer, sealingKey: privateKey, shared });
  /** All do what they are to do, until nobody has anything to do; how often somebody wrote. */
  const settle = (all: readonly HouseSecrets[], leader: string): number => {
    for (let writes = 0; ; writes += 1) {
      const command = all.map((one) => one.due(leader)).find((due) => due !== undefined);
      if (command === undefined) return writes;
      if (writes > 20) throw new Error("it never ends");
      agreed.run(command);
    }
  };
  return { agreed, join, secretsOf, settle };
}

describe("a secret of the house", () => {
  it("is known to all who belong, also to those who came later, and to nobody else", async () => {
    const [a, b, c, stranger] = [person("a"), person("b"), person("c"), person("stranger")];
    const { agreed, join, secretsOf, settle } = house(a, b);
    const [ofA, ofB, ofC] = [secretsOf(a), secretsOf(b), secretsOf(c)];
    expect(ofA.find("x")).toBeUndefined();
    expect(await ofA.replace("x", { about, secret }, 0)).toBe(true);
    expect(Buffer.from(ofB.find("x")?.secret ?? [])).toEqual(secret);
    join(c);
    expect(ofC.find("x")).toMatchObject({ secret: undefined });
    expect(settle([ofA, ofB, ofC], "a")).toBe(1);
    expect(Buffer.from(ofC.find("x")?.secret ?? [])).toEqual(secret);
    expect(secretsOf(stranger).find("x")?.secret).toBeUndefined();
    const all = [...agreed.state.pairs.range()].map(([, { value }]) => Buffer.from(value));
    expect(all.some((value) => value.includes(secret))).toBe(false);
  });

  it("is sealed to a prime that does not know it by whoever does", async () => {
    const [a, b] = [person("a"), person("b")];
    const { join, secretsOf, settle } = house(a);
    await secretsOf(a).replace("x", { about, secret }, 0);
    join(b);
    const [ofA, ofB] = [secretsOf(a), secretsOf(b)];
    expect(ofB.due("b")).toBeUndefined();
    expect(settle([ofA, ofB], "b")).toBe(1);
    expect(ofB.find("x")?.secret).toBeDefined();
  });

  it("stays the same when somebody leaves, and is none any more when somebody is revoked who knew it", async () => {
    const [a, b, c] = [person("a"), person("b"), person("c")];
    const { agreed, secretsOf, settle } = house(a, b, c);
    const ofA = secretsOf(a);
    await ofA.replace("x", { about, secret }, 0);
    agreed.run({ type: "leave", peer: "b" });
    settle([ofA], "a");
    expect(ofA.find("x")).toMatchObject({ isExposed: false, isShared: true });
    agreed.run({ type: "revoke", peer: "c", by: "a", atMs: 1 });
    settle([ofA], "a");
    const exposed = ofA.find("x");
    expect(exposed).toMatchObject({ isExposed: true });
    expect(await ofA.replace("x", { about, secret: bytes(5) }, exposed?.revision ?? 0)).toBe(true);
    expect(ofA.find("x")).toMatchObject({ isExposed: false, isShared: false });
    expect(secretsOf(c).find("x")?.secret).toBeUndefined();
  });

  it("is sealed anew to who comes back with another key", async () => {
    const [a, b, again] = [person("a"), person("b"), person("b")];
    const { agreed, join, secretsOf, settle } = house(a, b);
    await secretsOf(a).replace("x", { about, secret }, 0);
    agreed.run({ type: "leave", peer: "b" });
    join(again);
    const ofB = secretsOf(again);
    expect(ofB.find("x")?.secret).toBeUndefined();
    settle([secretsOf(a), ofB], "a");
    expect(Buffer.from(ofB.find("x")?.secret ?? [])).toEqual(secret);
  });

  it("is written by one of several who try at once; the others are told", async () => {
    const [a, b] = [person("a"), person("b")];
    const { secretsOf } = house(a, b);
    expect(await secretsOf(a).replace("x", { about, secret }, 0)).toBe(true);
    expect(await secretsOf(b).replace("x", { about, secret: bytes(5) }, 0)).toBe(false);
    expect(Buffer.from(secretsOf(b).find("x")?.secret ?? [])).toEqual(secret);
  });

  it("does not open when what everybody may know of it was exchanged, and whatever stands in its place is no secret", async () => {
    const [a, b] = [person("a"), person("b")];
    const { agreed, secretsOf } = house(a, b);
    await secretsOf(a).replace("x", { about, secret }, 0);
    const key = "parley/secret/x";
    const value = Buffer.from(agreed.state.pairs.get(key)?.value ?? []);
    const at = value.indexOf(Buffer.from(about));
    value[at] = 9;
    agreed.run({ type: "put", key, value });
    expect(secretsOf(b).find("x")).toMatchObject({ about: bytes(9, 2, 3), secret: undefined });
    for (const garbage of [bytes(), bytes(0xc1), Buffer.from("{}"), value.subarray(0, 20)]) {
      agreed.run({ type: "put", key, value: garbage });
      expect(secretsOf(b).find("x")).toBeUndefined();
      expect(secretsOf(b).due("b")).toBeUndefined();
    }
  });

  it("does not keep a founder that is still alone from yielding", async () => {
    const a = person("a");
    const { agreed, secretsOf } = house(a);
    await secretsOf(a).replace("x", { about, secret }, 0);
    expect(holdsNothing(agreed.state)).toBe(true);
    agreed.run({ type: "put", key: "parley/secrets", value: bytes(1) });
    expect(holdsNothing(agreed.state)).toBe(false);
  });
});

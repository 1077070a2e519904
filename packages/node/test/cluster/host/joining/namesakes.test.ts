import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memberNamed, namesakesOf, toApprove } from "../../../../src/cluster/host/joining/namesakes.ts";
import { fingerprintOf } from "../../../../src/mesh/door/code/fingerprint.ts";
import { fakePeerId } from "../../../fake-cluster.ts";

const named = (name: string, letter: string) => ({ peerId: fakePeerId(letter), name });
const kitchen = named("kitchen", "K");

describe("a name that somebody else has", () => {
  it.each([
    ["kitchen", "kitchen"],
    ["kitchen", "Kitchen"],
    ["kitchen", "KITCHEN "],
    ["kitchen", "kitсhen"], // Cyrillic es
    ["kitchen", "kіtchen"], // Ukrainian i
    ["kitchen", "kitchén"],
    ["kitchen", "ｋｉｔｃｈｅｎ"],
    ["kitchen", "kit​chen"], // zero width
    ["pi-1", "pi_l"],
    ["modem", "rnodem"],
    ["o2", "02"],
    ["wall", "vvall"],
    ["οffice", "office"], // Greek omicron
  ])("is noticed: %j and %j", (one, other) => {
    const [found] = namesakesOf(named(other, "B"), { members: [named(one, "A")], waiting: [] });
    expect(found).toEqual({
      peerId: fakePeerId("A"),
      name: one,
      fingerprint: fingerprintOf(fakePeerId("A")),
      isMember: true,
    });
  });

  it.each([
    ["kitchen", "chicken"],
    ["pi-1", "pi-2"],
    ["attic", "attic-2"],
    ["日本", "中国"],
    ["···", "---x"],
  ])("is not seen where people can tell it apart: %j and %j", (one, other) => {
    expect(namesakesOf(named(other, "B"), { members: [named(one, "A")], waiting: [] })).toEqual([]);
  });

  it("may be a member's or that of another one who waits, never its own", () => {
    const [one, two] = [named("cellar", "C"), named("Cellar", "D")];
    const all = { members: [kitchen], waiting: [one, two] };
    expect(namesakesOf(one, all)).toMatchObject([{ peerId: two.peerId, isMember: false }]);
    expect(namesakesOf(two, all)).toMatchObject([{ peerId: one.peerId, isMember: false }]);
    expect(namesakesOf(named("porch", "E"), all)).toEqual([]);
  });

  it("is alike both ways, and to itself, whatever it is", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(name, name, (one, other) => {
        const alike = (a: string, b: string): boolean =>
          namesakesOf(named(a, "A"), { members: [named(b, "B")], waiting: [] }).length > 0;
        expect(alike(one, other)).toBe(alike(other, one));
        expect(alike(one, one)).toBe(true);
      }),
    );
  });
});

describe("who is approved", () => {
  const alone = { members: [named("attic", "A")], waiting: [kitchen, named("cellar", "C")] };

  it("is named by its name, where nobody else is called so, by its fingerprint or by its id", () => {
    for (const who of [
      "kitchen",
      fingerprintOf(kitchen.peerId),
      fingerprintOf(kitchen.peerId).toLowerCase(),
      kitchen.peerId,
    ]) {
      expect(toApprove(who, alone)).toBe(kitchen);
    }
    expect(toApprove("nobody", alone)).toBeUndefined();
  });

  it("is not chosen by a name that several have who wait: all their fingerprints are told, however many", () => {
    const waiting = Array.from("BCDEFGHJ").map((letter) => named("cellar", letter));
    const asking = (): unknown => toApprove("cellar", { members: [], waiting });
    expect(asking).toThrow(
      expect.objectContaining({ code: "usage", nextStep: expect.stringContaining("fingerprint") as string }) as Error,
    );
    for (const { peerId } of waiting) expect(asking).toThrow(fingerprintOf(peerId));
    expect(toApprove(fingerprintOf(fakePeerId("D")), { members: [], waiting })).toBe(waiting[2]);
  });

  it("is not chosen by a name that somebody has who waits at another member", () => {
    const far = named("kitchen", "F");
    expect(() => toApprove("kitchen", { ...alone, elsewhere: [far] })).toThrow(fingerprintOf(far.peerId));
    expect(toApprove("kitchen", { ...alone, elsewhere: [kitchen] })).toBe(kitchen);
    expect(toApprove(fingerprintOf(kitchen.peerId), { ...alone, elsewhere: [far] })).toBe(kitchen);
  });

  it("is not chosen by the name of a member, nor by one that looks like another's who waits", () => {
    const stranger = named("attic", "S");
    expect(() => toApprove("attic", { ...alone, waiting: [stranger] })).toThrow(/belongs to the cluster already/);
    expect(() => toApprove("attic", { ...alone, waiting: [stranger] })).toThrow(fingerprintOf(stranger.peerId));
    const twins = [kitchen, named("Kitchen", "L")];
    expect(() => toApprove("kitchen", { members: [], waiting: twins })).toThrow(fingerprintOf(fakePeerId("L")));
    expect(toApprove(fingerprintOf(stranger.peerId), { ...alone, waiting: [stranger] })).toBe(stranger);
  });
});

describe("a member that a person names", () => {
  const twins = [named("attic", "A"), named("attic", "B"), kitchen];

  it.each([
    ["kitchen", "K"],
    [fakePeerId("B"), "B"],
    [fingerprintOf(fakePeerId("B")), "B"],
    [fingerprintOf(fakePeerId("A")).toLowerCase().replaceAll("-", " "), "A"],
  ])("is found by %s", (who, letter) => {
    expect(memberNamed(who, twins).peerId).toBe(fakePeerId(letter));
  });

  it("is told by fingerprint from who is called alike", () => {
    const fingerprints = ["A", "B"].map((letter) => fingerprintOf(fakePeerId(letter)));
    expect(() => memberNamed("attic", twins)).toThrowError(
      expect.objectContaining({
        code: "no-such-peer",
        message: `2 peers are called "attic": ${fingerprints.join(", ")}`,
        nextStep: "Name it by its fingerprint.",
      }),
    );
    expect(() => memberNamed("cellar", twins)).toThrowError(expect.objectContaining({ code: "no-such-peer" }));
  });

  it("is not hidden by another that is called like its fingerprint", () => {
    const fingerprint = fingerprintOf(kitchen.peerId);
    expect(memberNamed(fingerprint, [named(fingerprint, "B"), kitchen])).toBe(kitchen);
  });
});

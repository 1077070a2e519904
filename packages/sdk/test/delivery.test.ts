import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeenMessages } from "../src/index.ts";

describe("a receiver that remembers what it has seen", () => {
  it("handles a message once, acknowledges it again once it is finished, and handles again what failed", () => {
    const seen = new SeenMessages();
    expect([seen.receive("a"), seen.receive("a")]).toEqual(["new", "begun"]);
    seen.finish("a");
    expect(seen.receive("a")).toBe("finished");
    seen.forget("a");
    expect(seen.receive("a")).toBe("new");
  });

  it("holds no more than it is told to, and forgets the oldest first", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.uuid(), { minLength: 4, maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        (ids, kept) => {
          const seen = new SeenMessages(kept);
          for (const id of ids) seen.receive(id);
          const newest = ids.slice(-kept);
          expect(newest.map((id) => seen.receive(id))).toEqual(newest.map(() => "begun"));
          expect(seen.receive(ids[0] ?? "")).toBe("new");
        },
      ),
    );
  });
});

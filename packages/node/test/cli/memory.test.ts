import { describe, expect, it } from "vitest";
import { world } from "./cluster/world.ts";

describe("parley memory", () => {
  async function remembering() {
    const all = await world();
    for (const [name, question] of [
      ["anna", "Where are the roses?"],
      ["ben", "Are there roses?"],
    ] as const) {
      await all.book.add({ name, role: "member", remembers: true, by: "test" });
      const turn = { id: name, threadId: "garden", question, answer: "In the garden.", wasInterrupted: false, atMs: 0 };
      await all.kept.note(name, turn);
    }
    return all;
  }

  it("finds what was said, of one client or of each that is remembered", async () => {
    const { run, stdout } = await remembering();
    expect(await run(["memory", "search", "rose"])).toBe(0);
    expect(stdout()).toBe(
      "1970-01-01 00:00  anna, garden, asked: Where are the [roses]?\n" +
        "1970-01-01 00:00  ben, garden, asked: Are there [roses]?\n",
    );
    expect(await run(["memory", "search", "garden", "--client", "ben", "--json"])).toBe(0);
    const line = stdout().trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      clients: [{ account: "ben", total: 1, found: [{ snippet: { of: "answer" } }] }],
    });
    expect(await run(["memory", "search", "tulips", "--from", "2026-01-01"])).toBe(0);
    expect(stdout()).toContain("Nothing was found.");
    expect(await run(["memory", "search", "x", "--client", "nobody"])).not.toBe(0);
  });

  it("finds for who may not see others what was said by itself, and nothing of the others", async () => {
    const { book, kept, as, run, stdout, stderr } = await world();
    const { token } = await book.add({ name: "anna", role: "member", remembers: true, by: "test" });
    await book.add({ name: "ben", role: "member", remembers: true, by: "test" });
    for (const name of ["anna", "ben"]) {
      const turn = { id: name, threadId: "garden", question: "Roses?", answer: "Yes.", wasInterrupted: false, atMs: 0 };
      await kept.note(name, turn);
    }
    await as(token);
    expect([await run(["memory", "search", "rose"]), stderr()]).toEqual([0, ""]);
    expect(stdout()).toBe("1970-01-01 00:00  anna, garden, asked: [Roses]?\n");
    expect(await run(["memory", "threads"])).toBe(0);
    expect(stdout()).not.toContain("ben");
    expect(await run(["memory", "search", "rose", "--client", "ben"])).not.toBe(0);
  });

  it("lists threads, and says how to have some", async () => {
    const empty = await world();
    expect(await empty.run(["memory", "threads"])).toBe(0);
    expect(empty.stdout()).toContain("parley client add NAME --remember");
    const { run, stdout } = await remembering();
    expect(await run(["memory", "threads"])).toBe(0);
    expect(stdout()).toMatch(/^anna +garden +1 +1970-01-01 00:00 +Where are the roses\?$/m);
  });

  it("forgets only what it was told to, and when that was meant", async () => {
    const { run, stdout, stderr, kept } = await remembering();
    expect(await run(["memory", "forget", "--client", "anna"])).toBe(2);
    expect(await run(["memory", "forget", "--client", "anna"], ["n"])).toBe(130);
    expect(stderr()).toContain("Forget everything of anna? [y/N]");
    expect(kept.threads("anna")).toHaveLength(1);
    expect(await run(["memory", "forget", "garden", "--client", "anna"], ["y"])).toBe(0);
    expect(stdout()).toContain("1 turn is forgotten.");
    expect([kept.threads("anna").length, kept.threads("ben").length]).toEqual([0, 1]);
    expect(await run(["memory", "forget", "--client", "ben", "--yes", "--json"])).toBe(0);
    expect(stdout()).toContain('{"forgotten":1}');
  });
});

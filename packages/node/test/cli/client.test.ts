import { describe, expect, it } from "vitest";
import { world } from "./cluster/world.ts";

describe("parley client", () => {
  it("lets a client in, shows its token once, and lists it without", async () => {
    const { run, stdout, stderr, book } = await world();
    expect(await run(["client", "add", "tablet", "--role", "guest", "--group", "family", "--days", "30"])).toBe(0);
    const token = stdout().trim();
    expect(book.authenticate(token)).toMatchObject({
      name: "tablet",
      role: "guest",
      groups: ["family"],
      by: "this machine",
    });
    expect(stderr()).toContain("shown this once");
    expect(await run(["client", "list"])).toBe(0);
    expect(stdout()).toMatch(/^tablet +guest +\d{4}-\d\d-\d\d, until \d{4}-\d\d-\d\d +in family$/m);
    expect(stdout().split(token)).toHaveLength(2);
    expect(await run(["client", "list", "--json"])).toBe(0);
    expect(stdout()).not.toContain(book.get("tablet").proof);
    expect(stderr()).not.toContain(token);
  });

  it("says what it takes, and what is wrong", async () => {
    const { run, stdout, stderr } = await world();
    expect(await run(["client", "list"])).toBe(0);
    expect(stdout()).toContain("parley client add");
    expect(await run(["client", "add", "tablet", "--role", "king"])).toBe(2);
    expect(stderr()).toContain("admin, member, bridge, guest");
    expect(await run(["client", "add", "a/b"])).toBe(2);
    expect(await run(["client", "add", "tablet", "--days", "soon"])).toBe(2);
    expect(await run(["client", "add", "tablet"])).toBe(0);
    expect(await run(["client", "add", "tablet"])).toBe(2);
    expect(stderr()).toContain("parley client renew tablet");
    expect(await run(["client", "change", "tablet"])).toBe(2);
    expect(await run(["client", "renew", "nobody"])).not.toBe(0);
    expect(stderr()).toContain("there is no client called nobody");
  });

  it("locks out, lets in again, renews and takes away", async () => {
    const { run, stdout, book } = await world();
    await run(["client", "add", "Küche"]);
    const token = stdout().trim();
    expect(await run(["client", "change", "Küche", "--lock", "--role", "bridge", "--to", "lamp-*", "--remember"])).toBe(
      0,
    );
    expect(book.authenticate(token)).toBe("locked");
    expect(book.get("Küche")).toMatchObject({ role: "bridge", targets: ["lamp-*"], remembers: true });
    expect(await run(["client", "change", "Küche", "--unlock", "--no-remember"])).toBe(0);
    expect(book.get("Küche")).toMatchObject({ isActive: true, remembers: false, role: "bridge" });
    expect(await run(["client", "renew", "Küche", "--json"])).toBe(0);
    expect(book.authenticate(token)).toBe("unknown");
    expect(await run(["client", "remove", "Küche"])).toBe(2);
    expect(await run(["client", "remove", "Küche"], ["n"])).toBe(130);
    expect(book.list()).toHaveLength(1);
    expect(await run(["client", "remove", "Küche"], ["y"])).toBe(0);
    expect(book.list()).toEqual([]);
  });

  it("leaves behind who did what", async () => {
    const { run, stdout } = await world();
    expect(await run(["audit"])).toBe(0);
    expect(stdout()).toBe("Nothing was done at this peer yet.\n");
    await run(["client", "add", "tablet"]);
    await run(["client", "add", "tablet"]);
    await run(["client", "remove", "tablet", "--yes"]);
    const before = stdout().length;
    expect(await run(["audit", "--last", "2"])).toBe(0);
    const lines = stdout().slice(before).trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/this machine +client\.remove +tablet +role: member; groups: none$/);
    expect(lines[2]).toMatch(
      /this machine +client\.add +tablet +failed +role: member; groups: none; remembers: false; code: usage$/,
    );
    expect(await run(["audit", "--last", "0"])).toBe(2);
  });
});

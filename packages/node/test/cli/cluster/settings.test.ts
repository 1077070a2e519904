import { describe, expect, it } from "vitest";
import { fill } from "../../gateway/management/writable.ts";
import { world } from "./world.ts";

describe("parley settings", () => {
  it("sets, shows and unsets what users have chosen", async () => {
    const { cluster, run, stdout } = await world();
    (await fill(cluster)).reach();
    expect(await run(["settings"])).toBe(0);
    expect(stdout()).toBe("Nothing was chosen.\n");
    expect(await run(["settings", "voice", "amy"])).toBe(0);
    expect(stdout()).toContain("voice is agreed on. Peers that are away learn it when they are back.\n");
    expect(await run(["settings", "voice"])).toBe(0);
    expect(stdout()).toContain("voice = amy\n");
    expect(await run(["settings", "voice", "--unset"])).toBe(0);
    expect(cluster.shared?.now.settings.size).toBe(0);
    expect(await run(["settings", "voice"])).toBe(0);
    expect(stdout()).toMatch(/voice is not set: nobody has chosen it\.\n$/);
    expect(await run(["settings", "voice", "amy", "--unset"])).toBe(2);
    expect(await run(["settings", "--unset"])).toBe(2);
  });

  it("says when there was nothing to unset, also where the cluster cannot agree", async () => {
    const { cluster, run, stdout } = await world();
    const { reach } = await fill(cluster);
    expect(await run(["settings", "voice", "--unset"])).toBe(0);
    expect(stdout()).toMatch(
      /^voice was not set, as far as this peer knows\. .* when the cluster can agree on it\.\n$/,
    );
    reach();
    expect(await run(["settings", "vioce", "--unset"])).toBe(0);
    expect(stdout()).toMatch(/\nvioce was not set: nobody had chosen it\.\n$/);
    expect(stdout()).not.toContain("agreed on");
    expect(await run(["--json", "settings", "vioce", "--unset"])).toBe(0);
    expect(JSON.parse(stdout().split("\n").at(-2) ?? "")).toMatchObject({ wasSet: false });
  });

  it("shows a value that would lie on a terminal as JSON writes it, and programs get it as it is", async () => {
    const { cluster, run, stdout } = await world();
    (await fill(cluster)).reach();
    const values: readonly (readonly [string, string])[] = [
      ["a", "x\nvoice = amy"],
      ["b", "\u001B[2Jgone"],
      ["c", "\u009B2Jgone"],
      ["d", "\u202Eyma"],
      ["e", "one\u2028two"],
      ["f", '"x\\n"'],
      ["g", "grün – 日本 👩‍🍳"],
    ];
    for (const [key, value] of values) expect(await run(["settings", key, value])).toBe(0);
    const before = stdout().length;
    expect(await run(["settings"])).toBe(0);
    expect(stdout().slice(before).split("\n")).toEqual([
      String.raw`a = "x\nvoice = amy"`,
      String.raw`b = "\u001b[2Jgone"`,
      String.raw`c = "\u009b2Jgone"`,
      String.raw`d = "\u202eyma"`,
      String.raw`e = "one\u2028two"`,
      String.raw`f = "\"x\\n\""`,
      "g = grün – 日本 👩‍🍳",
      "",
    ]);
    expect(await run(["settings", "--json"])).toBe(0);
    expect(JSON.parse(stdout().trim().split("\n").at(-1) ?? "")).toEqual({ settings: Object.fromEntries(values) });
  });

  it.each(["__proto__", "constructor", "prototype"])("refuses %s as a key, which can still be unset", async (key) => {
    const { cluster, run, stderr } = await world();
    (await fill(cluster)).reach();
    expect(await run(["settings", key, "y"])).toBe(2);
    expect(stderr()).toContain(`error: ${key} cannot be the name of a setting`);
    expect(await run(["settings", key, "--unset"])).toBe(0);
    expect(cluster.shared?.now.settings.size).toBe(0);
  });

  it("refuses a key that is empty, and says that it is", async () => {
    const { cluster, run, stderr } = await world();
    await fill(cluster);
    expect(await run(["settings", "", "x"])).toBe(2);
    expect(stderr()).toContain("key is empty");
  });

  it("says that a choice waits where the cluster cannot agree", async () => {
    const { cluster, run, stdout } = await world();
    await fill(cluster);
    expect(await run(["settings", "voice", "amy"])).toBe(0);
    expect(stdout()).toBe("voice is written down here, and takes effect when the cluster can agree on it.\n");
    expect(cluster.later?.load.count).toBe(1);
  });
});

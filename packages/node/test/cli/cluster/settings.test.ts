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

  it("says that a choice waits where the cluster cannot agree", async () => {
    const { cluster, run, stdout } = await world();
    await fill(cluster);
    expect(await run(["settings", "voice", "amy"])).toBe(0);
    expect(stdout()).toBe("voice is written down here, and takes effect when the cluster can agree on it.\n");
    expect(cluster.later?.load.count).toBe(1);
  });
});

import { describe, expect, it } from "vitest";
import type { DepartedPeer } from "../../../src/cluster/face.ts";
import { fingerprintOf } from "../../../src/mesh/door/code/fingerprint.ts";
import { fakePeer, fakePeerId, knocker } from "../../fake-cluster.ts";
import { world } from "./world.ts";

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

describe("parley peers", () => {
  it("lists who belongs and who waits", async () => {
    const { cluster, run, stdout } = await world();
    cluster.members.push(
      fakePeer("küche", "K", { isOnline: false, role: "learner", lastSeenMs: Date.now() - 7_300_000 }),
    );
    cluster.knocking = [knocker("cellar", "C")];
    expect(await run(["peers"])).toBe(0);
    expect(stdout()).toMatch(/^attic +voter, prime +this peer/m);
    expect(stdout()).toMatch(
      new RegExp(`^küche +learner +offline, seen 2 h ago +1\\.3 ms +${fingerprintOf(fakePeerId("K"))}`, "m"),
    );
    expect(stdout()).toMatch(/Waiting to be let in:\n +cellar/);
    const columns = stdout()
      .split("\n")
      .slice(0, 3)
      .map((line) => line.search(/role|voter|learner/));
    expect(new Set(columns).size).toBe(1);
  });

  it("warns of who waits under a name that others have, and tells their fingerprints", async () => {
    const { cluster, run, stdout } = await world();
    const namesakes = Array.from("ABDEFGH").map((letter) => ({
      peerId: fakePeerId(letter),
      name: "cellar",
      fingerprint: fingerprintOf(fakePeerId(letter)),
      isMember: letter === "A",
    }));
    cluster.knocking = [{ ...knocker("cellar", "C"), namesakes }, knocker("porch", "P")];
    for (const asking of [["peers"], ["peers", "--waiting"], ["status"]]) {
      const before = stdout().length;
      expect(await run(asking)).toBe(0);
      const said = stdout().slice(before);
      expect(said).toContain(
        `  Careful: cellar (${fingerprintOf(fakePeerId("C"))}) is called like cellar (${fingerprintOf(fakePeerId("A"))}), a member of the cluster; cellar (`,
      );
      expect(said).toContain("and 2 more. A name proves nothing, the fingerprint does.\n");
      expect(said).not.toContain("Careful: porch");
      expect(said).toContain("parley pair --approve FINGERPRINT\n");
    }
    expect(await run(["peers", "--json"])).toBe(0);
    expect(JSON.parse(lastLine(stdout()))).toMatchObject({
      waiting: [{ namesakes: { length: 7 } }, { namesakes: [] }],
    });
  });

  it("lists only who waits, when that is asked for", async () => {
    const { cluster, run, stdout } = await world();
    expect(await run(["peers", "--waiting"])).toBe(0);
    expect(stdout()).toBe("Nobody waits.\n");
    cluster.knocking = [knocker("cellar", "C")];
    expect(await run(["peers", "--waiting"])).toBe(0);
    expect(stdout()).toMatch(/let in:\n +cellar/);
    expect(stdout()).not.toContain("attic");
  });

  it("lists who has left or was revoked as well, when that is asked for", async () => {
    const { cluster, run, stdout } = await world();
    expect(await run(["peers", "--all"])).toBe(0);
    expect(stdout()).toContain("Nobody has left, and nobody was revoked.\n");
    const gone = (letter: string, more: Partial<DepartedPeer>): DepartedPeer => {
      const peerId = fakePeerId(letter);
      const fingerprint = fingerprintOf(peerId);
      return { peerId, fingerprint, name: undefined, how: "left", atMs: undefined, by: undefined, ...more };
    };
    cluster.gone = [
      gone("R", { name: "thief", how: "revoked", atMs: Date.now() - 61_000, by: "attic" }),
      gone("L", { name: "porch", atMs: Date.now() - 7_300_000 }),
      gone("Q", {}),
    ];
    expect(await run(["peers", "--all"])).toBe(0);
    const [, told = ""] = stdout().split("No more of the cluster:\n");
    expect(told.trimEnd().split("\n")).toEqual([
      expect.stringMatching(
        new RegExp(`^ {2}thief +revoked by attic +1 min ago +fingerprint ${fingerprintOf(fakePeerId("R"))}$`),
      ),
      expect.stringMatching(/^ {2}porch +left +2 h ago +fingerprint /),
      expect.stringMatching(/^ {2}\? +left +fingerprint /),
    ]);
    expect(await run(["peers", "--all", "--json"])).toBe(0);
    expect(JSON.parse(lastLine(stdout()))).toMatchObject({ peers: [{ name: "attic" }], departed: { length: 3 } });
    cluster.gone = Array.from({ length: 60 }, () => gone("Q", {}));
    expect(await run(["peers", "--all"])).toBe(0);
    expect(stdout()).toMatch(/\n {2}and 10 before \(parley peers --all --json\)\n$/);
    expect(await run(["peers", "--all", "--waiting"])).toBe(2);
  });

  it("says of a peer that belongs to no cluster that it does not know who has left", async () => {
    const { cluster, run, stdout } = await world();
    [cluster.belonging, cluster.members] = ["waiting", []];
    expect(await run(["peers", "--all"])).toBe(0);
    expect(stdout()).toContain(
      "This peer belongs to no cluster now: who has left one, or was revoked, its members know.",
    );
    expect(stdout()).not.toContain("Nobody has left");
  });

  it("lists them for programs", async () => {
    const { run, stdout } = await world();
    expect(await run(["peers", "--json"])).toBe(0);
    expect(JSON.parse(stdout())).toMatchObject({ peers: [{ name: "attic", isPrime: true }], waiting: [] });
  });
});

import { describe, expect, it } from "vitest";
import { departuresIn, farewell, MAX_DEPARTURES } from "../../../src/cluster/membership/departures.ts";
import { isOwnSetting } from "../../../src/cluster/membership/own-settings.ts";
import { departedFrom } from "../../../src/cluster/host/reports.ts";
import { admit, Agreed } from "../state/support.ts";

function leaves(agreed: Agreed, peer: string, atMs: number): void {
  agreed.run(...farewell(agreed.state, { peer, name: `host of ${peer}`, atMs }), { type: "leave", peer });
}

describe("who has left", () => {
  it("is remembered with its name and when, as is who was revoked, the latest first", () => {
    const agreed = Agreed.of("b", "c", "d");
    leaves(agreed, "b", 1_000);
    leaves(agreed, "c", 3_000);
    agreed.run({ type: "revoke", peer: "d", by: "a", atMs: 2_000 });
    expect(departedFrom(agreed.state)).toMatchObject([
      { peerId: "c", name: "host of c", how: "left", atMs: 3_000, by: undefined },
      { peerId: "d", name: "host of d", how: "revoked", atMs: 2_000, by: "host of a" },
      { peerId: "b", name: "host of b", how: "left", atMs: 1_000, by: undefined },
    ]);
  });

  it("is named as the revoker by its name also once it has left, or was revoked itself", () => {
    const agreed = Agreed.of("b", "c", "d", "e");
    agreed.run({ type: "revoke", peer: "d", by: "b", atMs: 1 }, { type: "revoke", peer: "e", by: "c", atMs: 2 });
    leaves(agreed, "b", 3);
    agreed.run({ type: "revoke", peer: "c", by: "a", atMs: 4 });
    const revokers = departedFrom(agreed.state).flatMap(({ peerId, by }) => (by === undefined ? [] : [[peerId, by]]));
    expect(revokers).toEqual([
      ["c", "host of a"],
      ["e", "host of c"],
      ["d", "host of b"],
    ]);
  });

  it("and has left no word is listed all the same", () => {
    const agreed = Agreed.of("b");
    agreed.run({ type: "leave", peer: "b" });
    expect(departedFrom(agreed.state)).toMatchObject([{ peerId: "b", name: undefined, atMs: undefined, how: "left" }]);
  });

  it("is not listed once it is back, nor when it only wanted to leave, and its word makes room", () => {
    const agreed = Agreed.of("b", "c");
    leaves(agreed, "b", 1_000);
    agreed.run(admit("b"));
    agreed.run(...farewell(agreed.state, { peer: "c", name: "host of c", atMs: 5 }));
    expect(departedFrom(agreed.state)).toEqual([]);
    leaves(agreed, "c", 2_000);
    expect(departuresIn(agreed.state).map(({ peer }) => peer)).toEqual(["c"]);
  });

  it("is forgotten by name when many have left since, and takes no more room than that", () => {
    const agreed = Agreed.of();
    for (let i = 0; i < MAX_DEPARTURES + 10; i += 1) {
      agreed.run(admit(`p${i}`));
      leaves(agreed, `p${i}`, i);
    }
    expect(agreed.state.settings.size).toBe(MAX_DEPARTURES);
    expect(departuresIn(agreed.state).map(({ peer }) => peer)).not.toContain("p9");
    expect(departuresIn(agreed.state)[0]).toMatchObject({ peer: `p${MAX_DEPARTURES + 9}` });
  });

  it("is nothing that users have chosen, and what is no word does no harm", () => {
    const agreed = Agreed.of("b");
    leaves(agreed, "b", 1);
    for (const key of agreed.state.settings.keys()) expect(isOwnSetting(key)).toBe(true);
    agreed.run({ type: "set", key: "left/x", value: "no word" }, { type: "set", key: "left0", value: "voice" });
    expect(departuresIn(agreed.state)).toMatchObject([{ peer: "b" }]);
    expect(isOwnSetting("left0")).toBe(false);
    expect(isOwnSetting("voice")).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { TwinWatch } from "../../../src/mesh/links/twin.ts";

describe("a peer that runs twice", () => {
  it("is told of once one of the two is turned away for longer than a dead link could be taken for a live one", () => {
    const watch = new TwinWatch();
    watch.turnedAway("there", 1_000);
    watch.turnedAway("there", 3_500);
    expect(watch.certain(3_500)).toBeUndefined();
    watch.turnedAway("elsewhere", 6_000);
    expect(watch.certain(6_000)).toBe("elsewhere");
  });

  it("is told of no more once a link came up or nobody has come for a minute", () => {
    const watch = new TwinWatch();
    watch.turnedAway("there", 0);
    watch.turnedAway("there", 6_000);
    expect(watch.certain(65_999)).toBe("there");
    expect(watch.certain(66_001)).toBeUndefined();
    watch.turnedAway("there", 70_000);
    expect(watch.certain(70_000)).toBeUndefined();
    watch.turnedAway("there", 76_000);
    watch.settled();
    expect(watch.certain(76_000)).toBeUndefined();
  });
});

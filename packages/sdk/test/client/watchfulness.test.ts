import { describe, expect, it } from "vitest";
import { keepingOf } from "../../src/client/link/options.ts";
import { Watchfulness } from "../../src/client/link/watchfulness.ts";

const keeping = keepingOf({ token: "t" });
const [idle, working, sounding] = [
  { everyMs: 2_000, silentMs: 5_000 },
  { everyMs: 300, silentMs: 700 },
  { everyMs: 120, silentMs: 300 },
];

describe("how closely a peer is watched", () => {
  it("is the closer, the more there is to lose", () => {
    const watch = new Watchfulness(keeping);
    expect(watch.pace("nothing", true, 0)).toEqual(idle);
    expect(watch.pace("working", true, 0)).toEqual(working);
    expect(watch.pace("sounding", true, 0)).toEqual(sounding);
  });

  it("is no closer in mid-sound where there is nobody else to go to", () => {
    expect(new Watchfulness(keeping).pace("sounding", false, 0)).toEqual(working);
  });

  it("is eased for a minute where peers were left early twice: who moves on and on hears less than who waits", () => {
    const watch = new Watchfulness(keeping);
    watch.left("sounding", 1_000);
    expect(watch.pace("sounding", true, 2_000)).toEqual(sounding);
    // Left as late as ever.
    watch.left("working", 2_000);
    expect(watch.pace("sounding", true, 2_000)).toEqual(sounding);
    watch.left("sounding", 3_000);
    expect(watch.pace("sounding", true, 60_999)).toEqual(working);
    expect(watch.pace("sounding", true, 61_000)).toEqual(sounding);
  });

  it("is never further than was asked for", () => {
    const watch = new Watchfulness(keepingOf({ token: "t", reconnect: { heartbeatMs: 100, silentMs: 200 } }));
    for (const doing of ["nothing", "working", "sounding"] as const)
      expect(watch.pace(doing, true, 0)).toEqual({ everyMs: 100, silentMs: 200 });
  });
});

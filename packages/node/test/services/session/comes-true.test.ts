import { describe, expect, it } from "vitest";
import { VirtualClock } from "@parley/actors/testing";
import { comesTrue } from "../../../src/services/session/comes-true.ts";

function world() {
  const clock = new VirtualClock();
  const watchers = new Set<() => void>();
  const watch = (changed: () => void) => {
    watchers.add(changed);
    return () => void watchers.delete(changed);
  };
  return { clock, watchers, how: { withinMs: 150, clock, watch } };
}

describe("what others bring about", () => {
  it("is waited for, and not for long", async () => {
    const { clock, watchers, how } = world();
    const late = comesTrue(() => false, how);
    await clock.pass(150);
    expect([await late, watchers.size]).toEqual([false, 0]);
  });

  it("is seen when it comes", async () => {
    const { watchers, how } = world();
    let isThere = false;
    const came = comesTrue(() => isThere, how);
    for (const changed of watchers) changed();
    isThere = true;
    for (const changed of watchers) changed();
    expect([await came, watchers.size]).toEqual([true, 0]);
  });

  it("is not waited for where it is so already", async () => {
    const { watchers, how } = world();
    expect([await comesTrue(() => true, how), watchers.size]).toEqual([true, 0]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  claimTry,
  closeWindow,
  endOf,
  MAX_TRIES,
  openWindow,
  proveWindow,
  WINDOW_MS,
  type PairingWindow,
} from "../../../../src/mesh/door/code/window.ts";

const OPENED_MS = 1_000_000;
const opened = openWindow("KQ7M3XWA", OPENED_MS);

function claimed(window: PairingWindow, peerId: string, nowMs = OPENED_MS): PairingWindow {
  const next = claimTry(window, peerId, nowMs);
  if (next === undefined) throw new Error("the window refused a try");
  return next;
}

describe("a pairing window", () => {
  it("is open for ten minutes and no longer", () => {
    expect(endOf(opened, OPENED_MS + WINDOW_MS - 1)).toBeUndefined();
    expect(endOf(opened, OPENED_MS + WINDOW_MS)).toBe("expired");
    expect(claimTry(opened, "a", OPENED_MS + WINDOW_MS)).toBeUndefined();
  });

  it("is closed by the fifth failure, whoever failed", () => {
    let window = opened;
    for (let n = 0; n < MAX_TRIES; n += 1) {
      expect(endOf(window, OPENED_MS)).toBeUndefined();
      window = claimed(window, `peer ${n}`);
    }
    expect(endOf(window, OPENED_MS)).toBe("too-many-failures");
    expect(claimTry(window, "peer 9", OPENED_MS)).toBeUndefined();
  });

  it("gives all tries that are under way at once no more guesses than one after the other", () => {
    const taken = Array.from({ length: 50 }, (_, n) => n).reduce(
      ({ window, tries }, n) => {
        const next = claimTry(window, `peer ${n}`, OPENED_MS);
        return next === undefined ? { window, tries } : { window: next, tries: tries + 1 };
      },
      { window: opened, tries: 0 },
    );
    expect(taken.tries).toBe(MAX_TRIES);
  });

  it("lets one peer in: others are refused once it is proven, even those that claimed before", () => {
    const both = claimed(claimed(opened, "a"), "b");
    const proven = proveWindow(both, "a");
    expect(proven).toBeDefined();
    if (proven === undefined) return;
    expect(proveWindow(proven, "b")).toBeUndefined();
    expect(claimTry(proven, "b", OPENED_MS)).toBeUndefined();
    expect(endOf(proven, OPENED_MS)).toBe("used");
  });

  it("lets the peer that has proven the code ask again for nothing until it is in, and never after", () => {
    const proven = proveWindow(claimed(opened, "a"), "a") ?? opened;
    expect(claimed(proven, "a").triesLeft).toBe(proven.triesLeft);
    const used = closeWindow(proven, "used");
    expect(claimTry(used, "a", OPENED_MS)).toBeUndefined();
    expect(proveWindow(used, "a")).toBeUndefined();
  });

  it("stays closed when a person has closed it, also for a try that was under way", () => {
    const closed = closeWindow(claimed(opened, "a"), "closed");
    expect(endOf(closed, OPENED_MS)).toBe("closed");
    expect(proveWindow(closed, "a")).toBeUndefined();
    expect(endOf(closeWindow(closed, "used"), OPENED_MS)).toBe("closed");
  });

  it("lets at most one peer prove it and at most five try, in whatever order things happen", () => {
    const peer = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("claim" as const), peer, afterMs: fc.nat(WINDOW_MS / 3) }),
      fc.record({ kind: fc.constant("prove" as const), peer, afterMs: fc.nat(1000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let window = opened;
        let nowMs = OPENED_MS;
        const winners = new Set<string>();
        let tries = 0;
        for (const { kind, peer, afterMs } of steps) {
          nowMs += afterMs;
          const next = kind === "claim" ? claimTry(window, peer, nowMs) : proveWindow(window, peer);
          if (next === undefined) continue;
          if (kind === "prove") winners.add(peer);
          else if (!winners.has(peer)) tries += 1;
          if (kind === "claim") expect(nowMs).toBeLessThan(OPENED_MS + WINDOW_MS);
          window = next;
        }
        expect(winners.size).toBeLessThanOrEqual(1);
        expect(tries).toBeLessThanOrEqual(MAX_TRIES);
        expect(window.triesLeft).toBe(MAX_TRIES - tries);
      }),
    );
  });
});

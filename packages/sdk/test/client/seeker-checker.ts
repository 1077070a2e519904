/** Carries out what a seeker wants, and breaks off when it wants what it must not. */
import assert from "node:assert/strict";
import type { Seeker, SeekerEffect } from "../../src/client/link/seeker.ts";

export const PAUSES = { staggerMs: 300, firstPauseMs: 250, mostPauseMs: () => 15_000, stableMs: 10_000 };

/** Does what the seeker wants, and breaks off when it wants what it must not. */
export class Checker {
  readonly sockets = new Map<string, "opening" | "open" | "registering" | "up">();
  timer = false;
  isOver = false;

  take(effects: readonly SeekerEffect[], { phase }: Seeker): void {
    for (const effect of effects) {
      assert(!this.isOver, "nothing is done after the end");
      if (effect.do === "open") {
        assert(!this.sockets.has(effect.url), "no second socket to one peer");
        this.sockets.set(effect.url, "opening");
      } else if (effect.do === "register") {
        assert(this.sockets.get(effect.url) === "open", "only who is open is told who we are");
        const known = [...this.sockets.values()].some((state) => state === "registering" || state === "up");
        assert(!known, "one peer at a time is told who we are");
        this.sockets.set(effect.url, "registering");
      } else if (effect.do === "drop") assert(this.sockets.delete(effect.url), "what is dropped was there");
      else if (effect.do === "up") this.sockets.set(effect.url, "up");
      else if (effect.do === "set-timer") {
        assert(effect.ms > 0 && effect.ms <= PAUSES.mostPauseMs(), "pauses are bounded");
        this.timer = true;
      } else if (effect.do === "clear-timer") this.timer = false;
    }
    if (phase === "over") this.isOver = true;
    const states = [...this.sockets.values()];
    if (phase === "up") assert.deepEqual(states, ["up"]);
    if (phase === "over" || phase === "waiting") assert.deepEqual(states, []);
    // It never stands still without a way on: a socket of which something will be heard, or the timer.
    if (phase === "waiting") assert(this.timer, "who waits has a timer");
    if (phase === "seeking")
      assert(states.includes("opening") || states.includes("registering"), "who seeks has a way on");
  }
}

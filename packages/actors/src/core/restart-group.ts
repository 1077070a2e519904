/** Children that restart together: cleared from the youngest to the oldest, then, after the pause, started in order. */
import type { Child } from "./child.ts";
import type { Clock, Timer } from "./ports.ts";

export class RestartGroup {
  readonly #clock: Clock;
  readonly #members: readonly Child[];
  readonly #pauseMs: number;
  readonly #restarted: () => void;
  /** Members from here on are cleared, or gone. */
  #clearedFrom: number;
  #timer: Timer | undefined;
  #isOver = false;
  #isAdvancing = false;

  /** @param members in the order of their start @param restarted called once, just before they start */
  constructor(clock: Clock, members: readonly Child[], pauseMs: number, restarted: () => void) {
    this.#clock = clock;
    this.#members = members;
    this.#pauseMs = pauseMs;
    this.#restarted = restarted;
    this.#clearedFrom = members.length;
  }

  /** Goes as far as it can: called at first, and whenever a member is cleared or gone. */
  advance(): void {
    // Members that are cleared at once call back from within.
    if (this.#isAdvancing || this.#isOver || this.#timer !== undefined) return;
    this.#isAdvancing = true;
    while (this.#clearedFrom > 0 && this.#isPutAway(this.#members[this.#clearedFrom - 1])) this.#clearedFrom -= 1;
    this.#isAdvancing = false;
    if (this.#clearedFrom > 0) return;
    if (this.#pauseMs > 0) this.#timer = this.#clock.after(this.#pauseMs, () => this.#start());
    else this.#start();
  }

  dissolve(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** Sees to it that `member` is put away, and says whether it is. */
  #isPutAway(member: Child | undefined): boolean {
    if (member === undefined) return true;
    // The restart of others is the end of a temporary child, as in OTP.
    if (member.restart === "temporary" && isLive(member)) member.stop("stopped", undefined);
    else if (isLive(member)) member.clear();
    return member.state === "waiting" || member.state === "stopped";
  }

  #start(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#restarted();
    for (const member of this.#members) {
      if (member.state === "waiting") member.resume();
    }
  }
}

function isLive({ state }: Child): boolean {
  return state === "starting" || state === "running" || state === "failed";
}

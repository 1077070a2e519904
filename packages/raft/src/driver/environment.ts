/** Time and chance as the driver finds them, so that a simulation can give it its own. */

/** Something that will run later. */
export interface Timer {
  /** It will not run. May be called at any time, also afterwards. */
  cancel(): void;
}

/** What is around a node. Callbacks come one at a time, never from within the call that asked for them. */
export interface Environment {
  /** Milliseconds since any fixed moment, with fractions; never goes back, and goes on while the process is stopped. */
  nowMs(): number;
  /** Runs `run` once, `delayMs` from now or somewhat later. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs `run` once what has arrived by now is taken in: what comes together is carried out together. */
  soon(run: () => void): void;
  /** A number in [0, 1). Names of proposals are drawn from it: two lives must not draw the same. */
  random(): number;
}

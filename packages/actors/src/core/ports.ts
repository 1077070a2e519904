/** Time, chance and the log as actors find them, so that a simulation can give them its own. Clocks and chance must not throw. */

/** Something that will run later. */
export interface Timer {
  /** It will not run. May be called at any time, also afterwards. */
  cancel(): void;
}

/** Callbacks come one at a time, never from within the call that asked for them. */
export interface Clock {
  /** Milliseconds since any fixed moment, with fractions; never goes back. */
  nowMs(): number;
  /** Runs `run` once, `delayMs` from now or somewhat later. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs `run` once the work at hand is done: a micro-task. */
  soon(run: () => void): void;
  /** Runs `run` once input and output have had their turn. */
  later(run: () => void): void;
}

/** A number in [0, 1). */
export type RandomSource = () => number;

/**
 * Where the runtime reports what no caller hears of. `fields` go into the record beside `message`. Should not throw: what it
 * throws all the same becomes an uncaught exception of the process, while the runtime goes on.
 */
export interface ActorLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

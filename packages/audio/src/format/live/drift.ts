/** How fast to read a buffer that two clocks share, so that it neither fills nor empties. */

/** Range of {@link DriftControl}: two crystals of 1000 ppm each, far worse than sound cards have. Well below a quarter tone (2.9 %). */
export const MAX_CORRECTION = 0.002;
/** Closed loop of second order, critically damped, settling in some ten seconds: jitter of blocks stays out of the pitch. */
const PROPORTIONAL_PER_S = 0.1;
const INTEGRAL_PER_S2 = PROPORTIONAL_PER_S ** 2 / 4;
/** The fill is a saw-tooth of whole blocks; its average over this long is what is steered. */
const AVERAGING_S = 1;
/** Change of pitch in a second at most: 0.05 % is below one cent, where trained ears begin at about five. */
const MAX_SLEW_PER_S = 0.0005;

/**
 * A proportional-integral controller from the fill of a buffer to the step it is read with (input samples per output
 * sample). The integral learns the drift itself, so that the fill returns to its target and stays there.
 */
export class DriftControl {
  readonly #targetS: number;
  #averageS: number;
  #integral = 0;
  #correction = 0;

  constructor(targetS: number) {
    this.#targetS = targetS;
    this.#averageS = targetS;
  }

  /** 1 plus the correction in force. */
  get step(): number {
    return 1 + this.#correction;
  }

  /** What the drift is believed to be, in parts per million: positive when the writer's clock is the faster one. */
  get driftPpm(): number {
    return this.#integral * 1e6;
  }

  /** After another `elapsedS` of reading the buffer holds `fillS` seconds. */
  update(fillS: number, elapsedS: number): void {
    this.#averageS += (fillS - this.#averageS) * Math.min(1, elapsedS / AVERAGING_S);
    const error = this.#averageS - this.#targetS;
    // Bounded where it could do no more: a long stall must not wind it up.
    this.#integral = clamp(this.#integral + INTEGRAL_PER_S2 * error * elapsedS, MAX_CORRECTION);
    const wanted = clamp(PROPORTIONAL_PER_S * error + this.#integral, MAX_CORRECTION);
    this.#correction += clamp(wanted - this.#correction, MAX_SLEW_PER_S * elapsedS);
  }

  /** The buffer was refilled to its target by other means; what is known of the drift stays. */
  refilled(): void {
    this.#averageS = this.#targetS;
  }
}

function clamp(value: number, magnitude: number): number {
  return Math.max(-magnitude, Math.min(magnitude, value));
}

/** What is wrong with the network. */

/** `loss`, `duplication` and `reorder` break what transports promise, on purpose: the layer above must notice. */
export interface Weather {
  /** Every frame takes from `delayMs` to `delayMs + jitterMs`, and none overtakes another of its lane. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Share of frames that are held up, with all that come after them in their lane, as when TCP has lost a packet. */
  readonly stall: number;
  readonly stallMs: number;
  /** Share of frames that never arrive. */
  readonly loss: number;
  /** Share of frames that arrive twice. */
  readonly duplication: number;
  /** Share of frames that are overtaken by the next of their lane. */
  readonly reorder: number;
}

export const FAIR_WEATHER: Weather = {
  delayMs: 0.3,
  jitterMs: 0.4,
  stall: 0,
  stallMs: 0,
  loss: 0,
  duplication: 0,
  reorder: 0,
};

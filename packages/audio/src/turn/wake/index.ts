/** When a wake word counts as heard. */
export { createWakeWatch } from "./watch.ts";
export type { WakeHit, WakeOptions, WakeRule, WakeScores, WakeWatch } from "./watch.ts";

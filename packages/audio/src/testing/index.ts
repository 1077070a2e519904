/** Named test engines, run in real engine hosts. */
export { crashHost, energyVadHost, fixedDelaySttHost, fixedDelayTtsHost, toneWakeHost } from "./hosts.ts";
/** How well a recogniser heard. */
export { wordErrors } from "./word-errors.ts";
export type { WordErrors } from "./word-errors.ts";
/** Sounds made for measuring. */
export * from "./sounds/index.ts";

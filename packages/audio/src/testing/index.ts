/** Named test engines, run in real engine hosts. */
export { crashHost, energyVadHost, fixedDelaySttHost, fixedDelayTtsHost, toneSttHost, toneWakeHost } from "./hosts.ts";
/** A language that test engines understand. */
export { heardInTones, spokenInTones, TONE_WORD_MS } from "./tone-words.ts";
/** How well a recogniser heard. */
export { wordErrors } from "./word-errors.ts";
export type { WordErrors } from "./word-errors.ts";
/** Sounds made for measuring. */
export * from "./sounds/index.ts";

// What a sound does to a reply that is being spoken.
export { createBargeIn } from "./bargein.ts";
export type { BargeIn, BargeInDecision, BargeInFrame } from "./bargein.ts";
export { bargeInOptions } from "./options.ts";
export type { BargeInOptions } from "./options.ts";

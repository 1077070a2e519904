/** Hearing. */
export { listen, nextPartialAtMs } from "./listen.ts";
export type { ListenEngines, ListenEvent, ListenOptions, PartialPolicy } from "./listen.ts";
/** Speaking. */
export { speak } from "./speak.ts";
export type { SpeakEvent, SpeakOptions } from "./speak.ts";
/** Both, round a thought. */
export { voiceTurn } from "./turn.ts";
export type { TurnEvent, TurnInput, TurnOptions, TurnParts, TurnTimings } from "./turn.ts";

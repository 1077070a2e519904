/** Hearing. */
export { listen } from "./listen.ts";
export type { ListenEngines, ListenEvent, ListenOptions } from "./listen.ts";
/** Speaking. */
export { speak } from "./speak.ts";
export type { SpeakEvent } from "./speak-event.ts";
export type { SpokenSoFar } from "./go-on.ts";
export type { SpeakOptions } from "./speak.ts";
export { readSsml, speakSsml } from "./speak-ssml.ts";
/** Both, round a thought. */
export { voiceTurn } from "./turn.ts";
export type { TurnEvent, TurnInput, TurnOptions, TurnParts, TurnTimings } from "./turn.ts";
/** Frequent phrases, spoken once. */
export { cachedTts } from "./phrases/cached-tts.ts";
export type { CachedTts, CachedTtsOptions, PhraseCounts } from "./phrases/cached-tts.ts";
export { openPhraseDisk } from "./phrases/disk.ts";
export type { PhraseDisk, PhraseDiskOptions } from "./phrases/disk.ts";
export type { PhrasePolicyOptions } from "./phrases/policy.ts";

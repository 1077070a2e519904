/** Sounds made for measuring: noises, music, bursts, rooms, mixtures at stated levels, and where speech is in them. */
export { cough, doorKnock, droppedThing, keyboard } from "./bursts.ts";
export { chanceOf, type Chance } from "./chance.ts";
export { scoreFrames, speechLabels } from "./labels.ts";
export type { Found } from "./labels.ts";
export { Leak, type LeakOptions } from "./leak.ts";
export { inRoom, joinedSounds, mixedAt, rms, speakingRms, withRms } from "./mix.ts";
export { babble, music, pinkNoise, whiteNoise } from "./noise.ts";
export { laughter, throatClearing, voicedCough } from "./throats.ts";

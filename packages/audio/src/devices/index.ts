// What sound comes from and goes to.
export type { AudioSink, AudioSource, DeviceClock, DeviceEvent, SinkDevice } from "./contracts.ts";
export { MACHINE_CLOCK, paced } from "./clock.ts";
export type { BackOff } from "./clock.ts";
// The host's own microphone and loudspeaker.
export { microphone } from "./microphone.ts";
export type { MicrophoneOptions } from "./microphone.ts";
export { speaker } from "./speaker.ts";
export type { SpeakerOptions } from "./speaker.ts";
export { findPrograms } from "./programs.ts";
export type { DeviceProgram, Direction, ProgramSearch } from "./programs.ts";
// Files, pipes, silence and nowhere in their place.
export { fileSink, fileSource, nullSink, pipeSink, rawSource, silentSource } from "./files.ts";
export type { SourceOptions } from "./files.ts";
// Playing replies: ducked, stopped, and known how far they were heard.
export { Playback } from "./playback.ts";
export type { PlaybackOptions, PlaybackReport, Stopped } from "./playback.ts";

/** The engine interfaces, for callers. */
export type {
  CallOptions,
  SpeechToText,
  SynthesizeOptions,
  TextToSpeech,
  Transcript,
  Voice,
  VoiceActivity,
  VoiceActivityEvent,
} from "./contracts.ts";
/** What an engine module is, for those who write one. */
export type { Engine, EngineModule, JobHandler, JobIo } from "./module.ts";
/** Engines as guests: child processes that cannot take the peer down. */
export { siblingModule, startEngineHost } from "./host/index.ts";
export type {
  EngineHost,
  EngineHostOptions,
  ExitReport,
  HostStatus,
  Job,
  JobOptions,
  JobRunner,
} from "./host/index.ts";

/** The engine interfaces, for callers. */
export type {
  CallOptions,
  HeardWord,
  HearingMode,
  HearOptions,
  PartialPolicy,
  SpeechStream,
  SpeechToText,
  StreamEvent,
  StreamOptions,
  SynthesizeOptions,
  TextToSpeech,
  Transcript,
  Voice,
  VoiceFrame,
  VoiceFrames,
  WakeStep,
  WakeWord,
} from "./contracts.ts";
export { LONGEST_HOT_WORD_CHARS, LONGEST_STREAM_MS, MOST_HOT_WORDS } from "./contracts.ts";
/** A stream of speech, of whatever engine. */
export { startStream } from "./hearing/start-stream.ts";
/** For streams of speech of another make: what they tell, and what they refuse. */
export { StreamEvents } from "./hearing/events.ts";
export { refuseHotWords, refuseTooLong, streamOver } from "./hearing/limits.ts";
export { nextPartialAtMs } from "./hearing/redecoded-stream.ts";
/** What an engine module is, for those who write one. */
export type { Engine, EngineModule, JobHandler, JobIo } from "./module.ts";
export { checked } from "./checked.ts";
export { modelFiles } from "./model-files.ts";
export { OrderedEmitter } from "./ordered-emitter.ts";
/** Engines as guests: child processes that cannot take the peer down. */
export { NO_TELEMETRY, siblingModule, startEngineHost } from "./host/index.ts";
export type {
  EngineHost,
  EngineHostOptions,
  ExitReport,
  HostStatus,
  Job,
  JobOptions,
  JobRunner,
} from "./host/index.ts";
/** The sherpa-onnx engines, ready to be hosted. */
export { keywordHost, streamingSttHost, sttHost, ttsHost } from "./sherpa/hosts.ts";
export type { KeywordHostChoice, StreamingSttHostChoice, SttHostChoice, TtsHostChoice } from "./sherpa/hosts.ts";
/** The onnxruntime engines, ready to be hosted. */
export { framesHost, wakeHost } from "./onnx/hosts.ts";
export type { FramesHostChoice, WakeHostChoice } from "./onnx/hosts.ts";
/** A hosted engine as the interface its callers know. */
export { parseTranscript, speechToText, textToSpeech, voiceFrames, wakeWord } from "./adapters.ts";
/** Which voice speaks. */
export { chooseVoice, languageSpoken, voiceOfLanguage } from "./voices.ts";
export type { VoiceWish } from "./voices.ts";

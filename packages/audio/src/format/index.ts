// Linear PCM in memory, and the rate recognisers take.
export { durationMs, SPEECH_RATE_HZ } from "./pcm.ts";
export type { Pcm } from "./pcm.ts";
// WAV, MP3, FLAC, Ogg Vorbis and Ogg Opus, from bytes to mono samples.
export { MAX_BLOCK_SAMPLES, openAudio, openAudioFile } from "./open.ts";
export type { OpenAudio, OpenAudioOptions } from "./open.ts";
export type { AudioFormat } from "./decoder.ts";
// Changing the sample rate.
export { createResampler, resample, resamplePcm, toSpeech } from "./resample.ts";
export type { Resampler } from "./resample.ts";
// Writing WAV: in memory, to a file, to a stream.
export { encodeWav, toPcm16, wavHeader, writeWavFile, writeWavStream } from "./wav-writer.ts";
export type { WriteWavOptions, WrittenWav } from "./wav-writer.ts";
// Writing Ogg Opus: as pages, to a file, to a stream.
export { encodeOpus, writeOpusFile, writeOpusStream } from "./opus-writer.ts";
export type { WriteOpusOptions, WrittenOpus } from "./opus-writer.ts";
// What a file's name says of its format, and whether it can be written.
export { checkWritable, formatOfName } from "./out.ts";
export type { WrittenFormat } from "./out.ts";
// Blocks of 16-bit samples in fewer bytes, as they travel between peers.
export { MOST_PACKED_SAMPLES, packSamples, unpackSamples } from "./packed.ts";
// How loud a block is.
export { level, SILENCE_DBFS } from "./level.ts";
export type { Level } from "./level.ts";
// Sound that does not end: rings between threads, level events, two clocks, raw PCM.
export { ClockBridge, createMeter, createRawDecoder, SampleRing } from "./live/index.ts";
export type {
  BridgeReport,
  ClockBridgeOptions,
  LevelEvent,
  Meter,
  MeterOptions,
  RawDecoder,
  RawLayout,
} from "./live/index.ts";
export type { SampleEncoding } from "./wav-samples.ts";
// Blocks of any size into frames of one size.
export { toFrames } from "./frames.ts";
export type { LastFrame } from "./frames.ts";
// The house's one asynchronous queue.
export { BoundedQueue } from "./queue.ts";
export type { BoundedQueueOptions } from "./queue.ts";
// Waiting with an AbortSignal.
export { abortable, abortError } from "./abort.ts";

/** Streams of speech, of whatever engine. */
import type { SpeechStream, SpeechToText, StreamOptions } from "../contracts.ts";
import { redecodedStream } from "./redecoded-stream.ts";

/**
 * A stream of `stt`: its own where it recognises while it hears, else one that decodes the growing stretch again.
 * @throws AudioError `input-refused` for hot words that are none
 */
export function startStream(stt: SpeechToText, options: StreamOptions = {}): SpeechStream {
  return stt.startStream === undefined ? redecodedStream(stt, options) : stt.startStream(options);
}

/** Speaking: a stream of text becomes sentences, and those become sound while the text is still being written. */
import type { TextToSpeech } from "../engines/contracts.ts";
import { BoundedQueue } from "../format/queue.ts";
import { createChunker } from "../turn/chunker.ts";
import { createSpeakable } from "../turn/saying/speakable.ts";
import { allOrNone, channel } from "./channel.ts";
import type { SpeakEvent } from "./speak-event.ts";
import { timed } from "./timed.ts";

/** Options of {@link speak}. */
export interface SpeakOptions {
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sentences that may wait for the voice before the writer is held. */
const SENTENCES_AHEAD = 32;

/**
 * Speaks `text` sentence by sentence.
 * @throws AudioError of the voice, or whatever the text source throws.
 */
export function speak(
  text: AsyncIterable<string>,
  tts: TextToSpeech,
  options: SpeakOptions = {},
): AsyncGenerator<SpeakEvent, void, undefined> {
  return channel<SpeakEvent>(
    async (emit, outer) => {
      const stop = new AbortController();
      const signal = AbortSignal.any([outer, stop.signal]);
      const sentences = new BoundedQueue<string>({ capacity: SENTENCES_AHEAD, signal, doing: "speaking" });
      await allOrNone(stop, [
        write(text, sentences, emit, signal),
        voiceSentences(sentences, tts, { ...options, signal }, emit),
      ]);
    },
    { capacity: 64, doing: "speaking", signal: options.signal },
  );
}

/** Passes the text on as it comes and cuts it into sentences. */
async function write(
  text: AsyncIterable<string>,
  sentences: BoundedQueue<string>,
  emit: (event: SpeakEvent) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const chunker = createChunker();
  try {
    for await (const delta of text) {
      signal.throwIfAborted();
      await emit({ type: "text", delta });
      for (const sentence of chunker.push(delta)) await sentences.push(sentence);
    }
    for (const sentence of chunker.end()) await sentences.push(sentence);
    sentences.close();
  } catch (error) {
    sentences.fail(error);
    throw error;
  }
}

async function voiceSentences(
  sentences: AsyncIterable<string>,
  tts: TextToSpeech,
  options: SpeakOptions & { readonly signal: AbortSignal },
  emit: (event: SpeakEvent) => Promise<void>,
): Promise<void> {
  const speaking = tts.voices.find(({ name }) => name === options.voice) ?? tts.voices[0];
  const speakable = createSpeakable({ language: speaking?.language });
  let index = 0;
  const call = {
    signal: options.signal,
    ...(options.voice === undefined ? {} : { voice: options.voice }),
    ...(options.speed === undefined ? {} : { speed: options.speed }),
  };
  for await (const sentence of sentences) {
    const spoken = speakable(sentence);
    if (spoken.text === "") {
      await emit({ type: "unsaid", written: sentence });
      continue;
    }
    await emit({ type: "sentence", index, text: spoken.text, spoken });
    for await (const event of timed(tts.synthesize(spoken.text, call), index, spoken, speaking?.language)) {
      await emit(event);
    }
    index += 1;
  }
}

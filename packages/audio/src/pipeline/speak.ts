/** Speaking: a stream of text becomes sentences, and those become sound while the text is still being written. */
import type { TextToSpeech } from "../engines/contracts.ts";
import { chooseVoice, languageSpoken, type VoiceWish } from "../engines/voices.ts";
import { BoundedQueue } from "../format/queue.ts";
import { createChunker, type Chunker } from "../turn/chunker.ts";
import { createSpeakable } from "../turn/saying/speakable.ts";
import { Ahead } from "./ahead.ts";
import { allOrNone, channel } from "./channel.ts";
import { REAL_CLOCK } from "./converse/clock.ts";
import type { ConversationClock } from "./converse/contracts.ts";
import { behind, fromStart, GoOn, type SpokenSoFar } from "./go-on.ts";
import type { SpeakEvent } from "./speak-event.ts";
import { timed } from "./timed.ts";

/** Options of {@link speak}. */
export interface SpeakOptions extends VoiceWish {
  readonly speed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Counts the time that a slow writer takes to the first chunk. The machine's when absent. */
  readonly clock?: Pick<ConversationClock, "after"> | undefined;
  /** The listener has a part of it already: `text` comes again from its beginning, and is gone on with behind that. */
  readonly soFar?: SpokenSoFar | undefined;
}

/** Sentences that may wait for the voice before the writer is held. */
const SENTENCES_AHEAD = 32;
/** Events that wait unread, most of them pieces of text; how much sound waits is bounded by {@link Ahead}. */
export const EVENTS_AHEAD = 1024;
/** A writer this slow is not waited for to make the first chunk a good one: its first clause will do. */
const FIRST_CHUNK_MS = 700;

/**
 * Speaks `text` chunk by chunk; while one is taken the next ones are made, as far as {@link Ahead} lets them.
 * @throws AudioError `input-refused` when no voice is as it is wished, those of the voice, or whatever the text source throws.
 */
export function speak(
  text: AsyncIterable<string>,
  tts: TextToSpeech,
  options: SpeakOptions = {},
): AsyncGenerator<SpeakEvent, void, undefined> {
  const ahead = new Ahead();
  const events = channel<SpeakEvent>(
    async (emit, outer) => {
      const stop = new AbortController();
      const signal = AbortSignal.any([outer, stop.signal]);
      const sentences = new BoundedQueue<string>({ capacity: SENTENCES_AHEAD, signal, doing: "speaking" });
      await allOrNone(stop, [
        write(text, sentences, emit, { ...options, signal }),
        voiceSentences(sentences, { tts, ahead, emit }, { ...options, signal }),
      ]);
    },
    { capacity: EVENTS_AHEAD, doing: "speaking", signal: options.signal },
  );
  return ahead.taking(events);
}

interface Work extends SpeakOptions {
  readonly signal: AbortSignal;
}

/** Passes the text on as it comes and cuts it into sentences. */
async function write(
  text: AsyncIterable<string>,
  sentences: BoundedQueue<string>,
  emit: (event: SpeakEvent) => Promise<void>,
  { signal, clock = REAL_CLOCK, soFar = fromStart }: Work,
): Promise<void> {
  const goOn = new GoOn(soFar);
  const chunker = createChunker({ after: soFar.text.slice(0, soFar.spoken) });
  const first = new FirstChunk(chunker, sentences, clock);
  try {
    for await (const delta of text) {
      signal.throwIfAborted();
      const { untold, unsaid } = goOn.take(delta);
      if (untold !== "") await emit({ type: "text", delta: untold });
      if (unsaid === "") continue;
      const chunks = chunker.push(unsaid);
      first.wrote(unsaid, chunks.length > 0);
      for (const sentence of chunks) await sentences.push(sentence);
    }
    first.end();
    for (const sentence of chunker.end()) await sentences.push(sentence);
    sentences.close();
  } catch (error) {
    sentences.fail(error);
    throw error;
  } finally {
    first.end();
  }
}

/** Sees to it that a slow writer does not keep the first chunk back for long. */
class FirstChunk {
  readonly #chunker: Chunker;
  readonly #sentences: BoundedQueue<string>;
  readonly #clock: Pick<ConversationClock, "after">;
  #state: "waiting" | "counting" | "late" | "over" = "waiting";
  #takeBack: () => void = () => undefined;

  constructor(chunker: Chunker, sentences: BoundedQueue<string>, clock: Pick<ConversationClock, "after">) {
    this.#chunker = chunker;
    this.#sentences = sentences;
    this.#clock = clock;
  }

  /** The chunker has taken `delta`, and has given a chunk for it or not. */
  wrote(delta: string, isCut: boolean): void {
    if (isCut) return this.end();
    if (this.#state === "late") return this.#hurry();
    if (this.#state !== "waiting" || delta.trim() === "") return;
    this.#state = "counting";
    this.#takeBack = this.#clock.after(FIRST_CHUNK_MS, () => {
      if (this.#state !== "counting") return;
      this.#state = "late";
      this.#hurry();
    });
  }

  end(): void {
    this.#state = "over";
    this.#takeBack();
  }

  #hurry(): void {
    const chunk = this.#chunker.hurry();
    if (chunk === undefined) return;
    this.end();
    // Nothing was queued before it, so there is room.
    this.#sentences.tryPush(chunk);
  }
}

async function voiceSentences(
  sentences: AsyncIterable<string>,
  {
    tts,
    ahead,
    emit,
  }: { readonly tts: TextToSpeech; readonly ahead: Ahead; readonly emit: (event: SpeakEvent) => Promise<void> },
  { signal, speed, soFar = fromStart, ...wish }: Work,
): Promise<void> {
  const voice = chooseVoice(tts.voices, wish);
  const language = languageSpoken(voice, wish);
  const speakable = createSpeakable({ language });
  const how = { signal, voice: voice.name, ...(speed === undefined ? {} : { speed }) };
  // Whether a block of code is open is known from what comes before.
  speakable(soFar.text.slice(0, soFar.spoken));
  let { index, spoken: from, heardMs: givenMs } = soFar;
  for await (const sentence of sentences) {
    const spoken = speakable(sentence);
    if (spoken.text === "") {
      await emit({ type: "unsaid", written: sentence });
      from += sentence.length;
      continue;
    }
    await ahead.room(signal);
    await emit({ type: "sentence", index, text: spoken.text, spoken, from });
    const sound = timed(tts.synthesize(spoken.text, how), index, spoken, language);
    for await (const event of behind(sound, givenMs)) {
      ahead.made(event);
      await emit(event);
    }
    givenMs = 0;
    index += 1;
    from += sentence.length;
  }
}

/** One answer on its way from thought to ear: begun early, let through once the turn is certain, cut at any moment. */
import { AudioError } from "../../errors.ts";
import { abortable } from "../../format/abort.ts";
import { heardText, type HeardChunk } from "../../turn/timing/heard.ts";
import { timeSpeech } from "../../turn/timing/timing.ts";
import type { Spoken } from "../../turn/saying/spoken.ts";
import type { SpeakEvent } from "../speak-event.ts";
import { fromStart, GoOn, type SpokenSoFar } from "../go-on.ts";
import { speak } from "../speak.ts";
import type { Asked, ConversationClock, ConversationParts } from "./contracts.ts";

/** How replies are spoken. */
export interface ReplyManner {
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  readonly clock?: ConversationClock | undefined;
}

/** What an answer tells while it is made and heard. */
export interface ReplyNews {
  /** Everything of `speak`, and the plain text where there is no voice. */
  event(event: SpeakEvent): void;
  firstText(): void;
  /** Its first sound is there. */
  firstAudio(): void;
  /** Its first sound goes out. */
  sounds(): void;
  /** All of it was heard; `heardMs` is 0 where nothing sounds. */
  answered(heardMs: number): void;
  failed(stage: "think" | "speak", error: unknown): void;
}

/** A chunk whose sound is still coming. */
interface OpenChunk {
  readonly spoken: Spoken;
  durationMs: number;
}

/** A usual voice, where this one has not shown its pace yet. */
const USUAL_MS_PER_CHAR = 70;

/** An answer under way. */
export class Reply {
  readonly turn: number;
  readonly generation: number;
  readonly question: string;
  readonly #voice: ConversationParts["voice"];
  readonly #manner: ReplyManner;
  readonly #news: ReplyNews;
  readonly #abort = new AbortController();
  readonly #certain = Promise.withResolvers<void>();
  readonly #mayPlay = Promise.withResolvers<void>();
  readonly #chunks: HeardChunk[] = [];
  /** What its listener had of it when it began here. */
  readonly #soFar: SpokenSoFar;
  #open: OpenChunk | undefined;
  #written: string;
  #hasText = false;
  #thinkingFailed = false;
  #hasSound = false;
  #sentMs = 0;

  constructor(
    work: {
      readonly turn: number;
      readonly generation: number;
      readonly question: string;
      readonly soFar?: SpokenSoFar | undefined;
    },
    voice: ConversationParts["voice"],
    manner: ReplyManner,
    news: ReplyNews,
  ) {
    this.turn = work.turn;
    this.generation = work.generation;
    this.question = work.question;
    this.#soFar = work.soFar ?? fromStart;
    this.#written = this.#soFar.text;
    this.#voice = voice;
    this.#manner = manner;
    this.#news = news;
  }

  /** All that was written of it. */
  get written(): string {
    return this.#written;
  }

  /** Length of the sound that went to the playback so far. */
  get sentMs(): number {
    return this.#sentMs;
  }

  /** The person has finished: what cannot be undone may be done. */
  confirm(): void {
    this.#certain.resolve();
  }

  /** Lets its sound through. */
  play(): void {
    this.confirm();
    this.#mayPlay.resolve();
  }

  /** Stops thinking and speaking, wherever they run. What still comes of them is dropped. */
  cancel(): void {
    this.#abort.abort(
      new AudioError("job-cancelled", "the answer is not wanted any more", { nextStep: "None needed." }),
    );
  }

  /** The part of it whose sound had been heard after `heardMs` from here; all of it where there is no voice. */
  heard(heardMs: number): string {
    if (this.#voice === undefined) return this.#written;
    const open = this.#open;
    const chunks = open === undefined ? this.#chunks : [...this.#chunks, this.#estimated(open)];
    const { text, spoken } = this.#soFar;
    return text.slice(0, spoken) + heardText(chunks, heardMs);
  }

  /** Runs to its end; never rejects. */
  async run(think: ConversationParts["think"]): Promise<void> {
    const { signal } = this.#abort;
    const asked: Asked = { turn: this.turn, certain: this.#certain.promise, signal };
    try {
      const text = this.#thought(think(this.question, asked));
      if (this.#voice === undefined) {
        const goOn = new GoOn(this.#soFar);
        for await (const delta of text) this.#onText(goOn.take(delta).untold);
      } else {
        await this.#say(text, this.#voice, signal);
      }
      if (signal.aborted) return;
      const heardMs = this.#hasSound ? await this.#voice?.playback.finished(signal) : 0;
      if (!signal.aborted) this.#news.answered(heardMs ?? 0);
    } catch (error) {
      if (!signal.aborted) this.#news.failed(this.#thinkingFailed ? "think" : "speak", error);
    }
  }

  async *#thought(text: AsyncIterable<string>): AsyncGenerator<string> {
    try {
      yield* text;
    } catch (error) {
      this.#thinkingFailed = true;
      throw error;
    }
  }

  async #say(
    text: AsyncIterable<string>,
    { tts, playback }: NonNullable<ConversationParts["voice"]>,
    signal: AbortSignal,
  ): Promise<void> {
    const { voice, speed, clock } = this.#manner;
    for await (const event of speak(text, tts, { voice, speed, clock, signal, soFar: this.#soFar })) {
      if (signal.aborted) return;
      this.#note(event);
      if (event.type !== "audio") continue;
      const isFirst = !this.#hasSound;
      this.#hasSound = true;
      if (isFirst) this.#news.firstAudio();
      await abortable(this.#mayPlay.promise, signal, "waiting for the turn's end");
      if (isFirst) this.#news.sounds();
      const { samples, sampleRateHz } = event.pcm;
      this.#sentMs += (1000 * samples.length) / sampleRateHz;
      if (!(await playback.play(event.pcm, signal))) return;
    }
  }

  #note(event: SpeakEvent): void {
    switch (event.type) {
      case "text":
        return this.#onText(event.delta);
      case "sentence":
        this.#open = { spoken: event.spoken, durationMs: 0 };
        break;
      case "unsaid":
        this.#chunks.push({ written: event.written, durationMs: 0, words: [] });
        break;
      case "audio":
        if (this.#open !== undefined) {
          this.#open.durationMs += (1000 * event.pcm.samples.length) / event.pcm.sampleRateHz;
        }
        break;
      case "timing":
        this.#open = undefined;
        this.#chunks.push(this.#fromHere(event.timing, event.index));
        break;
    }
    this.#news.event(event);
  }

  /** Of a chunk that was begun elsewhere, only the rest sounds here. */
  #fromHere(chunk: HeardChunk, index: number): HeardChunk {
    const { index: first, heardMs } = this.#soFar;
    if (index !== first || heardMs === 0) return chunk;
    const words = chunk.words.map((word) => ({ ...word, endMs: word.endMs - heardMs }));
    return { written: chunk.written, durationMs: Math.max(0, chunk.durationMs - heardMs), words };
  }

  #onText(delta: string): void {
    if (delta === "") return;
    const isFirst = !this.#hasText;
    this.#hasText = true;
    this.#written += delta;
    this.#news.event({ type: "text", delta });
    if (isFirst) this.#news.firstText();
  }

  /** Of a chunk whose sound is not complete its length is not known: as this voice has spoken so far. */
  #estimated({ spoken, durationMs }: OpenChunk): HeardChunk {
    let [chars, ms] = [0, 0];
    for (const chunk of this.#chunks) {
      if (chunk.durationMs === 0) continue;
      chars += chunk.written.length;
      ms += chunk.durationMs;
    }
    const msPerChar = chars < 20 ? USUAL_MS_PER_CHAR : ms / chars;
    return timeSpeech(spoken, { durationMs: Math.max(durationMs, msPerChar * spoken.text.length) });
  }
}

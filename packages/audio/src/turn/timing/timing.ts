/** When each word of a synthesised chunk is heard, and what a face does meanwhile. */
import type { Spoken } from "../saying/spoken.ts";
import { layWords } from "./align.ts";
import type { WordShape } from "./align.ts";
import { stretches } from "./envelope.ts";
import type { Envelope, Stretch } from "./envelope.ts";
import { soundsOf } from "./sounds.ts";
import type { Sound, Viseme } from "./sounds.ts";

/** A word and when it sounds, from the first sample of its chunk. */
export interface TimedWord extends Stretch {
  readonly text: string;
  /** See `SpokenWord`. */
  readonly writtenEnd: number;
}

/** A shape of the mouth, from the first sample of its chunk. */
export interface VisemeSpan extends Stretch {
  readonly viseme: Viseme;
}

/** One chunk of a reply, in time. */
export interface SpeechTiming {
  readonly written: string;
  readonly durationMs: number;
  /** In order, without overlap. */
  readonly words: readonly TimedWord[];
  /** They follow each other without gap from 0 to the end; no two neighbours are alike. */
  readonly visemes: readonly VisemeSpan[];
}

/** What is known of the sound. */
export interface SpeechSound {
  readonly durationMs: number;
  /** From `createEnvelopeMeter`; without it, words are spread over the whole time. */
  readonly levels?: Envelope | undefined;
  /** BCP 47 tag of the voice: English and German spelling are known, others are taken as they look. */
  readonly language?: string | undefined;
}

/** The last syllable before a pause is drawn out. */
const FINAL_VOWEL_FACTOR = 1.25;
/** Without a sound to look at, the pauses that punctuation makes. */
const BLIND_PAUSE_MS = [0, 180, 350] as const;

/**
 * Estimates word times and visemes of one chunk. The engine tells none: pauses are found in the sound, and between them
 * words share the time by their spelling.
 */
export function timeSpeech(spoken: Spoken, { durationMs, levels, language }: SpeechSound): SpeechTiming {
  const sounds = spoken.words.map((word, index) => {
    const said = soundsOf(word.text, language);
    return pauseBehind(word.text) > 0 || index === spoken.words.length - 1 ? drawnOut(said) : said;
  });
  const shapes = spoken.words.map(({ text }, index): WordShape => ({
    usualMs: total(sounds[index] ?? []),
    pause: pauseBehind(text),
  }));
  const heard = levels === undefined ? [] : stretches(levels, durationMs);
  const spans = heard.length === 0 ? blindly(shapes, durationMs) : layWords(shapes, heard);
  const words = spoken.words.map(({ text, writtenEnd }, index): TimedWord => {
    const { startMs, endMs } = spans[index] ?? { startMs: durationMs, endMs: durationMs };
    return { text, writtenEnd, startMs, endMs };
  });
  return { written: spoken.written, durationMs, words, visemes: visemesOf(words, sounds, durationMs) };
}

function pauseBehind(word: string): 0 | 1 | 2 {
  if (/[.!?…。！？]["'”’»)\]]*$/u.test(word)) return 2;
  return /[,;:–—、，；：]["'”’»)\]]*$/u.test(word) ? 1 : 0;
}

function drawnOut(sounds: readonly Sound[]): readonly Sound[] {
  const last = sounds.findLastIndex(({ isVowel }) => isVowel);
  return sounds.map((sound, index) =>
    index < last ? sound : { ...sound, usualMs: sound.usualMs * FINAL_VOWEL_FACTOR },
  );
}

function total(sounds: readonly Sound[]): number {
  return sounds.reduce((sum, { usualMs }) => sum + usualMs, 0);
}

/** Nothing was heard of the sound: the usual lengths and pauses, stretched to the time there is. */
function blindly(shapes: readonly WordShape[], durationMs: number): readonly Stretch[] {
  const lengths = shapes.map(({ usualMs, pause }, index) => ({
    usualMs,
    pauseMs: index === shapes.length - 1 ? 0 : BLIND_PAUSE_MS[pause],
  }));
  const scale =
    durationMs /
    Math.max(
      1,
      lengths.reduce((sum, { usualMs, pauseMs }) => sum + usualMs + pauseMs, 0),
    );
  let atMs = 0;
  return lengths.map(({ usualMs, pauseMs }) => {
    const startMs = Math.min(durationMs, atMs * scale);
    const endMs = Math.min(durationMs, (atMs + usualMs) * scale);
    atMs += usualMs + pauseMs;
    return { startMs, endMs };
  });
}

function visemesOf(
  words: readonly TimedWord[],
  sounds: readonly (readonly Sound[])[],
  durationMs: number,
): readonly VisemeSpan[] {
  const spans: VisemeSpan[] = [];
  const until = (viseme: Viseme, endMs: number): void => {
    const last = spans.at(-1);
    const startMs = last?.endMs ?? 0;
    if (endMs <= startMs) return;
    if (last?.viseme === viseme) spans[spans.length - 1] = { viseme, startMs: last.startMs, endMs };
    else spans.push({ viseme, startMs, endMs });
  };
  for (const [index, { startMs, endMs }] of words.entries()) {
    until("rest", startMs);
    const said = sounds[index] ?? [];
    const whole = total(said);
    let passed = 0;
    for (const { viseme, usualMs } of said) {
      passed += usualMs;
      until(viseme, Math.min(endMs, startMs + ((endMs - startMs) * passed) / whole));
    }
    until(said.at(-1)?.viseme ?? "rest", endMs);
  }
  until("rest", durationMs);
  return spans;
}

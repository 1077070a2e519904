/** Sentences spoken with pauses of stated lengths, and where in the sound the speech ends. */
import { chanceOf, joinedSounds, rms, type Chance } from "@parley/audio/testing";
import { VOICES, type Speak } from "../material.ts";
import type { Hesitations } from "./hesitations.ts";

/** Samples in a millisecond at 16 kHz. */
const MS = 16;
const LEAD_MS = 400;
/** Longer than anything waits. */
const TAIL_MS = 6000;
/** A room that is never quite silent: -66 dBFS. */
const ROOM_RMS = 0.0005;

/** Somebody who says something, with or without a pause. */
export interface Clip {
  readonly kind: string;
  readonly text: string;
  /** 16 kHz mono, with silence before and behind. */
  readonly sound: Float32Array;
  /** Lengths of the pauses within it. */
  readonly pausesMs: readonly number[];
  /** Where the last sound of the speech ends. */
  readonly endMs: number;
}

/** A clip before it is spoken. */
export interface Script {
  readonly kind: string;
  /** What is said between the pauses. */
  readonly pieces: readonly string[];
  readonly pausesMs: readonly number[];
  readonly voice: string;
}

/** Measured with these, tuned with the others. */
export const MEASURED_VOICES = VOICES.filter((_, n) => n % 2 === 1);
export const TUNING_VOICES = VOICES.filter((_, n) => n % 2 === 0);

/**
 * Lengths of pauses within what one person says. Log-normal, as Campione and Véronis found them (A large-scale multilingual
 * study of silent pause duration, Speech Prosody 2002: brief below 200 ms, medium up to a second, long ones above a second
 * only in spontaneous speech); the median of 700 ms is on the long side, because it is for people who hesitate. Shorter than
 * 300 ms none is noticed; longer than 2 s is left out.
 */
export function pauseMs(chance: Chance): number {
  for (;;) {
    // Box and Muller: a normal number out of two even ones.
    const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
    const ms = 700 * Math.exp(0.6 * normal);
    if (ms >= 300 && ms <= 2000) return Math.round(ms);
  }
}

/** All sentences of a set, each by one of the voices, with pauses drawn from {@link pauseMs}. */
export function hesitating(sentences: Hesitations, voices: readonly string[], seed: number): readonly Script[] {
  const chance = chanceOf(seed);
  return Object.entries(sentences).flatMap(([kind, texts]) =>
    texts.map((text, n) => {
      const pieces = text.split("|").map((piece) => piece.trim());
      const pausesMs = pieces.slice(1).map(() => pauseMs(chance));
      return { kind, pieces, pausesMs, voice: voices[(n * 5 + kind.length) % voices.length] ?? "" };
    }),
  );
}

/** Whole sentences. */
export function fluent(texts: readonly string[], voices: readonly string[]): readonly Script[] {
  return texts.map((text, n) => ({
    kind: "whole",
    pieces: [text],
    pausesMs: [],
    voice: voices[n % voices.length] ?? "",
  }));
}

/** Whole sentences torn at a place that only chance chooses. */
export function torn(
  texts: readonly string[],
  voices: readonly string[],
  durationMs: number,
  seed: number,
): readonly Script[] {
  const chance = chanceOf(seed);
  return texts.flatMap((text, n) => {
    const words = text.split(" ");
    if (words.length < 2) return [];
    const at = 1 + Math.floor(chance() * (words.length - 1));
    const pieces = [words.slice(0, at).join(" "), words.slice(at).join(" ")];
    return [{ kind: "torn", pieces, pausesMs: [durationMs], voice: voices[n % voices.length] ?? "" }];
  });
}

/** Speaks a script. What goes on is said with a comma, so that the voice does not fall; what is torn by chance is not. */
export async function spoken({ kind, pieces, pausesMs, voice }: Script, speak: Speak): Promise<Clip> {
  const parts: Float32Array[] = [room(LEAD_MS, 1)];
  for (const [n, piece] of pieces.entries()) {
    const isLast = n === pieces.length - 1;
    const text = isLast ? closed(piece) : kind === "torn" ? piece : `${piece.replace(/,$/u, "")},`;
    parts.push(trimmed(await speak(text, voice)));
    if (!isLast) parts.push(room(pausesMs[n] ?? 0, n + 2));
  }
  const endMs = parts.reduce((sum, { length }) => sum + length, 0) / MS;
  parts.push(room(TAIL_MS, 99));
  return { kind, text: pieces.join(" "), sound: joinedSounds(parts), pausesMs, endMs };
}

function closed(text: string): string {
  return /^(?:is|are|do|does|did|could|can|would|was|have)\b/u.test(text) ? `${text}?` : `${text}.`;
}

function room(ms: number, seed: number): Float32Array {
  const chance = chanceOf(seed);
  return Float32Array.from({ length: Math.round(ms * MS) }, () => ROOM_RMS * Math.sqrt(3) * (2 * chance() - 1));
}

/** Without the silence before and behind: from the first to the last 10 ms within 40 dB of the loudest. */
function trimmed(sound: Float32Array): Float32Array {
  const width = 10 * MS;
  const levels = Array.from({ length: Math.ceil(sound.length / width) }, (_, n) =>
    rms(sound.subarray(n * width, (n + 1) * width)),
  );
  const least = levels.reduce((most, one) => Math.max(most, one), 0) / 100;
  const first = levels.findIndex((one) => one >= least);
  const last = levels.findLastIndex((one) => one >= least);
  return sound.subarray(Math.max(0, first) * width, (last + 1) * width);
}

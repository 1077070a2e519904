/** Noises without end, made: mono at `SPEECH_RATE_HZ`, about 0.1 RMS, the same for the same seed. */
import { chanceOf, type Chance } from "./chance.ts";
import { withRms } from "./mix.ts";

const RMS = 0.1;

/** All frequencies alike: a tap, an untuned radio. */
export function whiteNoise(samples: number, seed: number): Float32Array {
  const chance = chanceOf(seed);
  return withRms(
    fill(samples, () => 2 * chance() - 1),
    RMS,
  );
}

/** Each octave alike: wind, a fan, a road far away (Voss and McCartney: rows of noise that change at halving rates). */
export function pinkNoise(samples: number, seed: number): Float32Array {
  const chance = chanceOf(seed);
  const rows = Array.from({ length: 12 }, () => chance() - 0.5);
  let sum = rows.reduce((total, row) => total + row, 0);
  let count = 0;
  const next = (): number => {
    count += 1;
    const row = Math.min(rows.length - 1, 31 - Math.clz32(count & -count));
    const value = chance() - 0.5;
    sum += value - (rows[row] ?? 0);
    rows[row] = value;
    return sum + chance() - 0.5;
  };
  return withRms(fill(samples, next), RMS);
}

/** Many people talking at once: `voices` of the clips at a time, each from a place of its own, over and over. */
export function babble(clips: readonly Float32Array[], samples: number, seed: number, voices = 6): Float32Array {
  const chance = chanceOf(seed);
  const out = new Float32Array(samples);
  for (let voice = 0; voice < voices; voice += 1) {
    let at = -Math.floor(chance() * 40_000);
    while (at < samples) {
      const clip = clips[Math.floor(chance() * clips.length)] ?? new Float32Array(1);
      addAt(out, withRms(clip, RMS), at);
      at += Math.max(1, clip.length);
    }
  }
  return withRms(out, RMS);
}

const BEAT_SAMPLES = 8000;
const CHORDS = [
  [220, 277.2, 329.6],
  [196, 246.9, 293.7],
  [174.6, 220, 261.6],
  [164.8, 207.7, 246.9],
];

/** A tune over chords and a beat at 120 to the minute, of harmonic tones that fade. */
export function music(samples: number, seed: number): Float32Array {
  const chance = chanceOf(seed);
  const out = new Float32Array(samples);
  for (let beat = 0; beat * BEAT_SAMPLES < samples; beat += 1) {
    const chord = CHORDS[Math.floor(beat / 4) % CHORDS.length] ?? [];
    const at = beat * BEAT_SAMPLES;
    if (beat % 4 === 0) for (const hz of chord) addAt(out, tone(hz, 4 * BEAT_SAMPLES, 0.15), at);
    const melody = (chord[Math.floor(chance() * chord.length)] ?? 220) * (chance() < 0.5 ? 2 : 4);
    addAt(out, tone(melody, BEAT_SAMPLES, 0.3), at);
    addAt(out, drum(chance, beat % 2 === 0), at);
  }
  return withRms(out, RMS);
}

function tone(hz: number, samples: number, level: number): Float32Array {
  const out = new Float32Array(samples);
  for (let harmonic = 1; harmonic <= 5; harmonic += 1) {
    const step = (2 * Math.PI * hz * harmonic) / 16_000;
    if (step > Math.PI) break;
    for (let n = 0; n < samples; n += 1) {
      const fade = Math.min(1, n / 160) * Math.exp((-3 * harmonic * n) / samples);
      out[n] = (out[n] ?? 0) + ((level * fade) / harmonic) * Math.sin(step * n);
    }
  }
  return out;
}

function drum(chance: Chance, low: boolean): Float32Array {
  return fill(1600, (n) => {
    const fade = Math.exp(-n / (low ? 500 : 150));
    return fade * (low ? 0.8 * Math.sin((2 * Math.PI * 70 * n) / 16_000) : 0.3 * (2 * chance() - 1));
  });
}

function fill(samples: number, next: (n: number) => number): Float32Array {
  return Float32Array.from({ length: samples }, (_, n) => next(n));
}

function addAt(out: Float32Array, sound: Float32Array, at: number): void {
  for (let n = Math.max(0, -at); n < sound.length && at + n < out.length; n += 1) {
    out[at + n] = (out[at + n] ?? 0) + (sound[n] ?? 0);
  }
}

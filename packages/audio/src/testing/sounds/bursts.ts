/** Short sounds that are no speech, made: mono at `SPEECH_RATE_HZ`, the same for the same seed. */
import { chanceOf, type Chance } from "./chance.ts";
import { resonance } from "./resonance.ts";

/** A cough: two or three bursts of breath through a throat, 250 to 450 ms in all. */
export function cough(seed: number): Float32Array {
  const chance = chanceOf(seed);
  const samples = Math.round(16 * (250 + 200 * chance()));
  const throat = [resonance(550 + 250 * chance(), 180), resonance(1200 + 600 * chance(), 300), resonance(2600, 500)];
  const second = Math.floor(samples * (0.5 + 0.15 * chance()));
  return shaped(samples, chance, (noise, n) => {
    const attack = Math.exp(-n / 1100) * Math.min(1, n / 40);
    const again = n < second ? 0 : 0.5 * Math.exp(-(n - second) / 900);
    const breath = noise * (attack + again);
    return throat.reduce((sum, ring) => sum + ring(breath), 0);
  });
}

/** Knuckles on a door, one to four times. */
export function doorKnock(seed: number): Float32Array {
  const chance = chanceOf(seed);
  const knocks = 1 + Math.floor(4 * chance());
  const apart = Math.round(16 * (150 + 100 * chance()));
  const wood = [resonance(140 + 80 * chance(), 25), resonance(420 + 120 * chance(), 60)];
  return shaped(knocks * apart + 1600, chance, (noise, n) => {
    const since = n % apart;
    const hit = n < knocks * apart && since < 60 ? noise * (1 - since / 60) : 0;
    return wood.reduce((sum, ring) => sum + ring(hit), 0);
  });
}

/** Keys of a keyboard, struck for `ms`. */
export function keyboard(ms: number, seed: number): Float32Array {
  const chance = chanceOf(seed);
  const strikes = new Set<number>();
  for (let at = 0; at < ms; at += 70 + 160 * chance()) {
    strikes.add(Math.round(16 * at));
    strikes.add(Math.round(16 * (at + 40 + 30 * chance())));
  }
  const keys = [resonance(2200, 700), resonance(4200, 900)];
  let energy = 0;
  return shaped(16 * ms, chance, (noise, n) => {
    energy = strikes.has(n) ? 0.5 + 0.5 * chance() : energy * 0.985;
    return keys.reduce((sum, ring) => sum + ring(noise * energy), 0);
  });
}

/** Something hard that falls on a floor and jumps two to five times, each jump shorter: modes that are no harmonics. */
export function droppedThing(seed: number): Float32Array {
  const chance = chanceOf(seed);
  const jumps = 2 + Math.floor(4 * chance());
  const first = 16 * (160 + 140 * chance());
  const hits = Array.from({ length: jumps }, (_, n) => Math.round((first * (1 - 0.6 ** n)) / 0.4));
  const ringing = 15 + 60 * chance();
  const modes = Array.from({ length: 6 }, () => resonance(350 + 4500 * chance() ** 2, ringing * (0.5 + chance())));
  return shaped((hits.at(-1) ?? 0) + 4800, chance, (noise, n) => {
    const hit = hits.findLastIndex((at) => at <= n);
    const since = n - (hits[hit] ?? 0);
    const blow = since < 30 ? noise * 0.6 ** hit : 0;
    return modes.reduce((sum, ring) => sum + ring(blow), 0);
  });
}

/** Filters noise, then brings the loudest sample to 0.5. */
function shaped(samples: number, chance: Chance, filter: (noise: number, n: number) => number): Float32Array {
  const out = Float32Array.from({ length: samples }, (_, n) => filter(2 * chance() - 1, n));
  const peak = out.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-9);
  return out.map((sample) => (0.5 * sample) / peak);
}

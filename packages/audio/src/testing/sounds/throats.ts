/** What throats do beside speaking, made: mono at `SPEECH_RATE_HZ`, the same for the same seed. */
import { chanceOf, type Chance } from "./chance.ts";
import { joinedSounds, speakingRms } from "./mix.ts";
import { resonance } from "./resonance.ts";

const RATE = 16;

/**
 * A cough with a voice in it, as most are: each of one to three bursts opens with a stroke of breath, the loudest of it, fades
 * into less breath, and ends, or not, in a rough, falling tone (the three phases of a cough: Korpáš and others, "Analysis of the
 * cough sound: an overview", Pulmonary Pharmacology 9, 1996).
 * @param voice how loud the tone is against the stroke; by chance 0.4 to 1, from weak to as loud, when absent
 */
export function voicedCough(seed: number, voice?: number): Float32Array {
  const chance = chanceOf(seed);
  const loudness = voice ?? 0.4 + 0.6 * chance();
  const parts: Float32Array[] = [];
  for (let bursts = 1 + Math.floor(3 * chance()), gain = 1; bursts > 0; bursts -= 1, gain *= 0.75) {
    const [breath, tone] = coughOf(chance);
    const [stroke, voiced] = [speakingRms(breath), speakingRms(tone)];
    const factor = (loudness * stroke) / (voiced || 1);
    parts.push(
      breath.map((sample, n) => (gain * (sample + factor * (tone[n] ?? 0))) / (stroke || 1)),
      new Float32Array(Math.round(RATE * (60 + 180 * chance()))),
    );
  }
  return peaked(parts);
}

/** The breath of one cough, and its tone. */
function coughOf(chance: Chance): readonly [Float32Array, Float32Array] {
  const strokeMs = 25 + 45 * chance();
  const breathMs = 40 + 80 * chance();
  const toneMs = 60 + 130 * chance();
  const [fromHz, toHz] = [220 + 230 * chance(), 140 + 100 * chance()];
  const totalMs = strokeMs + breathMs + toneMs;
  const glottis = glottisOf(chance, (at) => fromHz + ((toHz - fromHz) * at) / (RATE * totalMs), 0.04);
  const throats = [throatOf(chance), throatOf(chance)] as const;
  const breath = sound(RATE * totalMs, (n) => {
    const ms = n / RATE;
    const stroke = ms < strokeMs ? Math.min(1, n / 30) : Math.exp(-(ms - strokeMs) / 70);
    return throats[0](stroke * (2 * chance() - 1));
  });
  const tone = sound(RATE * totalMs, (n) => {
    const ms = n / RATE;
    const since = ms - strokeMs - breathMs / 2;
    const shape = since < 0 ? 0 : Math.min(1, since / 20) * Math.min(1, (totalMs - ms) / 40);
    return throats[1](shape * (glottis(n) + 0.3 * (2 * chance() - 1)));
  });
  return [breath, tone];
}

/** Clearing one's throat: a creak of 60 to 110 Hz that no two periods of are alike, once or twice. */
export function throatClearing(seed: number): Float32Array {
  const chance = chanceOf(seed);
  const parts: Float32Array[] = [];
  for (let times = 1 + Math.floor(2 * chance()); times > 0; times -= 1) {
    const ms = 180 + 250 * chance();
    const hz = 60 + 50 * chance();
    const glottis = glottisOf(chance, () => hz, 0.12);
    const throat = throatOf(chance);
    parts.push(
      sound(RATE * ms, (n) => {
        const shape = Math.sin((Math.PI * n) / (RATE * ms)) ** 0.5;
        return shape * throat(glottis(n) + 0.4 * (2 * chance() - 1));
      }),
      new Float32Array(Math.round(RATE * (60 + 120 * chance()))),
    );
  }
  return peaked(parts);
}

/** Laughter: three to seven "ha" a fifth of a second apart, each a breath and a short tone, lower and quieter each time. */
export function laughter(seed: number): Float32Array {
  const chance = chanceOf(seed);
  const parts: Float32Array[] = [];
  const count = 3 + Math.floor(5 * chance());
  const hz = 180 + 220 * chance();
  const everyMs = 180 + 50 * chance();
  const throat = throatOf(chance);
  for (let n = 0; n < count; n += 1) {
    const breathMs = 50 + 40 * chance();
    const toneMs = 60 + 50 * chance();
    const glottis = glottisOf(chance, () => hz * (1.1 - (0.3 * n) / count), 0.02);
    parts.push(
      sound(RATE * everyMs, (at) => {
        const ms = at / RATE;
        const tone = ms < breathMs || ms > breathMs + toneMs ? 0 : Math.sin((Math.PI * (ms - breathMs)) / toneMs);
        const breath = ms < breathMs + toneMs ? 0.25 * (2 * chance() - 1) : 0;
        return 0.9 ** n * throat(breath + tone * glottis(at));
      }),
    );
  }
  return peaked(parts);
}

/** Pulses of a voice at `hzAt` sample: a falling saw, each period longer or shorter by up to `jitter`. */
function glottisOf(chance: Chance, hzAt: (n: number) => number, jitter: number): (n: number) => number {
  let phase = 0;
  let [stretch, strength] = [1, 1];
  return (n) => {
    phase += hzAt(n) / (RATE * 1000) / stretch;
    if (phase >= 1) {
      phase -= 1;
      stretch = 1 + jitter * (2 * chance() - 1);
      strength = 1 + 2 * jitter * (2 * chance() - 1);
    }
    return strength * (1 - 2 * phase);
  };
}

function throatOf(chance: Chance): (input: number) => number {
  const rings = [
    resonance(450 + 350 * chance(), 140),
    resonance(1100 + 700 * chance(), 220),
    resonance(2400 + 500 * chance(), 400),
  ];
  return (input) => rings.reduce((sum, ring) => sum + ring(input), 0);
}

function sound(samples: number, at: (n: number) => number): Float32Array {
  return Float32Array.from({ length: Math.round(samples) }, (_, n) => at(n));
}

function peaked(parts: readonly Float32Array[]): Float32Array {
  const joined = joinedSounds(parts);
  const peak = joined.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-9);
  return joined.map((sample) => (0.5 * sample) / peak);
}

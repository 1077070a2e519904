/** Rooms, loudspeakers and voices for the tests of echo: all made from a seed. */
export interface Acoustics {
  readonly delayMs: number;
  /** Amplitude of the echo against the reference. */
  readonly gain: number;
  /** Time in which the room's sound falls by 60 dB. */
  readonly reverberationMs: number;
  readonly seed: number;
}

const RATE = 16_000;

/** Numbers in [-0.5, 0.5), the same for the same seed. */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** `reference` as a microphone hears it: delayed, through a room, a loudspeaker that bends loud tones, and over noise at -66 dBFS. */
export function throughRoom(reference: Float32Array, room: Acoustics): Float32Array {
  const random = noise(room.seed);
  // A direct path and reflections, sparse enough to be computed quickly.
  const taps = Array.from({ length: 120 }, (_, n) => {
    const at = n === 0 ? 0 : Math.floor((n + random()) * ((RATE * room.reverberationMs) / 1000 / 120));
    return { at, gain: (n === 0 ? 1 : random() * 1.2) * 10 ** ((-3 * at) / ((RATE * room.reverberationMs) / 1000)) };
  });
  const energy = Math.sqrt(taps.reduce((sum, { gain }) => sum + gain * gain, 0));
  const delay = Math.round((RATE * room.delayMs) / 1000);
  const bent = reference.map((sample) => Math.tanh(2 * sample) / 2);
  const heard = new Float32Array(reference.length);
  for (const { at, gain } of taps) {
    const factor = (room.gain * gain) / energy;
    for (let i = delay + at; i < heard.length; i++) heard[i] = (heard[i] ?? 0) + factor * (bent[i - delay - at] ?? 0);
  }
  for (let i = 0; i < heard.length; i++) heard[i] = (heard[i] ?? 0) + random() * 0.0017;
  return heard;
}

/** Something like speech: harmonics of a gliding pitch through moving resonances, in syllables with pauses, -23 dBFS. */
export function babble(seconds: number, seed: number, pitchHz = 120): Float32Array {
  const random = noise(seed);
  const out = new Float32Array(seconds * RATE);
  let phase = 0;
  for (let start = 0; start < out.length;) {
    const length = Math.floor(RATE * (0.2 + 0.1 * random()));
    const pitch = pitchHz * (1 + 0.3 * random());
    const formants = [500 + 500 * random(), 1500 + 1200 * random(), 2600 + 800 * random()];
    const isFricative = random() > 0.25;
    const weights = Array.from({ length: 30 }, (_, n) =>
      formants.reduce((sum, formant) => sum + 1 / (1 + (((n + 1) * pitch - formant) / 150) ** 2), 0.02),
    );
    for (let i = 0; i < length && start + i < out.length; i++) {
      phase += (2 * Math.PI * pitch) / RATE;
      const shape = Math.sin((Math.PI * i) / length) ** 0.7;
      let sample = isFricative ? random() * 0.8 : 0;
      if (!isFricative) for (const [n, weight] of weights.entries()) sample += weight * Math.sin((n + 1) * phase);
      out[start + i] = shape * sample * 0.12;
    }
    start += length + (random() > 0.2 ? Math.floor(RATE * 0.25) : Math.floor(RATE * 0.02));
  }
  return loud(out, 0.07);
}

/** `samples` brought to a root mean square of `rms` where there is sound. */
export function loud(samples: Float32Array, rms: number): Float32Array {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < samples.length; at += 320) {
    const block = power(samples.subarray(at, at + 320));
    if (block > 1e-5) {
      sum += block;
      count += 1;
    }
  }
  const gain = rms / Math.sqrt(sum / Math.max(1, count));
  return samples.map((sample) => sample * gain);
}

export function power(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : sum / samples.length;
}

export function decibels(ratio: number): number {
  return 10 * Math.log10(Math.max(ratio, 1e-12));
}

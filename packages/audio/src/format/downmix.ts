/** Many channels to one. */

/** What a loudspeaker is there for. */
export type SpeakerRole = "front" | "centre" | "surround" | "low";

/** Into one channel, ITU-R BS.775-4, annex 4, table 2; the low-frequency effects are left out. */
const WEIGHTS: Readonly<Record<SpeakerRole, number>> = { front: Math.SQRT1_2, centre: 1, surround: 0.5, low: 0 };

const FRONTS = ["front", "front"] as const;
const BACKS = ["surround", "surround"] as const;

/** What each channel is, by their number, where the order is left, right, centre, low, the others: WAVE and FLAC (RFC 9639, 9.1.3). */
export const WAVE_ORDER: Readonly<Record<number, readonly SpeakerRole[]>> = {
  3: [...FRONTS, "centre"],
  4: [...FRONTS, ...BACKS],
  5: [...FRONTS, "centre", ...BACKS],
  6: [...FRONTS, "centre", "low", ...BACKS],
  7: [...FRONTS, "centre", "low", "surround", ...BACKS],
  8: [...FRONTS, "centre", "low", ...BACKS, ...BACKS],
};

/** The same where the order is left, centre, right, the others, low: Vorbis I, 4.3.9, and Opus (RFC 7845, 5.1.1.2). */
export const VORBIS_ORDER: Readonly<Record<number, readonly SpeakerRole[]>> = {
  3: ["front", "centre", "front"],
  4: [...FRONTS, ...BACKS],
  5: ["front", "centre", "front", ...BACKS],
  6: ["front", "centre", "front", ...BACKS, "low"],
  7: ["front", "centre", "front", ...BACKS, "surround", "low"],
  8: ["front", "centre", "front", ...BACKS, ...BACKS, "low"],
};

/** The loudspeakers of a WAVE channel mask, from bit 0 on: left, right, centre, low, back, beside the centre; then all around and above. */
const MASK_BITS: readonly SpeakerRole[] = [...FRONTS, "centre", "low", ...BACKS, ...FRONTS];

/** What each channel is by the mask of a WAVE_FORMAT_EXTENSIBLE header; undefined when the mask leaves channels without a place. */
export function rolesOfMask(mask: number, channels: number): readonly SpeakerRole[] | undefined {
  const roles: SpeakerRole[] = [];
  for (let bit = 0; bit < 18 && roles.length < channels; bit++) {
    if ((mask & (1 << bit)) !== 0) roles.push(MASK_BITS[bit] ?? "surround");
  }
  return roles.length === channels ? roles : undefined;
}

/**
 * How much of each channel goes into one: the average when `roles` are not known. Where they are, what all front loudspeakers give
 * together at full scale is full scale, so that speech, which is in the centre, is not lost in channels that are nearly silent.
 */
export function gainsOf(channels: number, roles?: readonly SpeakerRole[]): readonly number[] {
  const fronts = (roles ?? []).filter((role) => role === "front" || role === "centre");
  if (channels < 3 || roles === undefined || fronts.length === 0) {
    return Array.from({ length: channels }, () => 1 / channels);
  }
  const whole = fronts.reduce((sum, role) => sum + WEIGHTS[role], 0);
  return roles.map((role) => WEIGHTS[role] / whole);
}

/** The first `length` samples of `channels` as one; their average when `gains` are not of as many channels. */
export function toMono(channels: readonly Float32Array[], length: number, gains: readonly number[] = []): Float32Array {
  const mono = new Float32Array(length);
  const used = gains.length === channels.length ? gains : gainsOf(channels.length);
  for (const [number, channel] of channels.entries()) {
    const gain = used[number] ?? 0;
    for (let i = 0; i < length; i++) mono[i] = (mono[i] ?? 0) + gain * (channel[i] ?? 0);
  }
  return mono;
}

/** Float files and lossy codecs overshoot; broken ones hold NaN. Brings `samples` into [-1, 1] in place, what is no number to 0. */
export function bounded(samples: Float32Array): Float32Array {
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] ?? 0;
    if (!(sample >= -1 && sample <= 1)) samples[i] = sample > 1 ? 1 : sample < -1 ? -1 : 0;
  }
  return samples;
}

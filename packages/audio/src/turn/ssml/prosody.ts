/** How a stretch of SSML is to sound. Values that are not understood are passed over, as SSML 1.1 asks (3.2.4). */

/** Emphasis; "none" is the voice's own way. */
export type Emphasis = "none" | "reduced" | "moderate" | "strong";

/** How to say a stretch of text. */
export interface Manner {
  /** Factor on the voice's own speed, 0.5 to 2. */
  readonly rate: number;
  /** Semitones up or down, -12 to 12. */
  readonly pitchSemitones: number;
  /** Decibels up or down, {@link SILENT_DB} to 6. */
  readonly volumeDb: number;
  readonly emphasis: Emphasis;
  /** BCP 47 tag; undefined when nothing says. */
  readonly language: string | undefined;
  /** Names of voices, the preferred first; empty when nothing says. */
  readonly voices: readonly string[];
}

/** The volume "silent". */
export const SILENT_DB = -120;

const RATES: Readonly<Record<string, number>> = {
  "x-slow": 0.6,
  slow: 0.8,
  medium: 1,
  default: 1,
  fast: 1.25,
  "x-fast": 1.6,
};
const PITCHES: Readonly<Record<string, number>> = {
  "x-low": -4,
  low: -2,
  medium: 0,
  default: 0,
  high: 2,
  "x-high": 4,
};
const VOLUMES: Readonly<Record<string, number>> = {
  silent: SILENT_DB,
  "x-soft": -12,
  soft: -6,
  medium: 0,
  default: 0,
  loud: 3,
  "x-loud": 6,
};
const BREAKS_MS: Readonly<Record<string, number>> = {
  none: 0,
  "x-weak": 100,
  weak: 250,
  medium: 400,
  strong: 700,
  "x-strong": 1200,
};

/** Longest pause one break makes, as with the common voices. */
export const MAX_BREAK_MS = 10_000;
/** All breaks of a document together; further ones make no pause. */
export const MAX_BREAKS_MS = 300_000;

/** `manner` as an element's attributes change it: rates multiply, pitches and volumes add up. */
export function prosody(manner: Manner, attributes: ReadonlyMap<string, string>): Manner {
  const rate = factor(attributes.get("rate"));
  const pitch = semitones(attributes.get("pitch"));
  const volume = decibels(attributes.get("volume"));
  return {
    ...manner,
    rate: clamp(manner.rate * (rate ?? 1), 0.5, 2),
    pitchSemitones: clamp(manner.pitchSemitones + (pitch ?? 0), -12, 12),
    volumeDb: clamp(manner.volumeDb + (volume ?? 0), SILENT_DB, 6),
  };
}

/** `manner` inside `<emphasis>`. */
export function emphasised(manner: Manner, level: string | undefined): Manner {
  const emphasis = level === "strong" || level === "reduced" || level === "none" ? level : "moderate";
  return { ...manner, emphasis };
}

/** The pause of a `<break>`. */
export function breakMs(attributes: ReadonlyMap<string, string>): number {
  const time = /^\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(ms|s)$/u.exec(attributes.get("time")?.trim() ?? "");
  if (time !== null) return Math.min(MAX_BREAK_MS, Number(time[1]) * (time[2] === "s" ? 1000 : 1));
  return label(BREAKS_MS, attributes.get("strength")) ?? 400;
}

/** "slow", "120%" (of the present rate), "+20%". */
function factor(value: string | undefined): number | undefined {
  const percent = signed(value, "%");
  if (percent === undefined) return label(RATES, value) ?? positive(value);
  return percent.sign === "" ? percent.value / 100 : 1 + percent.value / 100;
}

/** "high", "+2st", "-10%"; hertz say nothing without the voice's own pitch. */
function semitones(value: string | undefined): number | undefined {
  const steps = signed(value, "st");
  if (steps !== undefined) return steps.value;
  const percent = signed(value, "%");
  if (percent === undefined) return label(PITCHES, value);
  const ratio = percent.sign === "" ? percent.value / 100 : 1 + percent.value / 100;
  return ratio > 0 ? 12 * Math.log2(ratio) : undefined;
}

/** "soft", "+3dB", or 0 to 100 as in SSML 1.0. */
function decibels(value: string | undefined): number | undefined {
  const steps = signed(value, "dB");
  if (steps !== undefined) return steps.value;
  const level = positive(value);
  if (level === undefined) return value?.trim() === "0" ? SILENT_DB : label(VOLUMES, value);
  return level <= 100 ? 20 * Math.log10(level / 100) : undefined;
}

function signed(
  value: string | undefined,
  unit: string,
): { readonly sign: string; readonly value: number } | undefined {
  const found = /^([+-]?)(\d{1,6}(?:\.\d{1,6})?)(%|st|dB)$/u.exec(value?.trim() ?? "");
  if (found === null || found[3] !== unit) return undefined;
  const [, sign = "", digits] = found;
  return { sign, value: (sign === "-" ? -1 : 1) * Number(digits) };
}

function positive(value: string | undefined): number | undefined {
  const number = /^\d{1,6}(?:\.\d{1,6})?$/u.test(value?.trim() ?? "") ? Number(value) : 0;
  return number > 0 ? number : undefined;
}

function label(labels: Readonly<Record<string, number>>, value: string | undefined): number | undefined {
  const key = value?.trim() ?? "";
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

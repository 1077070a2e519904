/** How well a host would serve the person it heard. Not by loudness alone: a loud host may be a noisy or a deaf one. */

/** What a host knows when it has heard a wake word. */
export interface Hearing {
  /** The detector's score, 0 to 1. */
  readonly wakeScore: number;
  /** Level of the wake word and of the noise before it at this host's microphone, dBFS. */
  readonly levelDbfs: number;
  readonly noiseFloorDbfs: number;
  /** How much of it came straight rather than by way of the walls (direct-to-reverberant ratio), dB. */
  readonly directDb?: number;
  /** How much people want this host to answer, -1 to 1; 0 or absent for no wish. */
  readonly preference?: number;
  /** It is the last host that this person talked with, so long ago (ms). */
  readonly talkedAgoMs?: number;
  /** Its engines are up, or another peer's stand in for them. */
  readonly ready: boolean;
}

/** What counts how much. */
export interface ScoreWeights {
  readonly wake: number;
  readonly clarity: number;
  readonly direct: number;
  readonly preference: number;
  readonly talked: number;
  readonly ready: number;
}

/** Being ready outweighs all else together: a host that cannot answer is asked only when there is no other. */
const WEIGHTS: ScoreWeights = { wake: 1, clarity: 2, direct: 1, preference: 1, talked: 0.5, ready: 10 };

/** Above this no difference is heard. */
const CLEAR_DB = 40;
/** A ratio of this much, either way, is as direct or as indirect as it gets. */
const DIRECT_DB = 12;
/** A conversation is remembered for so long. */
const TALKED_MS = 60_000;

/** The score of a bid: more is better; finite whatever comes in. A value that is no number counts as the worst. */
export function bidScore(hearing: Hearing, weights: Partial<ScoreWeights> = {}): number {
  const all = { ...WEIGHTS, ...weights };
  const clarity = part((hearing.levelDbfs - hearing.noiseFloorDbfs) / CLEAR_DB, 0);
  const direct = part((hearing.directDb ?? 0) / DIRECT_DB, -1);
  const talked = hearing.talkedAgoMs === undefined ? 0 : 1 - part(hearing.talkedAgoMs / TALKED_MS, 0);
  return (
    all.wake * part(hearing.wakeScore, 0) +
    all.clarity * clarity +
    all.direct * direct +
    all.preference * part(hearing.preference ?? 0, -1) +
    all.talked * talked +
    (hearing.ready ? all.ready : 0)
  );
}

/** `value` held between `least` and 1. */
function part(value: number, least: number): number {
  return Number.isNaN(value) ? least : Math.min(1, Math.max(least, value));
}

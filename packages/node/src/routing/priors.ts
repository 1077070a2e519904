/**
 * What is taken to be usual where nothing was measured or said. Rough on purpose: a measured value takes the place of each as soon
 * as there is one.
 */
import type { Advert, Capability, Mode } from "./advert.ts";
import type { JobSize } from "./request.ts";

/** A job of usual size in a conversation at home: a spoken question, its answer in a sentence or two. */
export const USUAL_SIZES: Readonly<Record<Capability, Required<JobSize>>> = {
  stt: { audioMs: 4_000, characters: 0, promptTokens: 0, tokens: 0 },
  tts: { audioMs: 0, characters: 120, promptTokens: 0, tokens: 0 },
  llm: { audioMs: 0, characters: 0, promptTokens: 400, tokens: 120 },
  vad: { audioMs: 10_000, characters: 0, promptTokens: 0, tokens: 0 },
  wake: { audioMs: 10_000, characters: 0, promptTokens: 0, tokens: 0 },
};

/** How often a job crosses the way there and back: sound that is answered all the while it goes there waits for both. */
export const ROUND_TRIPS: Readonly<Record<Capability, number>> = { stt: 1, tts: 1, llm: 1, vad: 2, wake: 2 };

/** How long people wait for a job to begin, and files. */
export const PATIENCE_MS: Readonly<Record<Mode, number>> = { interactive: 4_000, batch: 600_000 };

/** The way to a member that was never measured: a house's wireless network. */
export const ROUND_TRIP_MS = 20;

/** Cost of each unit of work, as {@link costsOf} gives it. */
export interface Costs {
  readonly fixedMs: number;
  readonly perAudioMs: number;
  readonly perCharacterMs: number;
  readonly perPromptTokenMs: number;
  readonly perTokenMs: number;
}

/** A processor of a small computer; with a GPU as much faster as {@link GPU_FACTOR} says. */
const USUAL_COSTS: Readonly<Record<Capability, Costs>> = {
  stt: { fixedMs: 50, perAudioMs: 0.25, perCharacterMs: 0, perPromptTokenMs: 0, perTokenMs: 0 },
  tts: { fixedMs: 100, perAudioMs: 0, perCharacterMs: 20, perPromptTokenMs: 0, perTokenMs: 0 },
  llm: { fixedMs: 100, perAudioMs: 0, perCharacterMs: 0, perPromptTokenMs: 10, perTokenMs: 100 },
  vad: { fixedMs: 1, perAudioMs: 0.01, perCharacterMs: 0, perPromptTokenMs: 0, perTokenMs: 0 },
  wake: { fixedMs: 1, perAudioMs: 0.02, perCharacterMs: 0, perPromptTokenMs: 0, perTokenMs: 0 },
};

const GPU_FACTOR = 8;

/** Models are told apart by how many billions of parameters their names say; of one that says nothing this is taken. */
const USUAL_BILLIONS = 3;
const BILLIONS = /(?:^|[^a-z0-9.])(?<billions>\d{1,4}(?:\.\d{1,3})?)b(?![a-z0-9])/u;

/** What work costs on a service: as it was measured, else as such a model on such hardware usually does. */
export function costsOf({
  capability,
  speed,
  hardware,
  model,
}: Pick<Advert, "capability" | "speed" | "hardware" | "model">): Costs {
  const usual = USUAL_COSTS[capability];
  const faster = hardware.some((tag) => tag.toLowerCase() === "gpu") ? GPU_FACTOR : 1;
  const scale = (capability === "llm" ? billionsOf(model) / USUAL_BILLIONS : 1) / faster;
  return {
    fixedMs: measured(speed.firstResultMs, usual.fixedMs),
    perAudioMs: measured(speed.realTimeFactor, usual.perAudioMs * scale),
    perCharacterMs: measured(speed.msPerCharacter, usual.perCharacterMs * scale),
    perPromptTokenMs: perToken(speed.promptTokensPerSecond, usual.perPromptTokenMs * scale),
    perTokenMs: perToken(speed.tokensPerSecond, usual.perTokenMs * scale),
  };
}

/** Billions of parameters, as the name of a model says. */
export function billionsOf(model: string): number {
  const { billions } = BILLIONS.exec(model.toLowerCase().slice(0, 200))?.groups ?? {};
  const value = Number(billions);
  return value > 0 ? value : USUAL_BILLIONS;
}

function measured(value: number | undefined, prior: number): number {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : prior;
}

function perToken(perSecond: number | undefined, prior: number): number {
  return perSecond !== undefined && Number.isFinite(perSecond) && perSecond > 0 ? 1_000 / perSecond : prior;
}

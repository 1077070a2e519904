/** The host options of the test engines. */
import type { Voice } from "../engines/contracts.ts";
import { siblingModule, type EngineHostOptions } from "../engines/host/index.ts";

/** Recognises scripted texts after 150 ms. */
export function fixedDelaySttHost(
  options: { readonly delayMs?: number; readonly texts?: readonly string[] } = {},
): EngineHostOptions {
  return { name: "stt", module: siblingModule(import.meta.url, "./fixed-delay-stt"), options };
}

/** Understands what is said in tones, after 150 ms; see `tone-words.ts`. */
export function toneSttHost(options: {
  readonly delayMs?: number;
  readonly words: readonly string[];
}): EngineHostOptions {
  return { name: "stt", module: siblingModule(import.meta.url, "./tone-stt"), options };
}

/** Speaks a sine of 60 ms per character, the first chunk after 100 ms. */
export function fixedDelayTtsHost(
  options: { readonly delayMs?: number; readonly chunkMs?: number; readonly voices?: readonly Voice[] } = {},
): EngineHostOptions {
  return { name: "tts", module: siblingModule(import.meta.url, "./fixed-delay-tts"), options };
}

/** Takes whatever is loud for speech. */
export function energyVadHost(options: { readonly energy?: number } = {}): EngineHostOptions {
  return { name: "vad", module: siblingModule(import.meta.url, "./energy-vad"), options, maxJobs: 16 };
}

/** Takes a tone of 1,000 Hz for the wake word "beep". */
export function toneWakeHost(options: { readonly word?: string; readonly toneHz?: number } = {}): EngineHostOptions {
  return { name: "wake", module: siblingModule(import.meta.url, "./tone-wake"), options, maxJobs: 16 };
}

/** Misbehaves on request: see `crash-engine.ts` for its methods. */
export function crashHost(
  options: { readonly failStart?: string; readonly hangStart?: boolean } = {},
): EngineHostOptions {
  return { name: "crash", module: siblingModule(import.meta.url, "./crash-engine"), options };
}

/** The host options of the scripted test LLM. */
import { siblingModule, type EngineHostOptions } from "@parley/audio/engines";

/** Streams one of `replies` word by word, the first after 200 ms. */
export function fixedDelayLlmHost(
  options: { readonly delayMs?: number; readonly tokenMs?: number; readonly replies?: readonly string[] } = {},
): EngineHostOptions {
  return { name: "llm", module: siblingModule(import.meta.url, "./fixed-delay-llm-module"), options };
}

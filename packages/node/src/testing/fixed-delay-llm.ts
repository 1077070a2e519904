/** The host options of the scripted test LLM. */
import { siblingModule, type EngineHostOptions } from "@parley/audio/engines";

/** What the scripted model says, and how slow it is. */
export interface ScriptedLlm {
  readonly delayMs?: number;
  readonly tokenMs?: number;
  /** To a last message that holds `asked`, small letters alone, this is the reply; the first that fits. See the module. */
  readonly answers?: readonly ScriptedAnswer[];
  /** To anything else, in turn. */
  readonly replies?: readonly string[];
}

/** One answer of a script. `{tail}`, `{result}` and `call` are as the module says. */
export interface ScriptedAnswer {
  readonly asked: string;
  /** A tool. */
  readonly call?: string;
  readonly reply: string;
}

/** Streams its reply word by word, the first after 200 ms. */
export function fixedDelayLlmHost(options: ScriptedLlm = {}): EngineHostOptions {
  return { name: "llm", module: siblingModule(import.meta.url, "./fixed-delay-llm-module"), options };
}

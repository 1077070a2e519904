/** The scripted, tool-capable test LLM as the source of a peer's language engine. */
import { siblingModule, startEngineHost } from "@parley/audio/engines";
import type { EngineSource } from "../services/engine-source.ts";

/** What it does. */
export interface ToolScript {
  readonly delayMs?: number;
  /** For a question that holds `asked`, small letters alone: the call, and what is said of its result, which is `{result}`. */
  readonly script?: readonly {
    readonly asked: string;
    readonly call: { readonly name: string; readonly arguments: unknown };
    readonly reply: string;
  }[];
  /** To anything else. `{messages}` becomes what it was asked. */
  readonly otherwise?: string;
}

/** Takes the place of `llm` among {@link EngineSources}; its model is called `scripted-tool-llm`. */
export function scriptedToolSource(options: ToolScript = {}): EngineSource {
  const module = siblingModule(import.meta.url, "./scripted-tool-llm-module");
  return {
    choose: async () => "scripted-tool-llm",
    fetch: async () => (signal) => startEngineHost({ name: "llm", module, options, signal }),
  };
}

/** The embedded language model as the port that everybody uses, and its host options. */
import { basename } from "node:path";
import { AudioError } from "@parley/audio";
import { siblingModule, type EngineHostOptions, type JobRunner } from "@parley/audio/engines";
import type { ChatMessage, GenerateOptions, LanguageModel } from "../language-model.ts";
import { engineInfo } from "./contract.ts";

/** A GGUF model and whatever differs from the defaults of `llm-module.ts`. */
export interface LlmHostChoice {
  /** What callers know the model by; the name of the folder when absent. */
  readonly id?: string;
  readonly folder: string;
  /** The GGUF file inside the folder. */
  readonly file: string;
  readonly gpu?: "auto" | false;
  readonly contextTokens?: number;
  readonly threads?: number;
}

/** The host options of a GGUF model. */
export function llmHost(choice: LlmHostChoice): EngineHostOptions {
  const options = { id: basename(choice.folder), ...choice };
  return { name: "llm", module: siblingModule(import.meta.url, "./llm-module"), options };
}

/**
 * A language model that runs its jobs on `runner`.
 * @throws AudioError `engine-failed` when the engine is of another kind.
 */
export function languageModel(runner: JobRunner): LanguageModel {
  const info = engineInfo.safeParse(runner.info());
  if (!info.success) throw notALanguageModel("info");
  return {
    id: info.data.id,
    async *generate(messages: readonly ChatMessage[], { signal, urgent, ...how }: GenerateOptions = {}) {
      const options = signal === undefined ? { urgent } : { urgent, signal };
      const job = runner.run("generate", { messages, ...how }, options);
      for await (const piece of job.output) {
        if (typeof piece !== "string") throw notALanguageModel("generate");
        yield piece;
      }
    },
  };
}

function notALanguageModel(what: string): AudioError {
  return new AudioError("engine-failed", `the engine's answer to ${what} is not that of a language model`, {
    nextStep: "Check that the engine is of the kind it is used as.",
  });
}

/** How the engine host of each service is started from a model, with the bounds the configuration sets. */
import { AudioError } from "@parley/audio";
import { startEngineHost, sttHost, ttsHost, vadHost, type EngineHost, type EngineHostOptions } from "@parley/audio/engines";
import { findNeeds, type InstalledModel, type ModelStore } from "@parley/audio/models";
import type { Config } from "../config/index.ts";
import { llmHost } from "../providers/llama-cpp/index.ts";
import type { ServiceName } from "./stage.ts";

/** Starts the host of each service. */
export type EngineHosts = Readonly<Record<ServiceName, (model: InstalledModel, signal: AbortSignal) => Promise<EngineHost>>>;

const BYTES_PER_MIB = 1_048_576;

/** The hosts of the real engines. */
export function engineHosts(config: Config, store: ModelStore): EngineHosts {
  const { engines, vad } = config;
  const { threads } = engines;
  const start = (host: EngineHostOptions, memoryMib: number, signal: AbortSignal): Promise<EngineHost> =>
    startEngineHost({
      ...host,
      signal,
      memoryLimitBytes: memoryMib * BYTES_PER_MIB,
      stallAfterMs: engines.stall_seconds * 1000,
    });
  return {
    vad: ({ folder }, signal) => {
      const options = {
        folder,
        threshold: vad.threshold,
        minSilenceMs: vad.min_silence_ms,
        minSpeechMs: vad.min_speech_ms,
        maxSpeechMs: vad.max_speech_s * 1000,
      };
      return start(vadHost(options), engines.vad_memory_mib, signal);
    },
    stt: ({ folder }, signal) => start(sttHost({ folder, threads }), engines.stt_memory_mib, signal),
    tts: async (model, signal) => {
      const espeakFolder = await espeakFolderFor(store, model);
      return start(ttsHost({ folder: model.folder, espeakFolder, threads }), engines.tts_memory_mib, signal);
    },
    llm: ({ entry, folder }, signal) => {
      const gpu = config.llm.gpu === "auto" ? "auto" : false;
      return start(llmHost({ id: entry.name, folder, file: ggufOf(entry.files), threads, gpu }), engines.llm_memory_mib, signal);
    },
  };
}

async function espeakFolderFor(store: ModelStore, model: InstalledModel): Promise<string> {
  const needs = await findNeeds(store, model.entry);
  const espeak = needs?.find(({ entry }) => entry.kind === "data");
  if (espeak !== undefined) return espeak.folder;
  throw new AudioError("model-missing", `${model.entry.name} needs eSpeak NG data, which is not here`, {
    nextStep: `Fetch it: parley models pull ${model.entry.needs[0]?.[0] ?? "espeak-ng-data"}`,
  });
}

function ggufOf(files: readonly { readonly path: string }[]): string {
  const file = files.find(({ path }) => path.endsWith(".gguf"));
  if (file !== undefined) return file.path;
  throw new AudioError("model-corrupt", "the language model's catalogue entry names no GGUF file", {
    nextStep: "Choose another model with models.llm.",
  });
}

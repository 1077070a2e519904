/** Where the engine of each service comes from: a model of the store, in a host bounded as the configuration says. */
import { AudioError } from "@parley/audio";
import { framesHost, startEngineHost, streamingSttHost, sttHost, ttsHost } from "@parley/audio/engines";
import type { EngineHostOptions } from "@parley/audio/engines";
import { findNeeds, type InstalledModel, type ModelStore } from "@parley/audio/models";
import type { Config } from "../config/index.ts";
import { llmHost } from "../providers/llama-cpp/index.ts";
import { modelChoice } from "./model-choice.ts";
import type { EngineSource } from "./engine-source.ts";
import { BYTES_PER_MIB, startChecked } from "./start-checked.ts";
import { speechSource } from "./voice/speech-source.ts";
import { transcriptionSource } from "./transcription-source.ts";
import { wakeSource } from "./wake-source.ts";
import type { ServiceName } from "./stage.ts";

/** The sources of all services; without one for wake words there are none. */
export type EngineSources = Readonly<Record<ServiceName, EngineSource>> & { readonly wake?: EngineSource };

/** The real engines, on models of `store`. */
export function modelSources(config: Config, store: ModelStore): EngineSources {
  const options = hostOptions(config, store);
  const source = (service: ServiceName, memoryMib: number): EngineSource => ({
    choose: () => modelChoice(store, service, config),
    fetch: async (name, how) => {
      const host = await options[service](await store.ensure(name, how));
      const bounds = { memoryLimitBytes: memoryMib * BYTES_PER_MIB, stallAfterMs: config.engines.stall_seconds * 1000 };
      return (signal) => startChecked(store, name, () => startEngineHost({ ...host, ...bounds, signal }));
    },
  });
  const { vad_memory_mib, stt_memory_mib, tts_memory_mib, llm_memory_mib } = config.engines;
  return {
    vad: source("vad", vad_memory_mib),
    stt: config.stt.provider === "remote" ? transcriptionSource(config, process.env) : source("stt", stt_memory_mib),
    tts: config.voice.provider === "remote" ? speechSource(config, process.env) : source("tts", tts_memory_mib),
    llm: source("llm", llm_memory_mib),
    wake: wakeSource(config, store),
  };
}

type HostOptions = Readonly<Record<ServiceName, (model: InstalledModel) => Promise<EngineHostOptions>>>;

function hostOptions(config: Config, store: ModelStore): HostOptions {
  const { threads } = config.engines;
  const { jobs, conversations } = config.limits;
  return {
    // Everybody who is let in is heard at once: what waits for ears is lost.
    vad: async ({ folder }) => ({ ...framesHost({ folder }), maxJobs: 2 * jobs + conversations }),
    stt: async ({ entry, folder }) =>
      entry.streams === true
        ? streamingSttHost({ folder, threads, languages: [...entry.languages] })
        : sttHost({ folder, threads }),
    tts: async (model) => {
      const { voices, defaultVoice } = model.entry;
      const voicesOfModel = { voices: [...voices], ...(defaultVoice === undefined ? {} : { defaultVoice }) };
      const espeakFolder = await espeakFolderFor(store, model);
      return ttsHost({ folder: model.folder, espeakFolder, threads, ...voicesOfModel });
    },
    llm: async ({ entry, folder }) => {
      const gpu = config.llm.gpu === "auto" ? "auto" : false;
      // Its own default leaves a core to the voice; told to use all of them it gets ten times slower beside other work.
      return llmHost({ id: entry.name, folder, file: ggufOf(entry.files), gpu });
    },
  };
}

async function espeakFolderFor(store: ModelStore, model: InstalledModel): Promise<string> {
  const needs = await findNeeds(store, model.entry);
  const espeak = needs?.find(({ entry }) => entry.kind === "data");
  if (espeak !== undefined) return espeak.folder;
  throw new AudioError("model-missing", `${model.entry.name} needs eSpeak NG data, which is not here`, {
    nextStep: `Fetch what it needs: parley models pull ${model.entry.name}`,
  });
}

function ggufOf(files: readonly { readonly path: string }[]): string {
  const file = files.find(({ path }) => path.endsWith(".gguf"));
  if (file !== undefined) return file.path;
  throw new AudioError("model-corrupt", "the language model's catalogue entry names no GGUF file", {
    nextStep: "Choose another model with models.llm.",
  });
}

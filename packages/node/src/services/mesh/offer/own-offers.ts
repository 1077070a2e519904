/** What this peer says of its own engines. */
import { freemem } from "node:os";
import type { SpeechToText, TextToSpeech } from "@parley/audio/engines";
import { CATALOGUE } from "@parley/audio/models";
import {
  CAPABILITIES,
  OWN_JOB_VERSIONS,
  type Advert,
  type Capability,
  type ModelMemory,
  type Power,
  type SpeedBook,
} from "../../../routing/index.ts";
import type { EngineOf, LocalEngine, LocalEngines } from "../engines.ts";
import type { Offer } from "../offers.ts";

/** The machine that it runs on. */
export interface Machine {
  readonly hardware: readonly string[];
  readonly power: Power;
}

export interface OwnOffersOptions {
  readonly peer: string;
  readonly name: string;
  readonly machine: Machine;
  readonly engines: LocalEngines;
  readonly speeds: SpeedBook;
}

/** One offer for each engine that is ready. */
export function ownOffers({ peer, name, machine, engines, speeds }: OwnOffersOptions): readonly Offer[] {
  return CAPABILITIES.flatMap((capability): readonly Offer[] => {
    const local = engines[capability];
    const about = local === undefined ? undefined : aboutEngine(capability, local);
    if (local === undefined || about === undefined) return [];
    const { workload, facts } = local;
    const load = workload.load;
    const memory = capability === "llm" ? memoryOf(about.model) : undefined;
    const advert: Advert = {
      ...about,
      ...machine,
      peer,
      name,
      capability,
      modes: [],
      classes: [],
      ...load,
      demand: workload.demand,
      speed: speeds.speed(capability, about.model),
      reach: local.reach(),
      jobs: OWN_JOB_VERSIONS,
      ...(memory === undefined ? {} : { memory }),
    };
    return [{ advert, facts }];
  });
}

type About = Pick<Advert, "model" | "languages" | "voices">;

function aboutEngine(capability: Capability, local: LocalEngine<EngineOf[Capability]>): About | undefined {
  const { ready } = local;
  if (ready === undefined) return undefined;
  const { id: model } = ready;
  return { model, languages: languagesOf(capability, ready), voices: "voices" in ready ? voicesOf(ready) : [] };
}

function languagesOf(capability: Capability, engine: EngineOf[Capability]): readonly string[] {
  return capability === "stt" && "languages" in engine ? (engine satisfies SpeechToText).languages : [];
}

function voicesOf({ voices }: TextToSpeech): Advert["voices"] {
  return voices.map(({ name, language }) => ({ name, language }));
}

/** An engine that is ready has its weights and its whole context in memory. */
function memoryOf(model: string): ModelMemory | undefined {
  const entry = CATALOGUE.find(({ name }) => name === model);
  if (entry === undefined) return undefined;
  const modelBytes = entry.files.reduce((sum, { bytes }) => sum + bytes, 0);
  return { isLoaded: true, modelBytes, bytesPerToken: 0, freeBytes: freemem() };
}

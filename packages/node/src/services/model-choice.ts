/** Which model each service uses, and what starting would therefore download. */
import { AudioError } from "@parley/audio";
import { chooseModel, findNeeds, isFetchedByDefault, type ModelEntry, type ModelStore } from "@parley/audio/models";
import type { Config } from "../config/index.ts";
import { serviceNames, serviceTitles, type ServiceName } from "./stage.ts";

/**
 * The model of a service: the one the configuration names, else the best that stands or may be fetched.
 * @throws AudioError `model-unknown` for a name that is in no catalogue or of another kind; `models-refused` when none
 * stands and none may be fetched.
 */
export async function modelChoice(store: ModelStore, service: ServiceName, config: Config): Promise<string> {
  const configured = config.models[service];
  if (configured !== "auto") return ofKind(store, service, configured).name;
  const choice = await chooseModel(store, service, { mayFetch: config.models.download });
  if (choice !== undefined) return choice.entry.name;
  throw new AudioError(
    "models-refused",
    `there is no ${serviceTitles[service]} model here, and fetching is switched off`,
    {
      nextStep:
        "Start without --no-models, pull one (parley models list, parley models pull NAME), or name a folder of models in PARLEY_MODELS.",
    },
  );
}

/** A server that does a service's work in the place of a model here. */
export interface ModelServer {
  readonly url: string;
  readonly model: string;
}

/** The server that the configuration names for a service; undefined where a model here does its work. */
export function serverFor(config: Config, service: ServiceName): ModelServer | undefined {
  const section = { stt: config.stt, tts: config.voice, vad: undefined, llm: undefined }[service];
  if (section?.provider !== "remote") return undefined;
  return { url: section.remote_url, model: section.remote_model };
}

/** One model that would be downloaded. */
export interface PlannedDownload {
  readonly entry: ModelEntry;
  readonly bytes: number;
}

/** What the services would download if they were started now; a service whose model cannot be had is left out. */
export async function plannedDownloads(
  store: ModelStore,
  config: Config,
  services: readonly ServiceName[] = serviceNames,
): Promise<readonly PlannedDownload[]> {
  const planned = new Map<string, PlannedDownload>();
  const mayFetch = { ...config, models: { ...config.models, download: true } };
  for (const service of services) {
    if (serverFor(config, service) !== undefined) continue;
    const name = await modelChoice(store, service, mayFetch);
    for (const each of await downloadsOf(store, name)) planned.set(each.entry.name, each);
  }
  return [...planned.values()];
}

/** What having `name` complete would download: what it needs first, then itself. Empty for a name nobody knows. */
export async function downloadsOf(store: ModelStore, name: string): Promise<readonly PlannedDownload[]> {
  const entry = store.catalogue.find((each) => each.name === name);
  if (entry === undefined || entry.sources.length === 0) return [];
  const planned: PlannedDownload[] = [];
  for (const each of [...(await missingNeeds(store, entry)), entry]) {
    const bytes = (await store.find(each.name)) === undefined ? await ownBytes(store, each) : 0;
    if (bytes > 0) planned.push({ entry: each, bytes });
  }
  return planned;
}

async function missingNeeds(store: ModelStore, entry: ModelEntry): Promise<readonly ModelEntry[]> {
  if ((await findNeeds(store, entry)) !== undefined) return [];
  return entry.needs.flatMap((alternatives) => {
    const known = store.catalogue.filter(({ name }) => alternatives.includes(name));
    return known.filter((need) => isFetchedByDefault(need, store.catalogue)).slice(0, 1);
  });
}

/** What `entry` itself would download, without its needs. */
async function ownBytes(store: ModelStore, entry: ModelEntry): Promise<number> {
  let bytes = await store.downloadBytes(entry.name);
  for (const need of await missingNeeds(store, entry)) bytes -= await store.downloadBytes(need.name);
  return bytes;
}

function ofKind(store: ModelStore, service: ServiceName, name: string): ModelEntry {
  const entry = store.catalogue.find((each) => each.name === name);
  if (entry?.kind === service) return entry;
  const fitting = store.catalogue.filter(({ kind }) => kind === service).map((each) => each.name);
  const what =
    entry === undefined
      ? `there is no model called ${name}`
      : `${name} is a model for ${entry.kind}, not for ${service}`;
  throw new AudioError("model-unknown", what, {
    nextStep: `Set models.${service} to auto or to one of: ${fitting.join(", ")}.`,
    details: { model: name },
  });
}
